"""Paying a fee through the gateway and back, in every outcome; and the result, once it is there."""

from __future__ import annotations

from typing import Any

import pytest

from cli.demo.client import wait_for
from services.payment.domain.rules import OUTWARD
from services.portal.pages import path_in
from services.portal.texts import LANGUAGES, Language, text
from tests.browser.portal.test_signed_in import sign_in
from tests.browser.portal.town import JOURNEYS, Town, looked_at, token_of, visitor
from tests.integration.platform.test_life import GUIDE

pytestmark = pytest.mark.journey

TO_PAY, PAID = OUTWARD["to_pay"], OUTWARD["paid"]


async def owing(town: Town) -> str:
    """The id of a dossier whose fee is to be paid."""
    path = await town.platform.file(GUIDE)
    await town.platform.post("clerk1", f"{path}/accept")

    async def asked() -> bool:
        answer = await town.platform.ask("citizen1", "GET", f"{path}/invoice", service="payment")
        return answer.is_success and bool(answer.json()["standing"]["word"] == "to_pay")

    await wait_for("the fee", asked)
    return path.rpartition("/")[2]


async def says(page: Any, words: str) -> None:
    """Until the page says so: what a gateway's server tells comes when it comes."""

    async def said() -> bool:
        await page.reload()
        return words in await page.locator("main").inner_text()

    await wait_for(words, said)


@JOURNEYS
async def test_a_fee_is_refused_by_the_bank_then_paid(
    town: Town,
    browser: Any,
    size: str,
    language: Language,
    scripts: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    dossier = await owing(town)
    of = LANGUAGES.index(language)
    own, bill = (town.url + path_in(language, f"/my/{dossier}{more}") for more in ("", "/payment"))
    async with visitor(browser, size, java_script_enabled=scripts, bypass_csp=scripts) as page:
        await page.goto(own)
        await sign_in(page, "citizen1")
        await page.wait_for_url(own)
        assert text(language, "pay.owed") in await page.locator("main").inner_text()
        await page.get_by_role("link", name=text(language, "pay.title"), exact=True).click()
        assert TO_PAY[of] in await page.locator("main").inner_text()
        if scripts:
            await looked_at(page, f"payment-{size}-{language}")
        for decision in ("insufficient", "pay"):
            await page.locator("section form button").click()
            await page.locator(f"button[value={decision}]").click()  # at the gateway
            await page.wait_for_url(bill)
            if decision != "pay":
                assert TO_PAY[of] in await page.locator("main").inner_text()
        await says(page, PAID[of])
        assert await page.locator("section form").count() == 0
        if scripts:
            await looked_at(page, f"paid-{size}-{language}")
        await page.goto(own)
        assert text(language, "pay.owed") not in await page.locator("main").inner_text()


async def test_a_payment_that_was_left_halfway_is_told_and_can_be_done_later(town: Town, browser: Any) -> None:
    dossier = await owing(town)
    bill = f"{town.url}/en/my/{dossier}/payment"
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await page.goto(bill)
        await sign_in(page, "citizen1")
        await page.locator("section form button").click()
        await page.locator("button[value=pay]").wait_for()
        await page.goto(bill)
        shown = await page.locator("main").inner_text()
        assert text("en", "pay.under_way") in shown
        await looked_at(page, "payment-under-way")
        await page.locator("section form button").click()
        await page.locator("button[value=pay]").click()
        await page.wait_for_url(bill)
        await says(page, PAID[1])


async def test_what_another_owes_is_nobody_s_to_see_or_pay_and_a_forged_form_pays_nothing(
    town: Town, browser: Any
) -> None:
    dossier = await owing(town)
    bill = f"{town.url}/my/{dossier}/payment"
    async with visitor(browser, "wide") as page:
        await page.goto(f"{town.url}/my")
        await sign_in(page, "citizen2")
        await page.wait_for_url("**/my")
        token = token_of(await page.content())
        assert (await page.request.get(bill)).status == 404
        assert (await page.request.post(bill, form={"token": token})).status == 404
    async with visitor(browser, "wide") as page:
        await page.goto(bill)
        await sign_in(page, "citizen1")
        await page.wait_for_url(bill)
        for form in ({}, {"token": "0" * 64}, {"token": token}):
            assert (await page.request.post(bill, form=form)).status == 403
        unknown = await page.request.post(
            bill, form={"token": token_of(await page.content()), "invoice": "another"}, max_redirects=0
        )
        assert (unknown.status, unknown.headers["location"]) == (303, f"/my/{dossier}/payment")
    invoice = await town.platform.get("citizen1", f"/dossiers/{dossier}/invoice", service="payment")
    assert invoice["attempts"] == []


async def test_the_result_is_there_to_take_as_it_was_signed(town: Town, browser: Any) -> None:
    code, content = town.document
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await page.goto(f"{town.url}/my")
        await sign_in(page, "citizen1")
        await page.locator(".cards li", has_text=town.decided).get_by_role("link").click()
        await looked_at(page, "own-dossier-decided")
        link = page.locator(f"a[href$='/results/{code}']")
        answer = await page.request.get(town.url + str(await link.get_attribute("href")))
        assert (answer.status, await answer.body()) == (200, content)
        await page.get_by_role("link", name=text("vi", "my.check")).click()
        assert text("vi", "verify.valid") in await page.locator("main").inner_text()
        missing = await page.request.get(f"{town.url}/my/00000000-0000-4000-8000-000000000000/results/{code}")
        assert missing.status == 404
