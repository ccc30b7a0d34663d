"""Filing a dossier from the procedure's page to the confirmation, with scripts and without; and what is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from services.portal.pages import path_in
from services.portal.texts import Language, text
from services.portal.words import money
from tests.browser.portal.test_signed_in import sign_in
from tests.browser.portal.town import JOURNEYS, Town, looked_at, token_of, visitor
from tests.unit.services.files.samples import pdf
from tests.unit.services.test_blank_forms import text_of

pytestmark = pytest.mark.journey

LIBRARY = "1.008895"
NAME = 'Thư viện <b id="in">Mẫu</b> & Thử'
WHO = {"applicant.kind": "individual", "applicant.name": "Lò Thị Mẫu", "applicant.phone": "0912345678"}
FORM = {
    "form.library_name": NAME,
    "form.library_kind": "non_public",
    "form.founder_name": "Lò Thị Mẫu",
    "form.address": "Tổ 1, phường Mường Thanh",
    "form.opening_date": "2027-02-01",
    "form.area_m2": "120",
    "form.book_count": "3000",
    "form.manager_name": "Lò Thị Mẫu",
}


async def fill(page: Any, answers: Mapping[str, str]) -> None:
    for name, answer in answers.items():
        field = page.locator(f'[id="{name}"]')
        if await field.evaluate("it => it.tagName") == "SELECT":
            await field.select_option(answer)
        else:
            await field.fill(answer)


async def save(page: Any, language: Language) -> None:
    await page.get_by_role("button", name=text(language, "file.save"), exact=True).click()


async def bring(page: Any, papers: int) -> None:
    """A file for each of the documents that are asked for."""
    for number in range(papers):
        await page.locator("input[type=file]").first.set_input_files(
            {"name": f"giấy {number}.pdf", "mimeType": "application/pdf", "buffer": pdf(b"x")}
        )
        await page.locator("section form:has(input[type=file]) button").first.click()
        await page.get_by_text(f"giấy {number}.pdf").wait_for()


async def begun(
    town: Town, page: Any, language: Language = "vi", who: str = "citizen1", procedure: str = LIBRARY
) -> str:
    """The address of a new draft."""
    await page.goto(town.url + path_in(language, f"/procedures/{procedure}/file"))
    await sign_in(page, who)
    await page.get_by_role("heading", name=text(language, "file.before")).wait_for()
    await page.locator("main form button").first.click()
    await page.get_by_role("heading", name=text(language, "file.tasks")).wait_for()
    return str(page.url)


@JOURNEYS
async def test_a_citizen_files_a_dossier(
    town: Town,
    browser: Any,
    size: str,
    language: Language,
    scripts: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    async def look(name: str) -> None:
        if scripts:
            await looked_at(page, f"{name}-{size}-{language}")

    async with visitor(browser, size, java_script_enabled=scripts, bypass_csp=scripts) as page:
        draft = await begun(town, page, language)
        await look("draft-empty")
        await page.get_by_role("link", name=text(language, "file.applicant.title")).click()
        await look("file-applicant")
        await fill(page, {**WHO, "applicant.phone": "12"})
        await save(page, language)
        assert text(language, "error_title") in await page.title()
        assert await page.locator('[id="applicant.name"]').input_value() == WHO["applicant.name"], "input is kept"
        await look("file-applicant-wrong")
        await fill(page, WHO)
        await save(page, language)
        assert page.url == f"{draft}/agent"
        await save(page, language)
        assert page.url == f"{draft}/form"
        await fill(page, FORM)
        await look("file-form")
        await save(page, language)
        assert page.url == f"{draft}/documents"
        await bring(page, 2)
        await look("file-documents")
        await page.get_by_role("link", name=text(language, "file.go_on")).click()
        await _how_it_comes(page, language, look)
        assert page.url == f"{draft}/check"
        shown = await page.locator("main").inner_text()
        assert NAME in shown
        assert "Phường Mường Thanh" in shown
        assert text(language, "procedure.free") in shown
        assert "giấy 1.pdf" in shown
        await look("file-check")
        await page.locator("a[href$='/form?back=check']").click()
        await fill(page, {"form.book_count": "3001"})
        await save(page, language)
        assert page.url == f"{draft}/check"
        await page.get_by_role("button", name=text(language, "file.send"), exact=True).click()
        await page.get_by_text(text(language, "file.filed")).wait_for()
        await look("filed")
        dossier = page.url.split("/")[-2]
        assert NAME in await _copied(town, page, language)
        await page.goto(f"{draft}/check")
        assert page.url.endswith(f"/my/{dossier}/filed"), "who goes back to it is shown what became of it"
    held = await town.platform.get("citizen1", f"/dossiers/{dossier}/files")
    assert {one["code"] for one in held["files"]} == {"notification", "proof_of_conditions"}


async def _how_it_comes(page: Any, language: Language, look: Callable[[str], Awaitable[None]]) -> None:
    """The last topic: online, and an address all the same, of which the commune is named."""
    await fill(page, {"way": "online", "address.province": "11", "address.commune": "him lam"})
    await look("file-delivery")
    await save(page, language)
    assert await page.locator('[id="address.commune"]').input_value() == "him lam", "a unit that is no more"
    await look("file-delivery-wrong")
    await fill(page, {"address.commune": "muong thanh", "address.detail": "Tổ 3"})
    await save(page, language)


async def _copied(town: Town, page: Any, language: Language) -> str:
    """What the copy says of what was sent."""
    link = await page.get_by_role("link", name=text(language, "file.copy")).get_attribute("href")
    copy = await page.request.get(town.url + str(link))
    assert (copy.status, copy.headers["content-type"]) == (200, "application/pdf")
    return text_of(await copy.body())


async def test_the_fee_for_what_was_answered_is_said_before_it_is_sent(town: Town, browser: Any) -> None:
    async with visitor(browser, "phone", bypass_csp=True) as page:
        draft = await begun(town, page, procedure="1.001029", who="citizen2")
        name = draft.rpartition("/")[2]
        await page.goto(f"{draft}/check")
        assert text("vi", "procedure.fee_check") not in await page.locator("main").inner_text()
        inputs = (await town.platform.get("citizen2", f"/drafts/{name}/fee"))["depends_on"]
        form = (await town.platform.get("citizen2", "/procedures/1.001029/form"))["properties"]
        await page.goto(f"{draft}/form")
        for one in inputs:
            answer = form[one]["enum"][0] if "enum" in form[one] else str(form[one]["minimum"])
            await fill(page, {f"form.{one}": answer})
        await page.get_by_role("button", name=text("vi", "file.later"), exact=True).click()
        due = await town.platform.get("citizen2", f"/drafts/{name}/fee")
        assert due["total"] > 0
        await page.goto(f"{draft}/check")
        shown = await page.locator("main").inner_text()
        assert money(due["total"], "vi") in shown
        assert text("vi", f"procedure.fee_{due['due']}") in shown
        await looked_at(page, "file-check-fee")
        await page.goto(draft)
        await page.get_by_role("button", name=text("vi", "file.remove")).click()


async def test_a_draft_is_resumed_and_not_doubled_and_can_be_removed(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide", bypass_csp=True) as page:
        draft = await begun(town, page, who="citizen2")
        await page.goto(f"{draft}/applicant")
        await fill(page, {"applicant.name": "Quàng Văn Ví Dụ"})
        await page.get_by_role("button", name=text("vi", "file.later"), exact=True).click()
        assert page.url == draft
        await looked_at(page, "draft-open")
        await page.goto(f"{town.url}/procedures/{LIBRARY}/file")
        await looked_at(page, "before-again")
        await page.locator("a[href*='/my/drafts/']").first.click()
        assert page.url == draft
        await page.goto(f"{draft}/applicant")
        assert await page.locator('[id="applicant.name"]').input_value() == "Quàng Văn Ví Dụ"
        await page.goto(draft)
        await page.get_by_role("button", name=text("vi", "file.remove")).click()
        assert (await page.goto(draft)).status == 404


async def test_what_is_no_document_is_refused_in_words_and_what_was_there_stays(town: Town, browser: Any) -> None:
    async with visitor(browser, "phone", bypass_csp=True) as page:
        draft = await begun(town, page, who="citizen2")
        await page.goto(f"{draft}/documents")
        file = {"name": "../../../etc/passwd.pdf", "mimeType": "application/pdf", "buffer": b"MZ no document"}
        await page.locator("input[type=file]").first.set_input_files(file)
        await page.locator("section form:has(input[type=file]) button").first.click()
        assert text("vi", "file.refused.unsupported_type") in await page.locator(".wrong").inner_text()
        await looked_at(page, "file-documents-refused")
        good = {"name": "don.pdf", "mimeType": "application/pdf", "buffer": pdf(b"x")}
        await page.locator("input[type=file]").first.set_input_files(good)
        await page.locator("section form:has(input[type=file]) button").first.click()
        await page.get_by_text("don.pdf").wait_for()
        await page.get_by_role("button", name=text("vi", "file.take_out")).click()
        assert await page.locator("input[type=file]").count() == 2
        states = {one["state"] for one in (await town.platform.get("citizen2", "/files"))["files"]}
        assert states <= {"removed"}
        large = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-" + bytes(22 * 1024 * 1024)}
        answer = await page.request.post(
            f"{draft.replace('/drafts/', '/papers/')}/notification",
            multipart={"token": token_of(await page.content()), "file": large},
        )
        assert answer.status == 413
        assert text("vi", "error.d413") in await answer.text()
        await page.goto(draft)
        await page.get_by_role("button", name=text("vi", "file.remove")).click()


async def test_a_draft_is_its_owner_s_and_a_forged_form_changes_nothing(town: Town, browser: Any) -> None:
    async with visitor(browser, "wide") as mine, visitor(browser, "wide") as theirs:
        draft = await begun(town, mine, who="citizen2")
        await begun(town, theirs)
        token = token_of(await theirs.content())
        for path in ("", "/applicant", "/check"):
            assert (await theirs.request.get(draft + path)).status == 404
        papers = f"{draft.replace('/drafts/', '/papers/')}/notification"
        for url in (f"{draft}/applicant", f"{draft}/check", papers):
            assert (await theirs.request.post(url, form={"token": token})).status == 404
            assert (await mine.request.post(url, form={"token": token})).status == 403
        await theirs.request.post(f"{draft}/remove", form={"token": token})
        assert (await mine.request.post(f"{draft}/remove", form={"token": token})).status == 403
        await mine.goto(draft)
        assert text("vi", "file.is_empty") in await mine.locator("main").inner_text()
        early = await mine.request.post(
            f"{draft}/check", form={"token": token_of(await mine.content())}, max_redirects=0
        )
        assert early.headers["location"] == draft.removeprefix(town.url), "what is not whole is not sent"
