"""A supplement of what was asked for, a withdrawal, a rating and a complaint, in a browser."""

from __future__ import annotations

from typing import Any

import pytest

from cli.demo.client import wait_for
from services.portal.texts import text
from tests.browser.portal.test_signed_in import sign_in
from tests.browser.portal.town import WHY, Town, looked_at, token_of, visitor
from tests.unit.services.files.samples import pdf

pytestmark = pytest.mark.journey


async def opened(town: Town, page: Any, path: str, who: str = "citizen1") -> None:
    await page.goto(town.url + path)
    await sign_in(page, who)
    await page.wait_for_url(town.url + path)


async def tracked(town: Town, path: str) -> None:
    """Tracking has heard of it, so that its page is there."""

    async def heard() -> bool:
        return (await town.platform.ask("citizen1", "GET", f"{path}/timeline", service="tracking")).is_success

    await wait_for("tracking to hear of it", heard)


async def test_only_what_was_asked_for_is_put_right(town: Town, browser: Any) -> None:
    path = await town.platform.examining()
    await town.platform.post("specialist1", f"{path}/take")
    items = [
        {"kind": "field", "name": "book_count", "why": WHY},
        {"kind": "document", "name": "proof_of_conditions", "why": "mờ"},
    ]
    await town.platform.post("specialist1", f"{path}/supplement", {"items": items})
    await town.platform.tracked(path, 5)
    dossier = path.rpartition("/")[2]
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/my/{dossier}")
        await looked_at(page, "own-dossier-asked")
        await page.get_by_role("link", name=text("vi", "act.supplement")).click()
        assert WHY in await page.locator("main").inner_text()
        assert await page.locator("main section").count() == 2
        await looked_at(page, "supplement")
        await page.locator('[id="form.book_count"]').fill("không phải số")
        await page.get_by_role("button", name=text("vi", "act.send_supplement")).click()
        assert text("vi", "error_title") in await page.title()
        assert await page.locator('[id="form.book_count"]').input_value() == "không phải số"
        await looked_at(page, "supplement-wrong")
        await page.locator('[id="form.book_count"]').fill("3100")
        file = {"name": "bản rõ.pdf", "mimeType": "application/pdf", "buffer": pdf(b"x")}
        await page.locator('[id="documents.proof_of_conditions"]').set_input_files(file)
        await page.get_by_role("button", name=text("vi", "act.send_supplement")).click()
        await page.wait_for_url(f"{town.url}/my/{dossier}")
        answered = await town.platform.stage(path, "examining")
        assert answered["holder"] == "specialist1"
        await page.goto(f"{town.url}/my/supplements/{dossier}")
        assert page.url == f"{town.url}/my/{dossier}", "it is over"
    held = await town.platform.get("citizen1", f"{path}/files")
    assert [one["code"] for one in held["files"]] == ["proof_of_conditions"]


async def test_a_dossier_is_taken_back_by_its_owner_alone(town: Town, browser: Any) -> None:
    path = await town.platform.file()
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, "/my", who="citizen2")
        token = token_of(await page.content())
        answer = await page.request.post(f"{town.url}/my/{dossier}/withdraw", form={"token": token})
        assert answer.status == 404
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/my/{dossier}")
        await page.get_by_role("link", name=text("vi", "act.withdraw")).click()
        await looked_at(page, "withdraw")
        await page.get_by_role("button", name=text("vi", "act.do_withdraw")).click()
        await page.wait_for_url(f"{town.url}/my/{dossier}")
    assert (await town.platform.get("citizen1", path))["stage"] == "withdrawn"


async def test_after_the_result_it_is_rated_once_and_a_complaint_has_a_day_for_its_answer(
    town: Town, browser: Any
) -> None:
    found = (await town.platform.get("citizen1", "/my-dossiers"))["dossiers"]
    dossier = next(one["id"] for one in found if one.get("code") == town.decided)
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/my/{dossier}")
        await page.get_by_role("link", name=text("vi", "act.rate")).click()
        await looked_at(page, "rating")
        await page.locator("#score").select_option("4")
        await page.get_by_role("button", name=text("vi", "act.do_rate")).click()
        await page.wait_for_url(f"{town.url}/my/{dossier}")
        assert await page.get_by_role("link", name=text("vi", "act.rate")).count() == 0
        await page.get_by_role("link", name=text("vi", "act.complain")).click()
        await looked_at(page, "complaint")
        await page.locator("#words").fill("Chờ lâu <b>quá</b>")
        await page.get_by_role("button", name=text("vi", "act.do_complain")).click()
        await page.get_by_role("heading", name=text("vi", "act.complained")).wait_for()
        shown = await page.locator("main").inner_text()
        assert "Chờ lâu <b>quá</b>" in shown
        assert text("vi", "act.answer_by") in shown
        await looked_at(page, "complained")
    rated = await town.platform.get("clerk1", f"/dossiers/{dossier}")
    assert rated["score"] == 4
