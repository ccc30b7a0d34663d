"""A result at the desk, the registrar's and the leader's: issued, collected, posted, revoked; originals; a deputy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.portal.texts import text
from tests.browser.portal.desk import at, choose, decided, delivering, filed, library, press, wrongs
from tests.browser.portal.test_acting import opened, tracked
from tests.browser.portal.town import Town, looked_at, visitor

pytestmark = pytest.mark.journey

ADDRESS = {"province": "11", "commune": "03127", "detail": "Số 1, đường Ví Dụ"}


async def test_a_result_is_issued_and_collected_with_its_code(town: Town, browser: Any) -> None:
    path = await decided(town, library(way="in_person"))
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk{path}", "registrar1")
        await choose(page, "vi", "issue")
        await looked_at(page, "desk-issue")
        await press(page, "vi", "issue")
    state = await delivering(town, path, status="available")
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk{path}/result", "clerk1")
        assert text("vi", "desk.delivery.available") in await page.locator("main").inner_text()
        await looked_at(page, "desk-result")
        link = await page.locator("a[href*='/results/']").get_attribute("href")
        assert (await (await page.request.get(town.url + link)).body()).startswith(b"%PDF-")
        await choose(page, "vi", "collect")
        await looked_at(page, "desk-collect")
        await page.locator("#receiver").select_option("applicant")
        wrong = f"{(int(state['pickup']) + 1) % 10**8:08d}"
        await page.locator("#code").fill(wrong)
        await page.get_by_role("button", name=text("vi", "desk.do.collect.go")).click()
        assert text("vi", "desk.do.collect.refused_forbidden") in await page.locator(".wrong").inner_text()
        assert await page.locator("#code").input_value() == wrong
        await looked_at(page, "desk-collect-wrong")
        await page.locator("#code").fill(state["pickup"])
        await press(page, "vi", "collect")
        assert text("vi", "desk.delivery.delivered") in await page.locator("main").inner_text()


@pytest.fixture
async def idle_post(town: Town) -> AsyncIterator[None]:
    """Nobody fetches what is ordered."""
    faults = f"{town.platform.stack.url('post_office')}/control/faults"
    await town.platform.client.post(faults, json={"hold": True})
    yield
    await town.platform.client.delete(faults)


@pytest.mark.usefixtures("idle_post")
async def test_a_consignment_is_handed_to_the_postman(town: Town, browser: Any) -> None:
    path = await decided(town, library(way="post", address=ADDRESS), issued=True)
    await delivering(town, path, status="travelling")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/en/desk{path}/result", "clerk1")
        await choose(page, "en", "handed-to-post")
        await looked_at(page, "desk-handed-to-post")
        await press(page, "en", "handed-to-post")
        name = text("en", "desk.do.handed-to-post.name")
        assert await page.get_by_role("link", name=name, exact=True).count() == 0


async def test_the_paper_of_a_document_is_seen(town: Town, browser: Any) -> None:
    dossier = await filed(town)
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk/dossiers/{dossier}", "clerk1")
        await page.locator("a[href*='/originals/']").click()
        assert text("vi", "desk.do.original.follows") in await page.locator("main").inner_text()
        await looked_at(page, "desk-original")
        await press(page, "vi", "original")
        assert "clerk1" in await page.locator("main").inner_text()
        assert await page.locator("a[href*='/originals/']").count() == 0
    (file,) = (await town.platform.get("clerk1", f"/dossiers/{dossier}/files"))["files"]
    assert file["original"]["by"] == "clerk1"


async def test_a_leader_takes_a_document_back_and_a_clerk_cannot(town: Town, browser: Any) -> None:
    path = await decided(town, issued=True)
    await delivering(town, path, status="delivered")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk{path}/result", "leader1")
        await choose(page, "vi", "revoke")
        await page.get_by_role("button", name=text("vi", "desk.do.revoke.go")).click()
        assert await wrongs(page) == 2
        await looked_at(page, "desk-revoke-wrong")
        await page.locator("#target").select_option(index=1)
        await page.locator("#reason").fill("Cấp nhầm <b>người</b>")
        await press(page, "vi", "revoke")
        shown = await page.locator("main").inner_text()
        assert text("vi", "verify.revoked") in shown
        assert "Cấp nhầm <b>người</b>" in shown
        await looked_at(page, "desk-revoked")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk{path}/result", "clerk1")
        assert (await page.goto(f"{town.url}/desk{path}/result/revoke")).status == 404
        assert (await page.goto(at(town, "vi", path.rpartition("/")[2]))).status == 200


async def test_a_colleague_stands_in_for_who_is_absent(town: Town, browser: Any) -> None:
    path = await town.platform.examining()
    await town.platform.post("head1", f"{path}/take")
    await tracked(town, path)
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, "/desk/absence", "head1")
        await looked_at(page, "desk-absence")
        await page.locator("#to").fill("specialist2")
        await page.get_by_role("button", name=text("vi", "desk.absence.go")).click()
        assert await wrongs(page) == 2, "head1 has two roles, and says which"
        assert await page.locator("#to").input_value() == "specialist2"
        await looked_at(page, "desk-absence-wrong")
        await page.locator("#role").select_option("specialist")
        await page.locator("#until").fill("2099-01-01")
        await page.get_by_role("button", name=text("vi", "desk.absence.go")).click()
        assert text("vi", "desk.wrong.absence_until") in await page.locator(".wrong").inner_text()
        await page.locator("#until").fill("2027-01-15")
        await page.get_by_role("button", name=text("vi", "desk.absence.go")).click()
        await page.get_by_role("button", name=text("vi", "desk.absence.end")).wait_for()
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, "/desk", "specialist2")
        assert text("vi", "desk.for", who="head1") in await page.locator("main").inner_text()
        await page.goto(f"{town.url}/desk{path}")
        await looked_at(page, "desk-deputy")
        await page.locator(f"a[href='/desk{path}/examine?for=head1']").click()
        assert text("vi", "desk.in_place_of", who="head1") in await page.locator("main").inner_text()
        await page.locator("#proposal").select_option("approve")
        await press(page, "vi", "examine")
        await page.goto(f"{town.url}/desk{path}/take?for=leader1")
        assert text("vi", "error.t404") in await page.locator("main").inner_text()
    examined = await town.platform.entry(path, "dossier.examined")
    assert (examined["by"]["officer"], examined["by"]["on_behalf_of"]) == ("specialist2", "head1")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, "/desk/absence", "head1")
        await page.get_by_role("button", name=text("vi", "desk.absence.end")).click()
        await page.get_by_text(text("vi", "desk.absence.nobody")).wait_for()
