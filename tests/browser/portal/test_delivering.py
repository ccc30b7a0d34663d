"""How the result comes: chosen anew on one's own dossier, by names of places, until it has left."""

from __future__ import annotations

from typing import Any

import pytest

from services.portal.pages import path_in
from services.portal.texts import Language, text
from tests.browser.portal.test_acting import opened, tracked
from tests.browser.portal.test_signed_in import sign_in
from tests.browser.portal.town import JOURNEYS, Town, looked_at, token_of, visitor
from tests.integration.platform.test_life import LIBRARY

pytestmark = pytest.mark.journey

YOGA = 1
PLACE = {"address.province": "11", "address.commune": "muong thanh", "address.detail": 'Tổ 3 <b id="in">'}


async def known(town: Town, kind: int = LIBRARY) -> str:
    """The id of a dossier that delivery has heard of."""
    path = await town.platform.file(kind)
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    await town.delivery(dossier)
    return dossier


@JOURNEYS
async def test_another_way_and_back(
    town: Town,
    browser: Any,
    size: str,
    language: Language,
    scripts: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    dossier = await known(town, YOGA)
    own = town.url + path_in(language, f"/my/{dossier}")

    async def look(name: str) -> None:
        if scripts:
            await looked_at(page, f"{name}-{size}-{language}")

    async def press() -> None:
        await page.get_by_role("button", name=text(language, "deliver.choose")).click()

    async with visitor(browser, size, java_script_enabled=scripts, bypass_csp=scripts) as page:
        await page.goto(own)
        await sign_in(page, "citizen1")
        await page.wait_for_url(own)
        await page.get_by_role("link", name=text(language, "deliver.see")).click()
        assert "Phường Điện Biên Phủ, Điện Biên" in await page.locator("main").inner_text()
        await look("delivery")
        await page.locator("a[href$='/delivery/in_person']").click()
        await look("delivery-in-person")
        await page.locator("[id='authorised.name']").fill("Lò Văn Thay")
        await press()
        assert (await page.title()).startswith(text(language, "error_title"))
        assert await page.locator("[id='authorised.name']").input_value() == "Lò Văn Thay"
        await look("delivery-in-person-wrong")
        await page.locator("[id='authorised.identity_number']").fill("011087000009")
        await page.locator("#desk").select_option("03334")
        await press()
        await page.wait_for_url(f"{own}/delivery")
        shown = await page.locator("main").inner_text()
        assert "Mường Thanh" in shown
        assert "Lò Văn Thay" in shown
        await page.locator("a[href$='/delivery/post']").click()
        await page.locator("[id='address.commune']").fill("Phường Him Lam")
        await press()
        assert "Phường Điện Biên Phủ" in await page.locator(".wrong").inner_text(), "what became of Him Lam"
        await look("delivery-post-wrong")
        await page.locator("[id='address.province']").select_option(PLACE["address.province"])
        for name in ("address.commune", "address.detail"):
            await page.locator(f"[id='{name}']").fill(PLACE[name])
        await press()
        await page.wait_for_url(f"{own}/delivery")
        assert f"{PLACE['address.detail']}, Phường Mường Thanh, Điện Biên" in await page.locator("main").inner_text()
        assert await page.locator("#in").count() == 0
    choice = await town.platform.get("citizen1", f"/dossiers/{dossier}/delivery/choice", service="delivery")
    assert choice["address"] == {"province": "11", "commune": "03334", "detail": PLACE["address.detail"]}


async def test_what_was_delivered_is_chosen_no_more_and_says_so(town: Town, browser: Any) -> None:
    found = (await town.platform.get("citizen1", "/my-dossiers"))["dossiers"]
    dossier = next(one["id"] for one in found if one.get("code") == town.decided)
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/my/{dossier}/delivery")
        assert text("vi", "deliver.refused.delivered") in await page.locator("main").inner_text()
        await looked_at(page, "delivery-over")
        await page.goto(f"{town.url}/my/{dossier}/delivery/in_person")
        assert page.url == f"{town.url}/my/{dossier}/delivery"


@pytest.mark.parametrize("way", ["by_drone", "post"])
async def test_a_way_that_the_procedure_does_not_have_is_no_page(town: Town, browser: Any, way: str) -> None:
    path = await town.platform.file()
    await tracked(town, path)
    dossier = path.rpartition("/")[2]
    await town.delivery(dossier)
    ways = (await town.platform.get("citizen1", "/procedures/1.008895"))["ways"]["value"]
    async with visitor(browser, "wide") as page:
        await opened(town, page, f"/my/{dossier}/delivery")
        there = await page.request.get(f"{town.url}/my/{dossier}/delivery/{way}")
        assert there.status == (200 if way in ways else 404)


async def test_another_s_delivery_is_nobody_s_to_see_or_choose(town: Town, browser: Any) -> None:
    dossier = await known(town, YOGA)
    address = f"{town.url}/my/{dossier}/delivery"
    async with visitor(browser, "wide") as page:
        await opened(town, page, "/my", who="citizen2")
        token = token_of(await page.content())
        assert (await page.request.get(address)).status == 404
        assert (await page.request.post(f"{address}/in_person", form={"token": token, "desk": "H18"})).status == 404
    async with visitor(browser, "wide") as page:
        await opened(town, page, f"/my/{dossier}")
        for forged in ({}, {"token": token}, {"token": "0" * 64}):
            assert (await page.request.post(f"{address}/in_person", form={"desk": "H18", **forged})).status == 403
    choice = await town.platform.get("citizen1", f"/dossiers/{dossier}/delivery/choice", service="delivery")
    assert choice["way"] == "post"
