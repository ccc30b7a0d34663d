"""Money at the desk: cash, a refund that two people let go, a difference in the books that is resolved."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from services.portal.texts import text
from tests.browser.portal.desk import SignedIn, choose, press, wrongs
from tests.browser.portal.test_acting import opened
from tests.browser.portal.test_paying import owing
from tests.browser.portal.town import Town, looked_at, visitor

pytestmark = pytest.mark.journey


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
