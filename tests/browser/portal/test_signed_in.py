"""Signing in through the identity provider, one's own dossiers, and what is refused on the way."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from chassis.store import Store
from services.portal.pages import path_in
from services.portal.texts import Language, text
from tests.browser.portal.town import JOURNEYS, WHY, Town, looked_at, token_of, visitor

ELSEWHERE = (
    "https://evil.example", "//evil.example", "/\\evil.example", "/%5cevil.example", "/my//evil", "javascript:x", "",
    "/a b",
)  # fmt: skip


async def sign_in(page: Any, who: str) -> None:
    """At the provider's own form."""
    await page.locator("[name=username]").fill(who)
    await page.locator("[name=password]").fill(f"{who}-demo-only")
    await page.locator("button").click()


async def cookie(page: Any, name: str) -> str | None:
    found = {one["name"]: one["value"] for one in await page.context.cookies()}
    return found.get(name)


@JOURNEYS
async def test_a_citizen_follows_what_they_filed_and_signs_out(
    town: Town,
    browser: Any,
    size: str,
    language: Language,
    scripts: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    async with visitor(browser, size, java_script_enabled=scripts, bypass_csp=True) as page:
        await page.goto(town.url + path_in(language, "/my"))
        await sign_in(page, "citizen1")
        await page.wait_for_url(town.url + path_in(language, "/my"))
        assert "Lò Thị Mẫu" in await page.locator("main").inner_text()
        listed = await page.locator(".cards").inner_text()
        assert town.waiting in listed
        assert town.decided in listed
        if scripts:
            await looked_at(page, f"mine-{size}-{language}")
        line = page.locator(".cards li", has_text=town.waiting)
        await line.get_by_role("link").click()
        shown = await page.locator("main").inner_text()
        assert WHY in shown
        assert text(language, "unit.culture") in shown
        if scripts:
            await looked_at(page, f"own-dossier-{size}-{language}")
        session = await cookie(page, "session")
        await page.get_by_role("button", name=text(language, "my.out")).click()
        assert page.url == town.url + path_in(language, "/")
        assert await cookie(page, "session") is None
        async with httpx.AsyncClient(trust_env=False, cookies={"session": str(session)}) as thief:
            assert (await thief.get(f"{town.url}/my")).status_code == 303


async def test_another_citizen_s_dossier_is_not_there(town: Town, browser: Any) -> None:
    mine = (await town.platform.get("citizen1", "/my-dossiers"))["dossiers"]
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await page.goto(f"{town.url}/my")
        await sign_in(page, "citizen2")
        await page.wait_for_url("**/my")
        assert await page.locator(".cards li").count() == 0
        await looked_at(page, "mine-none")
        for path in (mine[0]["id"], "00000000-0000-4000-8000-000000000000", "..%2fdossiers", "x"):
            answer = await page.goto(f"{town.url}/my/{path}")
            assert answer.status == 404, path
            assert town.waiting not in await page.content()


async def test_who_was_asked_to_sign_in_comes_back_to_that_page(town: Town, browser: Any) -> None:
    mine = (await town.platform.get("citizen1", "/my-dossiers"))["dossiers"]
    path = f"/en/my/{mine[0]['id']}"
    async with visitor(browser, "wide") as page:
        await page.goto(town.url + path)
        await sign_in(page, "citizen1")
        await page.wait_for_url(town.url + path)
        assert text("en", "dossier.steps") in await page.locator("main").inner_text()


@pytest.mark.parametrize("to", ELSEWHERE)
async def test_nobody_is_led_to_another_s_address(town: Town, browser: Any, to: str) -> None:
    async with visitor(browser, "wide") as page:
        await page.goto(f"{town.url}/sign-in?{httpx.QueryParams({'to': to})}")
        await sign_in(page, "citizen1")
        await page.wait_for_url(f"{town.url}/my")


async def test_a_session_has_another_name_after_each_sign_in_and_the_one_before_is_no_more(
    town: Town, browser: Any
) -> None:
    planted = "planted" * 6
    async with visitor(browser, "wide") as page:
        await page.context.add_cookies([{"name": "session", "value": planted, "url": town.url}])
        await page.goto(f"{town.url}/my")
        await sign_in(page, "citizen1")
        await page.wait_for_url("**/my")
        first = await cookie(page, "session")
        form = token_of(await page.content())
        await page.goto(f"{town.url}/sign-in")
        await sign_in(page, "citizen1")
        await page.wait_for_url("**/my")
        second = await cookie(page, "session")
        assert len({planted, first, second}) == 3
        stale = await page.request.post(f"{town.url}/sign-out", form={"token": form}, max_redirects=0)
        assert stale.status == 403, "a form from before is worth nothing after"
        async with httpx.AsyncClient(base_url=town.url, trust_env=False) as client:
            for name, status in ((planted, 303), (first, 303), (second, 200)):
                answer = await client.get("/my", headers={"cookie": f"session={name}"})
                assert answer.status_code == status


async def test_an_answer_of_the_provider_that_was_not_asked_for_here_lets_nobody_in(town: Town) -> None:
    async with (
        httpx.AsyncClient(base_url=town.url, trust_env=False) as mine,
        httpx.AsyncClient(base_url=town.url, trust_env=False) as theirs,
    ):
        state = parse_qs(urlsplit((await theirs.get("/sign-in")).headers["location"]).query)["state"][0]
        asked = parse_qs(urlsplit((await mine.get("/sign-in")).headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"]
        for client, given in ((mine, state), (mine, ""), (mine, asked["state"][0]), (theirs, asked["state"][0])):
            answer = await client.get("/signed-in", params={"code": "made-up", "state": given})
            assert answer.status_code == 403
            assert "session" not in answer.cookies
            assert text("vi", "my.failed") in answer.text


async def test_who_has_no_pages_here_is_not_let_in(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await page.goto(f"{town.url}/en/my")
        await sign_in(page, "auditor1")
        await page.get_by_role("heading", name=text("en", "my.failed")).wait_for()
        assert await cookie(page, "session") is None
        await looked_at(page, "not-signed-in")


async def test_the_store_holds_neither_names_nor_tokens(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide") as page:
        await page.goto(f"{town.url}/my")
        await sign_in(page, "citizen1")
        await page.wait_for_url("**/my")
        session = str(await cookie(page, "session"))
    store = Store(town.store_url, "hoso_portal")
    found = await store.collection("sessions").scan({}, "", 1000)
    store.close()
    kept = "\n".join(str(record) for record in found)
    assert found
    for secret in (session, "citizen1", "Lò Thị", *re.findall(r"eyJ[\w-]+\.eyJ", kept)):
        assert secret not in kept
    assert {key for record in found for key in record} == {"_id", "until", "sealed"}
