"""While a dossier is examined: steps, stages, putting back, handing over; an extension, a stop, a complaint."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from services.portal.texts import text
from tests.browser.portal.desk import (
    antiquity,
    at,
    choose,
    decided,
    delivering,
    press,
    received,
    refused,
    shown,
    wrongs,
)
from tests.browser.portal.test_acting import opened
from tests.browser.portal.test_paying import says
from tests.browser.portal.town import Town, looked_at, visitor

pytestmark = pytest.mark.journey

NASTY = 'Đã xem hồ sơ <b id="in">&amp;</b>'


async def test_a_holder_notes_a_step_puts_the_dossier_back_and_hands_it_over(town: Town, browser: Any) -> None:
    path = await received(town)
    dossier = path.rpartition("/")[2]
    await town.platform.post("specialist1", f"{path}/take")
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk{path}", "specialist1")
        await choose(page, "vi", "steps")
        assert "Thẩm định" in await shown(page), "which step it is"
        await looked_at(page, "desk-steps")
        await page.locator("#note").fill(NASTY)
        await press(page, "vi", "steps")
        await says(page, NASTY)
        assert await page.locator("#in").count() == 0
        steps = text("vi", "desk.do.steps.name")
        assert await page.get_by_role("link", name=steps, exact=True).count() == 0, "the last is done by a proposal"
        assert (await town.platform.get("clerk1", path))["step"]["code"] == "submission"

        await choose(page, "vi", "release")
        assert text("vi", "desk.missing") in await refused(page, "vi", "release")
        await looked_at(page, "desk-release-wrong")
        await page.locator('[id="phrase.reason"]').select_option("0")
        await press(page, "vi", "release")
        assert "holder" not in await town.platform.get("clerk1", path)
        await says(page, text("vi", "desk.phrases.release.0"))

        await choose(page, "vi", "take")
        await press(page, "vi", "take")
        await choose(page, "vi", "hand-over")
        await page.locator("#to").fill("specialist1")
        await page.locator("#reason").fill("Đi công tác")
        assert text("vi", "desk.wrong.to") in await refused(page, "vi", "hand-over")
        assert await page.locator("#reason").input_value() == "Đi công tác", "input is kept"
        await looked_at(page, "desk-hand-over-wrong")
        await page.locator("#to").fill("specialist2")
        await press(page, "vi", "hand-over")
        assert text("vi", "desk.refused.not_holder") in await shown(page)
        assert text("vi", "desk.do.stages.name") not in await shown(page), "its term runs in one"
        await looked_at(page, "desk-handed-over")
    assert (await town.platform.get("clerk1", path))["holder"] == "specialist2"
    entry = await town.platform.entry(path, "dossier.handed_over")
    assert (entry["by"]["officer"], entry["by"]["note"]) == ("specialist1", "Đi công tác")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, "/en/desk", "specialist2")
        await page.goto(at(town, "en", dossier))
        await says(page, text("en", "desk.event.dossier.handed_over"))
        await page.get_by_role("link", name=text("en", "desk.do.examine.name"), exact=True).wait_for()


async def test_a_leader_extends_once_and_stops(town: Town, browser: Any) -> None:
    path = await received(town)
    before = await town.platform.get("clerk1", path)
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/en/desk{path}", "leader1")
        await choose(page, "en", "extend")
        await page.locator("#days").fill("sixty")
        assert text("en", "desk.number") in await refused(page, "en", "extend")
        assert await wrongs(page) == 2
        await looked_at(page, "desk-extend-wrong")
        await page.locator("#days").fill("61")
        await page.locator('[id="phrase.reason"]').select_option("1")
        assert text("en", "desk.wrong.days") in await refused(page, "en", "extend")
        await page.locator("#days").fill("5")
        await press(page, "en", "extend")
        assert text("en", "desk.refused.already_extended") in await shown(page)
        after = await town.platform.get("clerk1", path)
        assert datetime.fromisoformat(after["due_at"]) > datetime.fromisoformat(before["due_at"])
        await town.platform.told(path, "extended")
        await looked_at(page, "desk-extended")

        await choose(page, "en", "stop")
        assert await refused(page, "en", "stop")
        assert await wrongs(page) == 2
        await looked_at(page, "desk-stop-wrong")
        await page.locator('[id="phrase.reason"]').select_option("1")
        await page.locator("#ground").fill('Điều 9 <i id="in">')
        await press(page, "en", "stop")
        assert text("en", "desk.stage.stopped") in await page.locator(".facts").first.inner_text()
        assert 'Điều 9 <i id="in">' in await shown(page)
        assert text("en", "desk.no_act") in await shown(page)
        await looked_at(page, "desk-stopped")
    found = await town.platform.get("citizen1", path)
    assert (found["stage"], found["reason"]) == ("stopped", text("vi", "desk.phrases.stop.1"))
    await town.platform.told(path, "stopped")


async def test_the_first_stage_of_a_term_is_answered_and_the_last_by_the_decision(town: Town, browser: Any) -> None:
    path = await received(town, antiquity())
    await town.platform.post("specialist1", f"{path}/take")
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk{path}", "specialist1")
        await choose(page, "vi", "stages")
        assert "Trả lời về thời hạn đăng ký" in await shown(page), "which stage it is"
        await looked_at(page, "desk-stages")
        assert text("vi", "desk.missing") in await refused(page, "vi", "stages")
        await page.locator("#answer").fill("Đăng ký vào ngày 15/01/2027")
        await press(page, "vi", "stages")
        stages = text("vi", "desk.do.stages.name")
        assert await page.get_by_role("link", name=stages, exact=True).count() == 0
        await looked_at(page, "desk-stage-answered")
    await town.platform.told(path, "stage")
    await town.platform.entry(path, "dossier.stage_answered")


async def test_a_complaint_is_answered_once_by_who_did_not_examine(town: Town, browser: Any) -> None:
    path = await decided(town, issued=True)
    await delivering(town, path, status="delivered")
    await town.platform.stage(path, "returned")
    await town.platform.post("citizen1", f"{path}/complaint", {"text": NASTY})
    answer = "Đã kiểm tra lại, <i>xin lỗi</i>"
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, "/desk", "leader1")
        await page.goto(f"{town.url}/desk{path}")
        assert NASTY in await shown(page)
        await choose(page, "vi", "complaint-answer")
        assert NASTY in await shown(page), "what is answered is there to read"
        assert await refused(page, "vi", "complaint-answer")
        assert await wrongs(page) == 2
        await looked_at(page, "desk-complaint-wrong")
        await page.locator("#upheld").select_option("yes")
        await page.locator("#answer").fill(answer)
        await press(page, "vi", "complaint-answer")
        assert answer in await shown(page)
        assert text("vi", "desk.ask.upheld_yes") in await shown(page)
        assert text("vi", "desk.stage.returned") in await page.locator(".facts").first.inner_text()
        name = text("vi", "desk.do.complaint-answer.name")
        assert await page.get_by_role("link", name=name, exact=True).count() == 0
        assert text("vi", "desk.no_act") in await shown(page)
        await looked_at(page, "desk-complaint-answered")
    kept = await town.platform.get("citizen1", f"{path}/complaint")
    assert (kept["answer"], kept["upheld"]) == (answer, True)
    await town.platform.told(path, "complaint")
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/my{path.removeprefix('/dossiers')}/complaint")
        assert answer in await shown(page)
        await looked_at(page, "complaint-answered")
