"""Following a dossier without signing in, as somebody does who has its code and the applicant's phone."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from services.portal.pages import path_in
from services.portal.texts import Language, text
from tests.browser.portal.town import JOURNEYS, WHY, Town, looked_at, token_of, visitor

pytestmark = pytest.mark.journey


@JOURNEYS
async def test_a_dossier_that_waits_for_a_supplement(
    town: Town,
    browser: Any,
    size: str,
    language: Language,
    scripts: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    async with visitor(browser, size, java_script_enabled=scripts, bypass_csp=True) as page:

        async def look(name: str) -> None:
            if scripts:
                await looked_at(page, f"{name}-{size}-{language}")

        async def press(key: str) -> None:
            await page.get_by_role("button", name=text(language, key)).click()

        before = len(await town.codes())
        await page.goto(town.url + path_in(language, "/track"))
        await page.locator("#code").fill("hồ sơ của tôi")
        await press("track.send")
        assert (await page.title()).startswith(text(language, "error_title"))
        assert await page.locator("#code").input_value() == "hồ sơ của tôi"
        await look("track-wrong")
        await page.locator("#code").fill(f" {town.waiting.lower()} ")
        await press("track.send")
        await look("track-code")
        code = await town.next_code(before)
        await page.locator("#digits").fill(f"{(int(code) + 1) % 10**6:06d}")
        await press("track.see")
        assert await page.get_by_role("alert").count() == 1
        await look("track-code-wrong")
        await page.locator("#digits").fill(f"{code[:3]} {code[3:]}")
        await press("track.see")
        await page.wait_for_url(f"**{path_in(language, '/track/dossier')}")
        shown = await page.locator("main").inner_text()
        assert town.waiting in shown
        assert WHY in shown
        assert text(language, "unit.culture") in shown
        assert text(language, "event.dossier.accepted") in shown
        assert await page.locator("#in").count() == 0
        await look("dossier")
        await press("dossier.end")
        await page.goto(town.url + path_in(language, "/track/dossier"))
        assert page.url.endswith(path_in(language, "/track"))


async def test_a_dossier_whose_result_was_delivered(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide", bypass_csp=True) as page:
        before = len(await town.codes())
        await page.goto(f"{town.url}/track")
        await page.locator("#code").fill(town.decided)
        await page.get_by_role("button").click()
        await page.locator("#digits").fill(await town.next_code(before))
        await page.get_by_role("button").click()
        await page.wait_for_url("**/track/dossier")
        shown = await page.locator("main").inner_text()
        assert "Đã trả kết quả" in shown
        assert text("vi", "dossier.held") not in shown
        await looked_at(page, "dossier-delivered")


async def test_a_code_that_is_not_known_is_answered_alike_and_tells_nobody_anything(town: Town) -> None:
    agency, day, _ = town.waiting.split("-")
    before = await town.codes()
    said = []
    for code in (f"{agency}-{day}-{'9' * 7}", town.decided):
        async with httpx.AsyncClient(base_url=town.url, trust_env=False, follow_redirects=True) as client:
            page = await client.get("/track")
            answer = await client.post("/track", data={"code": code, "token": token_of(page.text)})
            wrong = await client.post("/track/code", data={"digits": "000000", "token": token_of(answer.text)})
            said.append([re.sub(f"{re.escape(code)}|[0-9a-f]{{64}}", "", a.text) for a in (answer, wrong)])
            assert (answer.status_code, wrong.status_code) == (200, 422)
    assert said[0] == said[1]
    assert len(await town.codes()) <= len(before) + 1


async def test_a_form_of_another_site_or_another_browser_is_refused(town: Town) -> None:
    async with (
        httpx.AsyncClient(base_url=town.url, trust_env=False) as mine,
        httpx.AsyncClient(base_url=town.url, trust_env=False) as theirs,
    ):
        token = token_of((await theirs.get("/track")).text)
        await mine.get("/track")
        before = await town.codes()
        posts: tuple[tuple[str, dict[str, str]], ...] = (
            ("/track", {"code": town.waiting}),
            ("/track/code", {"digits": "123456"}),
            ("/track/end", {}),
        )
        for path, fields in posts:
            for forged in ({}, {"token": token}, {"token": "0" * 64}):
                assert (await mine.post(path, data={**fields, **forged})).status_code == 403
        file = {"file": ("a.pdf", b"%PDF-", "application/pdf")}
        assert (await mine.post("/verify", files=file, data={"token": token})).status_code == 403
        assert await town.codes() == before


async def test_what_a_browser_keeps_cannot_be_made_up_or_used_for_another_step(town: Town) -> None:
    async with httpx.AsyncClient(base_url=town.url, trust_env=False) as client:
        token = token_of((await client.get("/track")).text)
        await client.post("/track", data={"code": town.waiting, "token": token})
        asked = client.cookies["asked"]
        for made_up in (asked, asked[:-2] + "AA", "e30.e30.e30.e30.e30", "x" * 5000):
            client.cookies.set("proved", made_up, domain="127.0.0.1", path="/")
            answer = await client.get("/track/dossier")
            assert (answer.status_code, answer.headers["location"]) == (303, "/track")
            client.cookies.delete("proved")
