"""A clerk files for somebody at the counter, who agreed: how and when is kept, shown, and asked for before anything."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from services.portal.texts import text
from tests.browser.portal.desk import SignedIn, wrongs
from tests.browser.portal.test_acting import opened
from tests.browser.portal.test_filing import FORM, LIBRARY, NAME, WHO, fill
from tests.browser.portal.town import Town, looked_at, token_of, visitor
from tests.unit.services.files.samples import pdf

pytestmark = pytest.mark.journey


async def test_a_clerk_files_for_somebody_who_agreed(town: Town, browser: Any) -> None:
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, "/desk/assist", "clerk1")
        await looked_at(page, "desk-assist")
        await page.locator(f"a[href$='/desk/assist/{LIBRARY}']").click()
        await looked_at(page, "desk-assisting")
        await fill(page, {**WHO, **FORM, "applicant.phone": "12", "way": "online"})
        await page.get_by_role("button", name=text("vi", "desk.assist.go"), exact=True).click()
        assert (await page.title()).startswith(text("vi", "error_title"))
        assert await wrongs(page) == 1, "the consent is missing"
        await page.locator(".wrong a").click()
        assert await page.evaluate("document.activeElement.id") == "consent"
        await page.locator("#consent").select_option("in_person")
        await page.locator("#consented_on").fill("2099-01-01")
        await page.get_by_role("button", name=text("vi", "desk.assist.go"), exact=True).click()
        assert await page.locator('[id="form.library_name"]').input_value() == NAME, "input is kept"
        await page.locator("#consented_time[aria-invalid]").wait_for()  # not in the future
        await looked_at(page, "desk-assisting-wrong")
        await page.locator("#consented_on").fill("2026-11-02")
        await page.locator("#consented_time").fill("09:30")
        await page.get_by_role("button", name=text("vi", "desk.assist.go"), exact=True).click()
        await page.locator('[id="applicant.phone"][aria-invalid]').wait_for()
        await fill(page, {"applicant.phone": WHO["applicant.phone"]})
        scan = {"name": "giấy.pdf", "mimeType": "application/pdf", "buffer": pdf(b"scan")}
        await page.locator('[id="documents.notification"]').set_input_files(scan)
        await page.get_by_role("button", name=text("vi", "desk.assist.go"), exact=True).click()
        await page.wait_for_url("**/desk/dossiers/*")
        shown = await page.locator("main").inner_text()
        assert text("vi", "desk.do.assist.done") in shown
        assert text("vi", "desk.consent.in_person") in shown
        assert "09:30, 02/11/2026" in shown
        await looked_at(page, "desk-assisted")
        dossier = page.url.rpartition("/")[2]
    found = await town.platform.get("clerk1", f"/dossiers/{dossier}")
    assert (found["assistance"]["officer"], found["assistance"]["consent"]) == ("clerk1", "in_person")
    files = (await town.platform.get("clerk1", f"/dossiers/{dossier}/files"))["files"]
    assert [one["code"] for one in files] == ["notification"]


async def test_whoever_has_an_account_follows_what_was_filed_for_them(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/en/desk/assist/{LIBRARY}", "clerk1")
        await looked_at(page, "desk-assisting-wide")
        await fill(page, {**WHO, **FORM, "way": "online", "consent": "on_paper", "account": "citizen3"})
        bad = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"MZ no document"}
        await page.locator('[id="documents.notification"]').set_input_files(bad)
        await page.get_by_role("button", name=text("en", "desk.assist.go"), exact=True).click()
        assert text("en", "file.refused.unsupported_type") in await page.locator(".wrong").inner_text()
        await looked_at(page, "desk-assisting-file-refused")
        await page.get_by_role("button", name=text("en", "desk.assist.go"), exact=True).click()
        await page.wait_for_url("**/desk/dossiers/*")
        dossier = page.url.rpartition("/")[2]
    mine = (await town.platform.get("citizen3", "/my-dossiers"))["dossiers"]
    assert dossier in {one["id"] for one in mine}
    await town.platform.stage(f"/dossiers/{dossier}", "filed")


async def test_nobody_but_a_clerk_files_for_others(town: Town) -> None:
    for who in ("specialist1", "leader1", "citizen1"):
        async with SignedIn(town, who) as client:
            assert (await client.get(f"/desk/assist/{LIBRARY}")).status_code == 404
            token = token_of((await client.get("/my" if who == "citizen1" else "/desk")).text)
            sent = {"token": token, "request": uuid.uuid4().hex}
            assert (await client.post(f"/desk/assist/{LIBRARY}", data=sent)).status_code == 404
    async with SignedIn(town, "clerk1") as client:
        await client.get(f"/desk/assist/{LIBRARY}")
        assert (await client.post(f"/desk/assist/{LIBRARY}", data={"token": "0" * 64})).status_code == 403
        assert (await client.get("/desk/assist/9.999999")).status_code == 404
