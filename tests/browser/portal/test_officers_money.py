"""Money at the desk: cash, refunds that two let go or one declines, receipts, cases, differences in the books."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from services.payment.domain.rules import OUTWARD
from services.portal.texts import text
from tests.browser.portal.desk import SignedIn, choose, press, refused, wrongs
from tests.browser.portal.test_acting import opened
from tests.browser.portal.test_paying import owing, says
from tests.browser.portal.town import Town, looked_at, visitor

pytestmark = pytest.mark.journey

SUSPECTED = "07"
"""VNPAY's code for money that was debited and is looked at."""


async def test_cash_is_taken_and_a_refund_is_let_go_by_another(town: Town, browser: Any) -> None:
    dossier = await owing(town)
    due = (await town.platform.get("accountant1", f"/dossiers/{dossier}/invoice", service="payment"))["outstanding"]
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk/money/{dossier}", "accountant1")
        await looked_at(page, "desk-invoices")
        await choose(page, "vi", "cash")
        await page.locator("#invoice").select_option(index=1)
        await page.locator("#amount").fill("5")
        await page.locator("#voucher").fill(f"PT-{dossier[:8]}")
        await page.get_by_role("button", name=text("vi", "desk.do.cash.go")).click()
        assert text("vi", "desk.refused.wrong_amount") in await page.locator(".wrong").inner_text()
        await looked_at(page, "desk-cash-wrong")
        await page.locator("#amount").fill(f"{due:,}".replace(",", "."))
        await press(page, "vi", "cash")
        assert text("vi", "desk.method.cash") in await page.locator("main").inner_text()
        await looked_at(page, "desk-cash-taken")
        await choose(page, "vi", "refund-ask")
        await looked_at(page, "desk-refund-ask")
        await page.locator("#taking").select_option(index=1)
        await page.locator("#amount").fill("10000")
        await page.locator("#ground").fill("Thu thừa, Điều 5")
        await press(page, "vi", "refund-ask")
        await choose(page, "vi", "refund-approve")
        await page.locator("#target").select_option(index=1)
        await page.locator("#by_hand").select_option("yes")
        await page.get_by_role("button", name=text("vi", "desk.do.refund-approve.go")).click()
        assert text("vi", "desk.refused.same_person") in await page.locator(".wrong").inner_text()
        await looked_at(page, "desk-refund-same-person")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, "/en/desk/money", "leader1")
        await looked_at(page, "desk-money")
        await page.goto(f"{town.url}/en/desk/money/{dossier}")
        await choose(page, "en", "refund-approve")
        await page.locator("#target").select_option(index=1)
        await page.locator("#by_hand").select_option("yes")
        await press(page, "en", "refund-approve")
        assert "accountant1 → leader1" in await page.locator("main").inner_text()
        await looked_at(page, "desk-refund-approved")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/desk/money/{dossier}", "accountant1")
        await choose(page, "vi", "refund-paid-out")
        await page.locator("#target").select_option(index=1)
        await page.locator("#document").fill("UNC-7")
        await press(page, "vi", "refund-paid-out")
        assert text("vi", "desk.refund.made") in await page.locator("main").inner_text()


async def test_a_difference_in_the_books_is_resolved_with_words(town: Town, browser: Any) -> None:
    entry = f"FT{uuid.uuid4().hex[:12]}"
    await town.platform.get("accountant1", "/discrepancies", service="payment")
    headers = {"authorization": f"Bearer {town.platform.tokens['accountant1']}", "content-type": "text/csv"}
    answer = await town.platform.client.post(
        f"{town.platform.stack.url('payment')}/statements",
        content=f"entry,time,amount,description\n{entry},20261124090000,5000,khong ro\n",
        headers={**headers, "idempotency-key": uuid.uuid4().hex},
    )
    assert answer.json()["unmatched"] == 1, answer.text
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, "/desk", "accountant1")
        await looked_at(page, "desk-accountant")
        await page.get_by_role("main").get_by_role("link", name=text("vi", "desk.nav.money")).click()
        assert entry in await page.locator("main").inner_text()
        await looked_at(page, "desk-money-phone")
        await page.locator("a[href*='/desk/books/vietqr/']").first.click()
        await looked_at(page, "desk-resolve")
        await page.get_by_role("button", name=text("vi", "desk.do.resolve.go")).click()
        assert await wrongs(page) == 2
        await page.locator("#key").select_option(f"unmatched:{entry}")
        await page.locator("#resolution").fill("Đã trả lại cho ngân hàng <i>")
        await press(page, "vi", "resolve")
        assert entry not in await page.locator("main").inner_text()


async def test_money_is_for_those_whose_work_it_is(town: Town) -> None:
    dossier = await owing(town)
    for who, open_, shut in (
        ("clerk1", (f"/desk/money/{dossier}",), ("/desk/money", f"/desk/money/{dossier}/cash")),
        ("accountant1", ("/desk", "/desk/money"), ("/desk/search", "/desk/absence", f"/desk/dossiers/{dossier}")),
        ("leader1", ("/desk/money",), (f"/desk/money/{dossier}/cash", "/desk/books/vietqr/2026-11-24")),
        ("specialist1", ("/desk",), (f"/desk/money/{dossier}", f"/desk/dossiers/{dossier}/result")),
        ("citizen1", ("/my",), ("/desk/money", f"/desk/money/{dossier}", f"/desk/dossiers/{dossier}/result")),
    ):
        async with SignedIn(town, who) as client:
            assert [(await client.get(path)).status_code for path in open_] == [200] * len(open_), who
            assert [(await client.get(path)).status_code for path in shut] == [404] * len(shut), who


async def test_a_refund_is_declined_by_a_leader_and_a_receipt_replaced(town: Town, browser: Any) -> None:
    dossier = await owing(town)
    path = f"/dossiers/{dossier}"
    due = (await town.platform.get("accountant1", f"{path}/invoice", service="payment"))["outstanding"]
    slip = {"amount": due, "voucher": f"PT-{dossier[:8]}"}
    await town.platform.post("accountant1", f"{path}/cash", slip, service="payment")
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk/money/{dossier}", "clerk1")
        await choose(page, "vi", "refund-ask")
        await page.locator("#taking").select_option(index=1)
        await page.locator("#amount").fill(f"{due + 1}")
        await page.locator("#ground").fill("Thu thừa, Điều 5")
        assert text("vi", "desk.refused.too_much") in await refused(page, "vi", "refund-ask")
        await looked_at(page, "desk-refund-too-much")
        await page.locator("#amount").fill("20.000")
        await press(page, "vi", "refund-ask")
        name = text("vi", "desk.do.refund-decline.name")
        assert await page.get_by_role("link", name=name, exact=True).count() == 0, "a clerk only asks"
        await looked_at(page, "desk-refund-asked")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, f"/en/desk/money/{dossier}", "leader1")
        await choose(page, "en", "refund-decline")
        await refused(page, "en", "refund-decline")
        assert await wrongs(page) == 2
        await looked_at(page, "desk-decline-wrong")
        await page.locator("#target").select_option(index=1)
        await page.locator("#reason").fill('Đã thu đúng <b id="in">')
        await press(page, "en", "refund-decline")
        shown = await page.locator("main").inner_text()
        assert text("en", "desk.refund.declined") in shown
        assert text("en", "desk.do.refund-decline.name") not in shown
        await looked_at(page, "desk-declined")
    await town.platform.told(path, "refund_declined")
    found = await town.platform.get("citizen1", f"{path}/invoice", service="payment")
    assert found["standing"]["word"] == "paid"
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/desk/money/{dossier}", "accountant1")
        await says(page, text("vi", "desk.receipt.issued"))
        await choose(page, "vi", "receipt-replace")
        await page.locator("#target").select_option(index=1)
        assert text("vi", "desk.missing") in await refused(page, "vi", "receipt-replace")
        await looked_at(page, "desk-receipt-wrong")
        await page.locator("#reason").fill("Sai tên người nộp")
        await press(page, "vi", "receipt-replace")
        assert text("vi", "desk.receipt.cancelled") in await page.locator("main").inner_text()
        await says(page, text("vi", "desk.receipt.issued"))
        await looked_at(page, "desk-receipt-replaced")
    receipts = (await town.platform.get("accountant1", f"{path}/invoice", service="payment"))["receipts"]
    assert [one["status"] for one in receipts] == ["cancelled", "issued"]
    assert receipts[1]["replaces"] == receipts[0]["number"]


async def test_what_the_gateway_looks_at_is_seen_to_by_the_accountant(town: Town, browser: Any) -> None:
    dossier = await owing(town)
    async with visitor(browser, "phone", bypass_csp=True) as page:
        await opened(town, page, f"/my/{dossier}/payment")
        await page.locator("section form button").click()
        await page.locator(f"button[value='{SUSPECTED}']").click()  # at the gateway
        await says(page, OUTWARD["held"][0])
        await looked_at(page, "payment-held")
    async with visitor(browser, "wide", bypass_csp=True) as page:
        await opened(town, page, "/desk/money", "accountant1")
        section = page.locator("section", has=page.get_by_role("heading", name=text("vi", "desk.waits.case")))
        await section.locator(f"a[href='/desk/money/{dossier}']").click()
        assert text("vi", "desk.case.suspected") in await page.locator("main").inner_text()
        await choose(page, "vi", "money-case")
        await refused(page, "vi", "money-case")
        assert await wrongs(page) == 2
        await looked_at(page, "desk-money-case-wrong")
        await page.locator("#target").select_option(index=1)
        await page.locator("#reason").fill('Đã gọi ngân hàng <b id="in">')
        await press(page, "vi", "money-case")
        assert 'Đã gọi ngân hàng <b id="in"> (accountant1' in await page.locator("main").inner_text()
        name = text("vi", "desk.do.money-case.name")
        assert await page.get_by_role("link", name=name, exact=True).count() == 0
        assert OUTWARD["to_pay"][0] in await page.locator("main").inner_text(), "nothing was booked"
        await looked_at(page, "desk-money-case-closed")
    (case,) = (await town.platform.get("accountant1", f"/dossiers/{dossier}/invoice", service="payment"))["cases"]
    assert (case["kind"], case["closed_by"]) == ("suspected", "accountant1")
