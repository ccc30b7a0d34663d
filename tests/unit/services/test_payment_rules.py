"""The written rules, case by case: money that comes pays, goes back or is a case; refunds have two names."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from chassis.decision import DeadlineDue, Refused
from chassis.series import NumberTaken
from schemas.dossier import DossierWithdrawn
from schemas.money import Vnd
from services.payment.domain import ledger, work
from services.payment.domain.attempts import GRACE
from services.payment.domain.invoice import HANDLERS
from services.payment.domain.records import Room
from services.payment.domain.rules import outward
from services.payment.domain.state import Invoice
from services.payment.handlers import view
from services.payment.messages import (
    BookAttempt,
    CloseCase,
    GatewayNotified,
    MoneyArrived,
    QueryAnswered,
    QueryPayment,
    RecalculateInvoice,
    RenewInvoice,
    RequestRefund,
    SendRefund,
    StartAttempt,
)

from .invoices import DOSSIER, NOW, line, opened, paid


def withdrawn() -> DossierWithdrawn:
    return DossierWithdrawn(dossier_id=DOSSIER, withdrawn_at=NOW)


def test_a_late_success_pays_an_expired_invoice_while_the_dossier_lives() -> None:
    player = opened()
    attempt = player.attempt()
    player.until(NOW + timedelta(days=6))
    assert (player.invoice.status, outward(player.invoice)) == ("expired", "expired")
    assert player.gateway(attempt) == "00"
    assert (player.invoice.status, len(player.said("received")), player.said("refund_requested")) == ("paid", 1, [])


def test_a_success_after_the_end_goes_back_and_the_payer_is_told_at_once() -> None:
    player = opened()
    attempt = player.attempt()
    player.tell(withdrawn())
    assert player.gateway(attempt) == "00"
    (told,) = player.said("refund_requested")
    assert (told.reason, told.amount, told.by, told.through) == ("after_end", 650_000, None, "vnpay")
    assert outward(player.invoice) == "refund_coming"
    assert player.said("received") == []


@pytest.mark.parametrize(("amount", "reason", "back"), [(700_000, "overpaid", 50_000), (600_000, "underpaid", 600_000)])
def test_a_transfer_of_another_amount(amount: int, reason: str, back: int) -> None:
    player = opened()
    player.transfer(amount)
    (told,) = player.said("refund_requested")
    assert (told.reason, told.amount) == (reason, back)
    assert len(player.said("received")) == (reason == "overpaid")


def test_the_same_entry_of_a_bank_counts_once() -> None:
    player = opened()
    player.transfer(650_000)
    before = player.state
    player.transfer(650_000)
    assert player.state == before
    player.transfer(650_000, "bank:2")
    assert [r.reason for r in player.said("refund_requested")] == ["second_payment"]


def test_cash_is_exactly_what_is_due() -> None:
    player = opened()
    wrong = MoneyArrived(id="cash:1", method="cash", amount=Vnd(1), paid_at=NOW, by="accountant1")
    with pytest.raises(Refused, match="650000 VND are due"):
        player.tell(wrong)
    player.tell(wrong.model_copy(update={"amount": Vnd(650_000)}))
    (received,) = player.said("received")
    assert (received.through, received.amount) == ("cash", 650_000)


def test_debited_and_suspected_is_held_with_a_case_until_the_gateway_says() -> None:
    player = opened()
    attempt = player.attempt()
    assert player.gateway(attempt, "07", held=True) == "00"
    assert (outward(player.invoice), len(player.said("held"))) == ("held", 1)
    player.gateway(attempt, "07", held=True)
    assert len(player.said("held")) == 1
    player.until(player.now + timedelta(days=2))
    player.tell(QueryAnswered(attempt=attempt))
    assert player.invoice.attempts[0].status == "open"
    player.gateway(attempt)
    assert player.invoice.status == "paid"
    assert [c.open for c in player.invoice.cases] == [False]
    assert outward(player.invoice) == "paid"


@pytest.mark.parametrize(
    ("wrong", "other"),
    [({"code": "07", "held": True}, {"code": "09", "held": True}), ({"amount": 700_000}, {"amount": 710_000})],
)
def test_a_case_that_was_closed_is_not_opened_by_the_same_words_again(
    wrong: dict[str, Any], other: dict[str, Any]
) -> None:
    player = opened()
    attempt = player.attempt()
    player.gateway(attempt, **wrong)
    player.tell(CloseCase(case="C1", resolution="the bank was asked", by="accountant1"))
    player.gateway(attempt, **wrong)
    assert [c.open for c in player.invoice.cases] == [False]
    player.gateway(attempt, **other)
    assert [c.open for c in player.invoice.cases] == [False, True]


def test_what_a_gateway_really_took_is_booked_by_the_accountant() -> None:
    player = opened()
    attempt = player.attempt()
    assert player.gateway(attempt, amount=700_000) == "04"
    seen = BookAttempt(case="C1", amount=Vnd(700_000), transaction="T9", paid_at=NOW, by="accountant1")
    player.tell(seen)
    assert [(r.reason, r.amount) for r in player.said("refund_requested")] == [("overpaid", 50_000)]
    assert [c.by for c in player.said("case_closed")] == ["accountant1"]
    with pytest.raises(Refused, match="booked"):
        player.tell(seen)
    assert player.gateway(attempt) == "02"


def test_an_attempt_is_asked_about_until_its_end_is_known() -> None:
    player = opened()
    attempt = player.attempt()
    player.until(NOW + timedelta(minutes=20))
    asked = len(player.caused(QueryPayment))
    assert asked >= 4
    player.tell(QueryAnswered(attempt=attempt))
    assert player.invoice.attempts[0].status == "open"
    player.now = player.invoice.attempts[0].expires_at + GRACE
    player.tell(QueryAnswered(attempt=attempt))
    assert (player.invoice.attempts[0].status, player.invoice.attempts[0].code) == ("failed", "lapsed")
    assert player.said("failed") == []
    assert player.gateway(attempt) == "00"
    assert player.invoice.status == "paid"


def test_a_gateway_that_never_answers_is_a_case() -> None:
    player = opened()
    attempt = player.attempt()
    player.now += timedelta(days=2)
    player.tell(QueryAnswered(attempt=attempt, answered=False))
    assert [c.kind for c in player.said("case_opened")] == ["unanswered"]
    player.tell(CloseCase(case="C1", resolution="asked by phone: not paid", by="accountant1"))
    assert [c.by for c in player.said("case_closed")] == ["accountant1"]


def test_what_no_gateway_answers_about_waits_for_a_person_until_it_is_a_case() -> None:
    player = opened()
    attempt = player.attempt()
    player.until(NOW + timedelta(hours=2))
    assert work.since(player.invoice, "unanswered") == ()
    player.until(NOW + timedelta(hours=3))
    assert work.since(player.invoice, "unanswered") == (NOW,)
    assert view(player.invoice)["work"] == ["unanswered"]
    player.now += timedelta(days=2)
    player.tell(QueryAnswered(attempt=attempt, answered=False))
    assert work.kinds(player.invoice) == {"case"}


def test_in_a_full_invoice_the_oldest_closed_case_makes_room() -> None:
    player = opened()
    room = player.invoice.room
    attempts = [player.attempt() for _ in range(room.attempts)]
    for attempt in attempts:
        player.gateway(attempt, amount=1)
    assert len(player.invoice.cases) == room.cases
    player.gateway(attempts[0], "07", held=True)
    assert len(player.said("held")) == room.cases, "all are open, and each is seen to"
    player.tell(CloseCase(case="C1", resolution="r", by="accountant1"))
    player.gateway(attempts[0], "07", held=True)
    assert [c.id for c in player.invoice.cases][-1] == f"C{room.cases + 1}"
    assert len(player.said("held")) == room.cases + 1


def test_a_success_has_room_whatever_officers_and_banks_did_before() -> None:
    player = opened()
    attempts = []
    with suppress(Refused):
        while True:
            attempts.append(player.attempt())
    player.gateway(attempts[0])
    for entry in range(50):
        with suppress(Refused):
            player.transfer(5, f"bank:{entry}")
        with suppress(Refused):
            player.tell(RequestRefund(taking=attempts[0], amount=Vnd(1), ground="g", by="accountant1"))
    for attempt in attempts[1:]:
        assert player.gateway(attempt) == "00"
    player.tell(withdrawn())
    room = player.invoice.room
    assert len(player.invoice.takings) <= room.takings
    assert len(player.invoice.refunds) <= room.refunds


def test_an_expired_invoice_is_renewed() -> None:
    player = opened()
    with pytest.raises(Refused, match="open"):
        player.tell(RenewInvoice())
    player.until(NOW + timedelta(days=6))
    player.tell(RenewInvoice())
    assert player.invoice.status == "open"
    assert player.invoice.expires_at > player.now
    player.gateway(player.attempt())
    assert len(player.said("received")) == 1


def test_recalculated_up_the_difference_is_asked_for() -> None:
    player = paid()
    player.tell(NumberTaken(series="receipts-phi-2026", number=1, purpose="phi-1"))
    more = RecalculateInvoice(lines=(line(800_000),), reason="thêm phòng", by="accountant1")
    assert player.tell(more).answer == {"outstanding": 150_000, "refunded": 0}
    assert (player.invoice.status, outward(player.invoice)) == ("open", "to_pay")
    player.transfer(150_000)
    assert [e.amount for e in player.said("difference_received")] == [150_000]
    assert len(player.said("received")) == 1
    assert [e.number for e in player.said("receipt_cancelled")] == ["BL26P-0000001"]
    player.tell(NumberTaken(series="receipts-phi-2026", number=2, purpose="phi-2"))
    issued = player.said("receipt_issued")[-1]
    assert (issued.number, issued.replaces, issued.amount) == ("BL26P-0000002", "BL26P-0000001", 800_000)


def test_recalculated_down_the_difference_goes_back() -> None:
    player = paid()
    less = RecalculateInvoice(lines=(line(500_000),), reason="giảm", by="accountant1")
    assert player.tell(less).answer == {"outstanding": 0, "refunded": 150_000}
    (told,) = player.said("refund_requested")
    assert (told.reason, told.amount, told.by) == ("recalculated", 150_000, None)
    assert player.invoice.status == "paid"
    assert ledger.balances(player.invoice.journals) == {
        "clearing:vnpay": 650_000,
        "fee:phi": -500_000,
        "payable": -150_000,
    }
    player.approve()
    (sent,) = player.caused(SendRefund)
    assert (sent.amount, sent.whole) == (150_000, False)


@pytest.mark.parametrize(
    ("phi", "le_phi"), [(500_000, 150_000), (500_000, 200_000), (500_000, 20_000), (700_000, 10_000)]
)
def test_what_moves_between_phi_and_le_phi_moves_in_the_ledger(phi: int, le_phi: int) -> None:
    player = paid(line(600_000), line(50_000, "le_phi", "L1"))
    lines = (line(phi), line(le_phi, "le_phi", "L1"))
    player.tell(RecalculateInvoice(lines=lines, reason="tính lại", by="accountant1"))
    if player.invoice.outstanding:
        player.transfer(player.invoice.outstanding)
    books = ledger.balances(player.invoice.journals)
    assert (-books["fee:phi"], -books["fee:le_phi"]) == (phi, le_phi)


def test_an_open_invoice_recalculated_judges_an_old_attempt_by_what_is_due_now() -> None:
    player = opened()
    attempt = player.attempt()
    player.tell(RecalculateInvoice(lines=(line(500_000),), reason="giảm", by="accountant1"))
    assert player.gateway(attempt) == "00"
    assert [(r.reason, r.amount) for r in player.said("refund_requested")] == [("overpaid", 150_000)]
    assert player.invoice.status == "paid"


def test_a_paid_invoice_of_the_first_release_has_its_money_in_the_ledger() -> None:
    form = paid().invoice.dump()
    old = {k: v for k, v in form.items() if k not in {"takings", "journals", "receipts", "asked"}}
    found = type(paid().invoice).model_validate(old)
    assert [(t.amount, t.applied) for t in found.takings] == [(650_000, 650_000)]
    assert ledger.balances(found.journals) == {"clearing:vnpay": 650_000, "fee:phi": -650_000}


def test_a_deadline_without_work_changes_nothing() -> None:
    player = paid()
    before = player.state
    player.tell(DeadlineDue())
    assert player.state == before


def test_an_invoice_stays_small_whatever_comes() -> None:
    """Budget of a document: 64 KiB after 10,000 messages."""
    player = opened(line(600_000), line(50_000, "le_phi", "L1"))
    state, now = player.invoice, NOW
    for number in range(10_000):
        now += timedelta(minutes=1)
        message = _message(state, number, now)
        with suppress(Refused):
            decision = HANDLERS[type(message)](state, message, now)
            assert decision.state is not None
            state = decision.state
    room = Room()
    assert room.takings - room.attempts <= len(state.takings) <= room.takings
    assert room.refunds - room.attempts <= len(state.refunds) <= room.refunds
    assert len(state.dump_json()) < 64 * 1024


def _message(state: Invoice, number: int, now: datetime) -> Any:
    kinds = number % 6
    attempt = state.attempts[number % len(state.attempts)].id if state.attempts else ""
    if kinds == 0 or not attempt:
        return StartAttempt()
    if kinds == 1:
        return RecalculateInvoice(lines=(line(500_000 + number), line(50_000, "le_phi", "L1")), reason="r", by="a")
    if kinds == 2:
        return MoneyArrived(id=f"bank:{number}", method="vietqr", amount=Vnd(900_000), paid_at=now, by="a")
    if kinds == 3:
        purpose = state.receipts[-1].id if state.receipts else ""
        return NumberTaken(series="receipts-phi-2026", number=number, purpose=purpose)
    success = kinds == 4
    return GatewayNotified(
        attempt=attempt, amount=Vnd(1), success=success, code="00", transaction="1", paid_at=now, held=not success
    )
