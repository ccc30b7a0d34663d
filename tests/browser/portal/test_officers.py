"""Officers at their desk, in a browser: what is due, the form beside the documents, every command told before it is
done.

Officers of one role share their lists with other tests, so a dossier is looked for, never counted.
"""

from __future__ import annotations

from typing import Any

import pytest

from services.portal.pages import path_in
from services.portal.texts import Language, text
from tests.browser.portal.desk import NASTY, PAPER, PHONE, at, choose, filed, press, wrongs
from tests.browser.portal.test_acting import opened, tracked
from tests.browser.portal.town import JOURNEYS, Town, looked_at, visitor

pytestmark = pytest.mark.journey


@JOURNEYS
async def test_a_clerk_receives_a_dossier(
    town: Town,
    browser: Any,
    size: str,
    language: Language,
    scripts: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    async def look(name: str) -> None:
        if scripts:
            await looked_at(page, f"desk-{name}-{size}-{language}")

    dossier = await filed(town)
    async with visitor(browser, size, java_script_enabled=scripts, bypass_csp=scripts) as page:
        await opened(town, page, path_in(language, "/desk"), "clerk1")
        assert text(language, "desk.box.clerk.unit") in await page.locator("main").inner_text()
        await look("clerk")
        await page.goto(town.url + path_in(language, "/desk/search"))
        await page.locator("#words").fill(PHONE)
        await page.get_by_role("button", name=text(language, "home.go")).click()
        await page.locator(".cards a").first.wait_for()
        await look("search")
        await page.goto(at(town, language, dossier))
        shown = await page.locator("main").inner_text()
        assert NASTY in shown
        assert await page.locator("#in").count() == 0, "what a citizen wrote is text"
        assert PHONE[-9:] in shown
        await look("dossier")
        link = await page.locator("a[href*='/files/']").get_attribute("href")
        answer = await page.request.get(town.url + link)
        assert await answer.body() == PAPER
        assert answer.headers["content-disposition"].startswith("attachment")
        await choose(page, language, "accept")
        await look("accept")
        await press(page, language, "accept")
        await look("accepted")
    await town.platform.stage(f"/dossiers/{dossier}", "assigning")


async def test_a_clerk_marks_what_is_wrong_with_ready_phrases(town: Town, browser: Any) -> None:
    dossier = await filed(town)
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk/dossiers/{dossier}", "clerk1")
        await choose(page, "vi", "supplement")
        await looked_at(page, "desk-supplement")
        await page.get_by_role("button", name=text("vi", "desk.do.supplement.go")).click()
        assert (await page.title()).startswith(text("vi", "error_title"))
        assert text("vi", "desk.nothing_marked") in await page.locator(".wrong").inner_text()
        await looked_at(page, "desk-supplement-wrong")
        await page.locator('[id="phrase.field.address"]').select_option("0")
        await page.locator('[id="why.field.address"]').fill('Thiếu số nhà <i id="in">')
        await page.locator('[id="phrase.document.proof_of_conditions"]').select_option("1")
        await press(page, "vi", "supplement")
        shown = await page.locator("main").inner_text()
        assert 'Thiếu số nhà <i id="in">' in shown
        await looked_at(page, "desk-supplement-asked")
    asked = (await town.platform.get("citizen1", f"/dossiers/{dossier}"))["supplement"]["items"]
    phrases = [text("vi", "desk.phrases.field.0"), text("vi", "desk.phrases.document.1")]
    assert [(one["kind"], one["name"], one["why"]) for one in asked] == [
        ("field", "address", f'{phrases[0]} Thiếu số nhà <i id="in">'),
        ("document", "proof_of_conditions", phrases[1]),
    ]


async def test_a_clerk_does_not_receive_a_dossier_without_a_reason(town: Town, browser: Any) -> None:
    dossier = await filed(town)
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/en/desk/dossiers/{dossier}", "clerk1")
        await choose(page, "en", "reject")
        await page.get_by_role("button", name=text("en", "desk.do.reject.go")).click()
        assert text("en", "desk.missing") in await page.locator(".wrong").inner_text()
        await looked_at(page, "desk-reject-wrong")
        await page.locator('[id="phrase.reason"]').select_option("1")
        await press(page, "en", "reject")
    found = await town.platform.get("citizen1", f"/dossiers/{dossier}")
    assert found["stage"] == "rejected"
    assert found["reason"] == text("vi", "desk.phrases.reject.1"), "what is kept is Vietnamese"


async def pressed(page: Any, name: str) -> None:
    """Goes on with Tab until that link, button or field is reached."""
    for _ in range(120):
        await page.keyboard.press("Tab")
        if await page.evaluate("it => it === (document.activeElement.id || document.activeElement.innerText)", name):
            return
    raise AssertionError(f"{name} is not reached by keyboard")


async def test_a_decision_needs_no_mouse(town: Town, browser: Any) -> None:
    """From taking to the decision, with Tab, Enter and letters alone."""
    path = await town.platform.examining()
    await tracked(town, path)
    dossier = path.rpartition("/")[2]

    async def by_keyboard(page: Any, slug: str, *answers: tuple[str, str]) -> None:
        await pressed(page, text("vi", f"desk.do.{slug}.name"))
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/{slug}")
        for field, keys in answers:
            await pressed(page, field)
            await page.keyboard.type(keys)
        await pressed(page, text("vi", f"desk.do.{slug}.go"))
        await page.keyboard.press("Enter")
        await page.get_by_role("status").get_by_text(text("vi", f"desk.do.{slug}.done")).wait_for()

    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk/dossiers/{dossier}", "specialist1")
        await by_keyboard(page, "take")
        await looked_at(page, "desk-taken")
        await by_keyboard(page, "examine", ("proposal", "T"), ("note", "Không đủ diện tích"))
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk/dossiers/{dossier}", "leader1")
        await looked_at(page, "desk-deciding")
        reason = ("reason", "Diện tích 120 m2")
        await by_keyboard(page, "decide", ("outcome", "T"), reason, ("ground", "Điều 23"))
    found = await town.platform.get("leader1", path)
    assert (found["proposal"], found["outcome"], found["ground"]) == ("refuse", "refused", "Điều 23")
    assert found["reason"] == "Diện tích 120 m2"


async def test_a_leader_assigns_and_a_refusal_needs_reason_and_ground(town: Town, browser: Any) -> None:
    path = await town.platform.file()
    await town.platform.post("clerk1", f"{path}/accept")
    await town.platform.stage(path, "assigning")
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, "/desk", "leader1")
        await looked_at(page, "desk-leader")
        await page.goto(at(town, "vi", dossier))
        await choose(page, "vi", "assign")
        await looked_at(page, "desk-assign")
        await page.locator("#unit").select_option("culture")
        await press(page, "vi", "assign")
        await town.platform.post("specialist1", f"{path}/take")
        await town.platform.post("specialist1", f"{path}/examine", {"proposal": "approve"})
        await page.goto(at(town, "vi", dossier))
        await choose(page, "vi", "decide")
        await page.locator("#outcome").select_option("refused")
        await page.get_by_role("button", name=text("vi", "desk.do.decide.go")).click()
        assert await wrongs(page) == 2
        assert await page.locator("#outcome").input_value() == "refused", "input is kept"
        await looked_at(page, "desk-decide-wrong")
        await page.locator(".wrong a").first.click()
        assert await page.evaluate("document.activeElement.id") == "reason"
        await page.locator("#outcome").select_option("approved")
        await press(page, "vi", "decide")
    assert (await town.platform.get("leader1", path))["outcome"] == "approved"


async def test_who_examined_is_told_that_another_decides(town: Town, browser: Any) -> None:
    path = await town.platform.examining()
    await town.platform.post("head1", f"{path}/take")
    await town.platform.post("head1", f"{path}/examine", {"proposal": "approve"})
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk/dossiers/{dossier}", "head1")
        assert text("vi", "desk.refused.four_eyes") in await page.locator("main").inner_text()
        name = text("vi", "desk.do.decide.name")
        assert await page.get_by_role("link", name=name, exact=True).count() == 0
        await looked_at(page, "desk-four-eyes")
        await page.goto(at(town, "vi", dossier, "decide"))
        assert text("vi", "desk.refused.four_eyes") in await page.locator("main").inner_text()
        assert await page.locator("main form:not(.out)").count() == 0
        await looked_at(page, "desk-four-eyes-command")


async def test_a_dossier_that_changed_meanwhile_is_looked_at_again_and_input_is_kept(town: Town, browser: Any) -> None:
    path = await town.platform.examining()
    await town.platform.post("specialist1", f"{path}/take")
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk/dossiers/{dossier}/examine", "specialist1")
        await page.locator("#proposal").select_option("approve")
        await page.locator("#note").fill("Đã kiểm tra tại chỗ")
        await town.platform.post("leader1", f"{path}/extend", {"days": 3, "reason": "chờ ý kiến"})
        await page.get_by_role("button", name=text("vi", "desk.do.examine.go")).click()
        assert text("vi", "desk.changed") in await page.locator(".wrong").inner_text()
        assert await page.locator("#note").input_value() == "Đã kiểm tra tại chỗ"
        await looked_at(page, "desk-changed")
        await press(page, "vi", "examine")


async def test_what_another_did_first_is_not_done_again(town: Town, browser: Any) -> None:
    path = await town.platform.examining()
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk/dossiers/{dossier}/take", "specialist1")
        await town.platform.post("specialist2", f"{path}/take")
        await page.get_by_role("button", name=text("vi", "desk.do.take.go")).click()
        shown = await page.locator("main").inner_text()
        assert text("vi", "desk.changed") in shown
        assert text("vi", "desk.refused.taken") in shown
        assert "specialist2" in shown
        await looked_at(page, "desk-taken-by-another")
        await town.platform.post("leader1", f"{path}/stop", {"reason": "r", "ground": "g"})
        await page.goto(at(town, "vi", dossier, "take"))
        assert page.url == at(town, "vi", dossier), "it is over"


@pytest.mark.parametrize("who", ["specialist1", "head1"])
async def test_what_is_overdue_is_said_in_words_and_comes_first(town: Town, browser: Any, who: str) -> None:
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, "/desk", who)
        words = (text("vi", "desk.due.overdue", at=""), text("vi", "desk.due.soon", at=""))
        for section in await page.locator("main section").all():
            said = await section.locator("[class^=is-]").all_inner_texts()
            overdue = [one.startswith(words[0]) for one in said]
            assert overdue == sorted(overdue, reverse=True)
        await looked_at(page, f"desk-{who}")
