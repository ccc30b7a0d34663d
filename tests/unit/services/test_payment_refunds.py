"""Refunds have two names and leave once; receipts are of one kind, replaced and never changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chassis.decision import Refused
from chassis.series import NumberTaken, TakeNumber
from schemas.money import Vnd
from services.payment.domain import ledger, work
from services.payment.domain.rules import outward
from services.payment.messages import (
    ApproveRefund,
    DeclineRefund,
    QueryRefund,
    RecalculateInvoice,
    ReceiptTransmitted,
    RefundAnswered,
    RefundPaidOut,
    ReplaceReceipt,
    RequestRefund,
    SendRefund,
    TransmitAgain,
    TransmitReceipt,
)

from .invoices import NOW, Player, line, paid


def wants(player: Player, amount: int = 650_000, by: str = "accountant1") -> RequestRefund:
    return RequestRefund(taking=player.invoice.takings[0].id, amount=Vnd(amount), ground="NĐ 1, Điều 2", by=by)


def test_a_refund_goes_its_whole_way() -> None:
    player = paid()
    player.tell(wants(player))
    with pytest.raises(Refused) as same:
        player.approve(by="accountant1")
    assert same.value.code == "same_person"
    assert player.caused(SendRefund) == []
    player.approve()
    (sent,) = player.caused(SendRefund)
    assert (sent.amount, sent.whole, sent.by, sent.before) == (650_000, True, "leader1", 0)
    player.tell(RefundAnswered(refund="R1", result="sent", code="05"))
    assert outward(player.invoice) == "refund_coming"
    player.until(player.now + timedelta(minutes=1))
    assert len(player.caused(QueryRefund)) == 1
    player.tell(NumberTaken(series="receipts-phi-2026", number=1, purpose="phi-1"))
    player.tell(RefundAnswered(refund="R1", result="made", code="06"))
    (made,) = player.said("refund_made")
    assert (made.way, made.amount) == ("gateway", 650_000)
    assert outward(player.invoice) == "refunded"
    assert [e.replaced for e in player.said("receipt_cancelled")] == [False]
    assert ledger.balances(player.invoice.journals) == {}
    state = player.state
    player.tell(RefundAnswered(refund="R1", result="failed", code="09"))
    assert player.state == state


def test_a_rejected_refund_is_a_case_and_may_go_by_hand() -> None:
    player = paid()
    player.tell(wants(player))
    player.approve()
    player.tell(RefundAnswered(refund="R1", result="failed", code="09"))
    assert [c.kind for c in player.said("case_opened")] == ["refund_failed"]
    assert outward(player.invoice) == "refund_coming"
    player.approve(by_hand=True)
    assert [c.open for c in player.invoice.cases] == [False]
    player.tell(RefundPaidOut(refund="R1", document="UNC 12", by="accountant1"))
    assert [(e.way, e.document) for e in player.said("refund_made")] == [("by_hand", "UNC 12")]


def test_nobody_can_tell_and_then_the_gateway_says_it_was_made() -> None:
    player = paid()
    player.tell(wants(player))
    player.approve()
    player.tell(player.caused(SendRefund)[0].unknown())
    assert player.invoice.refunds[0].status == "failed"
    player.tell(RefundAnswered(refund="R1", result="made", code="06"))
    assert len(player.said("refund_made")) == 1
    assert [c.open for c in player.invoice.cases] == [False]


def test_money_that_is_with_the_treasury_goes_back_by_its_form() -> None:
    player = paid()
    player.tell(wants(player))
    handed_over = ApproveRefund(refund="R1", treasury=NOW + timedelta(days=1), by="leader1")
    answer = player.tell(handed_over).answer
    assert answer["way"] == "treasury"
    assert player.caused(SendRefund) == []
    assert outward(player.invoice) == "refund_coming"
    player.tell(RefundPaidOut(refund="R1", document="C1-04/NS 77", by="accountant1"))
    assert ledger.balances(player.invoice.journals) == {"clearing:vnpay": 650_000, "treasury": -650_000}


def test_what_an_officer_asked_for_may_be_declined_what_a_rule_asked_for_not() -> None:
    player = paid()
    player.tell(wants(player, 100_000))
    player.tell(DeclineRefund(refund="R1", reason="không đủ căn cứ", by="leader1"))
    assert ledger.balances(player.invoice.journals)["fee:phi"] == -650_000
    player.transfer(5, "bank:9")
    with pytest.raises(Refused) as refused:
        player.tell(DeclineRefund(refund="R2", reason="r", by="leader1"))
    assert refused.value.code == "by_rule"


def test_a_request_from_before_a_recalculation_is_not_declined_when_its_money_would_pay_the_rest() -> None:
    player = paid()
    player.tell(wants(player, 400_000))
    player.tell(RecalculateInvoice(lines=(line(400_000),), reason="giảm", by="accountant1"))
    assert (player.invoice.status, player.invoice.outstanding) == ("open", 150_000)
    with pytest.raises(Refused) as refused:
        player.tell(DeclineRefund(refund="R1", reason="r", by="leader1"))
    assert refused.value.code == "by_rule"
    player.approve()
    assert len(player.caused(SendRefund)) == 1


def test_no_more_goes_back_than_came() -> None:
    player = paid()
    player.tell(wants(player, 600_000))
    with pytest.raises(Refused, match="50000 VND"):
        player.tell(wants(player, 50_001))
    player.tell(wants(player, 50_000))
    player.approve("R1")
    with pytest.raises(Refused) as flying:
        player.approve("R2")
    assert flying.value.code == "in_flight"
    player.tell(RefundAnswered(refund="R1", result="made", code="06"))
    player.approve("R2")
    assert [(e.amount, e.whole, e.before) for e in player.caused(SendRefund)] == [
        (600_000, False, 0),
        (50_000, False, 600_000),
    ]


def test_phi_and_le_phi_have_receipts_of_their_own() -> None:
    player = paid(line(600_000), line(50_000, "le_phi", "L1"))
    taken = player.caused(TakeNumber)
    assert [(e.series, e.purpose) for e in taken] == [
        ("receipts-phi-2026", "phi-1"),
        ("receipts-le_phi-2026", "le_phi-2"),
    ]
    for effect in taken:
        player.tell(NumberTaken(series=effect.series, number=7, purpose=effect.purpose))
    issued: list[Any] = player.said("receipt_issued")
    assert [(e.number, e.kind, e.amount) for e in issued] == [
        ("BL26P-0000007", "phi", 600_000),
        ("BL26L-0000007", "le_phi", 50_000),
    ]
    before = player.state
    player.tell(NumberTaken(series="receipts-phi-2026", number=7, purpose="phi-1"))
    assert player.state == before


def test_a_receipt_whose_fee_went_back_before_it_had_a_number_does_not_count() -> None:
    player = paid()
    player.tell(wants(player))
    player.approve()
    player.tell(RefundAnswered(refund="R1", result="made", code="06"))
    player.tell(NumberTaken(series="receipts-phi-2026", number=1, purpose="phi-1"))
    assert [r.status for r in player.invoice.receipts] == ["cancelled"]
    assert [(e.number, e.replaced) for e in player.said("receipt_cancelled")] == [("BL26P-0000001", False)]


def test_a_receipt_is_replaced_never_changed() -> None:
    player = paid()
    player.tell(NumberTaken(series="receipts-phi-2026", number=1, purpose="phi-1"))
    player.tell(ReplaceReceipt(number="BL26P-0000001", reason="sai tên", by="accountant1"))
    player.tell(NumberTaken(series="receipts-phi-2026", number=2, purpose="phi-2"))
    old, new = player.invoice.receipts
    assert (old.status, new.status, new.replaces) == ("cancelled", "issued", old.number)
    with pytest.raises(Refused, match="cancelled"):
        player.tell(ReplaceReceipt(number="BL26P-0000001", reason="r", by="accountant1"))


def test_what_the_tax_office_did_not_take_waits_and_is_handed_over_again() -> None:
    player = paid()
    player.tell(NumberTaken(series="receipts-phi-2026", number=1, purpose="phi-1"))
    number = "BL26P-0000001"
    (first,) = player.caused(TransmitReceipt)
    player.tell(first.unknown())
    assert work.since(player.invoice, "untransmitted") == (NOW,)
    player.tell(TransmitAgain(number=number, by="accountant1"))
    assert player.caused(TransmitReceipt)[1:] == [first]
    player.tell(ReceiptTransmitted(receipt="phi-1", taken=True))
    assert work.since(player.invoice, "untransmitted") == ()
    with pytest.raises(Refused, match="the tax office has this receipt"):
        player.tell(TransmitAgain(number=number, by="accountant1"))
    player.now += timedelta(hours=1)
    player.tell(ReplaceReceipt(number=number, reason="sai tên", by="accountant1"))
    player.tell(TransmitAgain(number=number, by="accountant1"))
    assert [e.status for e in player.caused(TransmitReceipt)] == ["issued", "issued", "cancelled", "cancelled"]
    player.tell(ReceiptTransmitted(receipt="phi-1", taken=True, status="cancelled"))
    assert work.since(player.invoice, "untransmitted") == ()


def test_a_receipt_that_the_first_release_asked_for_gets_its_number() -> None:
    player = paid()
    player.state = player.invoice.changed(receipts=())
    player.tell(NumberTaken(series="receipts-2026", number=3))
    (issued,) = player.said("receipt_issued")
    assert (issued.number, issued.amount) == ("BL26P-0000003", 650_000)
