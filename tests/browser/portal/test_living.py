"""Scripts are comfort: a dossier's page follows what happens, an upload says how far it is; all is there without."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from services.portal.live import EACH
from services.portal.texts import text
from tests.browser.portal.test_acting import opened, tracked
from tests.browser.portal.test_filing import begun
from tests.browser.portal.test_signed_in import cookie
from tests.browser.portal.town import WHY, Town, looked_at, visitor
from tests.unit.services.files.samples import pdf

pytestmark = pytest.mark.journey

RECEIVED = text("vi", "event.dossier.accepted")


async def test_one_s_own_dossier_follows_what_happens_without_a_reload(town: Town, browser: Any) -> None:
    path = await town.platform.file()
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    await town.delivery(dossier)
    async with visitor(browser, "wide") as page:  # under the policy that is sent
        await opened(town, page, f"/my/{dossier}")
        assert RECEIVED not in await page.locator("main").inner_text()
        await page.evaluate("window.same = true")
        await page.locator("a[href$='/delivery']").focus()
        await town.platform.post("clerk1", f"{path}/accept")
        await page.get_by_text(RECEIVED).first.wait_for()
        assert await page.get_by_role("status").inner_text() == text("vi", "dossier.changed")
        assert await page.evaluate("window.same"), "the page was not loaded again"
        focused = await page.evaluate("document.activeElement.getAttribute('href')")
        assert str(focused).endswith("/delivery"), "who was about to press something still is"


async def test_a_dossier_followed_by_its_code_does_too(town: Town, browser: Any) -> None:
    path = await town.platform.examining()
    code = (await town.platform.get("clerk1", path))["code"]
    await town.platform.entry(path, "dossier.assigned")
    async with visitor(browser, "phone") as page:
        before = len(await town.codes())
        await page.goto(f"{town.url}/track")
        await page.locator("#code").fill(code)
        await page.get_by_role("button").click()
        await page.locator("#digits").fill(await town.next_code(before))
        await page.get_by_role("button").click()
        await page.wait_for_url("**/track/dossier")
        await page.evaluate("window.same = true")
        await town.platform.post("specialist1", f"{path}/take")
        items = [{"kind": "field", "name": "address", "why": WHY}]
        await town.platform.post("specialist1", f"{path}/supplement", {"items": items})
        await page.get_by_text(WHY).first.wait_for()
        assert await page.evaluate("window.same")
        assert await page.locator("#in").count() == 0, "what an officer wrote is text"


async def test_without_scripts_a_reload_shows_the_same(town: Town, browser: Any) -> None:
    path = await town.platform.file()
    await tracked(town, path)
    async with visitor(browser, "phone", java_script_enabled=False) as page:
        await opened(town, page, f"/my/{path.rpartition('/')[2]}")
        await town.platform.post("clerk1", f"{path}/accept")
        await town.platform.entry(path, "dossier.accepted")
        await page.reload()
        assert RECEIVED in await page.locator("main").inner_text()


async def test_an_upload_says_how_far_it_is_and_what_is_wrong_with_it(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide", bypass_csp=True) as page:
        draft = await begun(town, page, who="citizen2")
        await page.goto(f"{draft}/documents")
        go = asyncio.Event()

        async def held(route: Any) -> None:
            await go.wait()
            await route.continue_()

        await page.route("**/my/papers/**", held)
        for content, name in ((b"MZ no document", "x.pdf"), (pdf(b"x"), "đơn.pdf")):
            go.clear()
            file = {"name": name, "mimeType": "application/pdf", "buffer": content}
            await page.locator("input[type=file]").first.set_input_files(file)
            await page.locator("section form:has(input[type=file]) button").first.click()
            await page.get_by_role("progressbar").wait_for()
            assert await page.locator("section button:disabled").count() == 1, "nobody sends it twice"
            await looked_at(page, "file-documents-sending")
            go.set()
            if content.startswith(b"MZ"):
                await page.locator(".wrong").wait_for()
                assert await page.title() == await page.evaluate("document.title")
                assert await page.evaluate("document.activeElement.closest('.wrong') !== null")
        await page.get_by_text("đơn.pdf").wait_for()
        assert await page.locator(".wrong").count() == 0
        await page.goto(draft)
        await page.get_by_role("button", name=text("vi", "file.remove")).click()


async def test_nobody_watches_what_is_not_theirs_and_nobody_takes_every_place(town: Town, browser: Any) -> None:
    mine = (await town.platform.get("citizen1", "/my-dossiers"))["dossiers"][0]["id"]
    async with httpx.AsyncClient(base_url=town.url, trust_env=False) as client:
        for path in ("/track/live", f"/my/{mine}/live"):
            assert (await client.get(path)).status_code == 204
    async with visitor(browser, "wide") as page:
        await opened(town, page, "/my", who="citizen2")
        assert (await page.request.get(f"{town.url}/my/{mine}/live")).status == 404
    async with visitor(browser, "wide") as page:
        await opened(town, page, "/my")
        own = f"session={await cookie(page, 'session')}"
        async with httpx.AsyncClient(base_url=town.url, trust_env=False, headers={"cookie": own}) as client:
            found, kept = [], []  # an iterator that is let go of closes its connection
            for _ in range(EACH):
                found.append(await client.send(client.build_request("GET", f"/my/{mine}/live"), stream=True))
                kept.append(found[-1].aiter_raw())
                assert (await anext(kept[-1])).startswith(b"retry: ")
            late = await client.get(f"/my/{mine}/live")
            assert (late.status_code, late.headers["retry-after"]) == (429, "60")
            for one in found:
                await one.aclose()
