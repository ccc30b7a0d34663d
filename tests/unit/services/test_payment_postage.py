"""What the way by post costs: an invoice of its own beside the fee's, ended and given back by the written rule."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.decision import Impossible, Refused
from chassis.series import NumberTaken, TakeNumber
from schemas import delivery
from schemas.dossier import DossierWithdrawn, FeeSettled
from schemas.money import Vnd
from services.payment.domain import attempts, ledger, parts, paygov
from services.payment.domain.compare import KNOWN_AFTER, compare
from services.payment.domain.records import MAX_POSTAGES, MAX_RECEIPTS, POSTAGE_ROOM, Room
from services.payment.domain.reference import payable_in, postage_of, reference_of
from services.payment.domain.reports import Report
from services.payment.domain.rules import UNUSED_POSTAGE, outward
from services.payment.handlers import view
from services.payment.messages import (
    MoneyArrived,
    QueryPayment,
    RefundAnswered,
    RefundPaidOut,
    RenewInvoice,
    ReplaceReceipt,
    RequestRefund,
    SendRefund,
)

from .invoices import DOSSIER, NOW, Player, accepted, line, opened, paid

COST = 30_000
FIRST = postage_of(DOSSIER, 1)
ITEM = "RR123456785VN"


def fee_due(post: int = 1, cost: int = COST) -> delivery.DeliveryFeeDue:
    return delivery.DeliveryFeeDue(dossier_id=DOSSIER, invoice=postage_of(DOSSIER, post), amount=cost, due_at=NOW)


def chosen_again() -> delivery.ChoiceChanged:
    return delivery.ChoiceChanged(dossier_id=DOSSIER, way="in_person", was="post", changed_at=NOW)


def ordered() -> delivery.ConsignmentOrdered:
    return delivery.ConsignmentOrdered(dossier_id=DOSSIER, tracking=ITEM, ordered_at=NOW)


def moved(status: int) -> delivery.ConsignmentMoved:
    return delivery.ConsignmentMoved(dossier_id=DOSSIER, tracking=ITEM, status=status, moved_at=NOW)


def returned() -> delivery.ConsignmentReturned:
    return delivery.ConsignmentReturned(dossier_id=DOSSIER, tracking=ITEM, returned_at=NOW)


def lost() -> delivery.ConsignmentLost:
    return delivery.ConsignmentLost(dossier_id=DOSSIER, tracking=ITEM, last_heard_at=NOW, lost_at=NOW)


def due(player: Player | None = None) -> Player:
    player = player or paid()
    player.tell(fee_due())
    return player


def posted() -> Player:
    player = due()
    player.gateway(player.attempt(FIRST))
    return player


def test_postage_is_an_invoice_beside_the_fee_s_and_paid_like_any() -> None:
    player = due()
    opened_, shown = player.said("invoice_opened")[-1], player.postage()
    assert (opened_.invoice, opened_.total, opened_.lines, opened_.purpose) == (FIRST, COST, (), "postage")
    assert opened_.reference == reference_of(DOSSIER, 1)
    assert payable_in(opened_.reference) == (DOSSIER, 1)
    assert (shown.status, outward(shown), player.invoice.status) == ("open", "to_pay", "paid")
    attempt = player.attempt(FIRST)
    assert (attempt[32:], attempts.dossier_of(attempt)) == ("1001", DOSSIER)
    assert player.gateway(attempt) == "00"
    received = player.said("received")[-1]
    assert (received.invoice, received.amount, received.purpose) == (FIRST, COST, "postage")
    assert ledger.balances(player.postage().journals) == {"clearing:vnpay": COST, "postage": -COST}
    assert len(player.caused(TakeNumber)) == 1  # the fee's: there is no receipt of ours for postage
    assert player.gateway(attempt) == "02"


def test_postage_of_a_dossier_without_a_fee_and_before_its_acceptance_is_known() -> None:
    for before in (True, False):
        player = Player()
        events: list[Any] = [accepted(), fee_due()]
        for event in reversed(events) if before else events:
            player.tell(event)
        assert [i.number for i in parts.parts(player.state)] == [FIRST]
        with pytest.raises(Refused, match="no invoice"):
            player.attempt()
        assert player.gateway(player.attempt(FIRST)) == "00"
        assert view(player.invoice)["status"] is None
    late = Player()
    late.tell(fee_due())
    late.tell(accepted(line(650_000)))
    assert [(i.number, i.status) for i in parts.parts(late.state)] == [(late.invoice.number, "open"), (FIRST, "open")]


@pytest.mark.parametrize("name", ["post-1", f"{DOSSIER}/post-0", f"{DOSSIER}/1", f"{DOSSIER}/post-1x"])
def test_postage_is_called_by_its_dossier_and_number(name: str) -> None:
    event = delivery.DeliveryFeeDue(dossier_id=DOSSIER, invoice=name, amount=1, due_at=NOW)
    with pytest.raises(Impossible):
        paid().tell(event)


def test_money_goes_to_the_invoice_that_it_names() -> None:
    player = due(opened())
    player.transfer(COST, "bank:1", FIRST)
    player.transfer(COST, "bank:1", FIRST)
    player.transfer(650_000, "bank:2")
    assert [(e.invoice, e.amount) for e in player.said("received")] == [
        (FIRST, COST),
        (player.invoice.number, 650_000),
    ]
    again = MoneyArrived(id="bank:1", method="vietqr", amount=Vnd(COST), paid_at=NOW, by="a")
    assert player.tell(again).answer["repeated"]
    with pytest.raises(Refused, match="no invoice"):
        player.transfer(COST, "bank:3", postage_of(DOSSIER, 7))


def test_another_way_before_it_is_paid_ends_it_and_money_that_still_comes_goes_back() -> None:
    player = due()
    attempt = player.attempt(FIRST)
    player.tell(chosen_again())
    (ended,) = player.said("invoice_cancelled")
    assert (ended.invoice, ended.why, ended.purpose) == (FIRST, "choice_changed", "postage")
    assert player.invoice.status == "paid"
    assert player.gateway(attempt) == "00"
    (back,) = player.said("refund_requested")
    assert (back.refund, back.reason, back.ground, back.amount) == ("P1R1", "after_end", UNUSED_POSTAGE, COST)
    player.approve("P1R1")
    (sent,) = player.caused(SendRefund)
    player.tell(RefundAnswered(refund=sent.refund, result="sent", code="05"))
    player.tell(RefundAnswered(refund=sent.refund, result="made", code="06"))
    assert [e.refund for e in (*player.said("refund_sent"), *player.said("refund_made"))] == ["P1R1", "P1R1"]
    assert outward(player.postage()) == "refunded"
    assert ledger.balances(player.postage().journals) == {}


@pytest.mark.parametrize("told", [[], [ordered()], [ordered(), moved(1)], [ordered(), moved(9)]], ids=str)
def test_paid_postage_goes_back_where_the_post_office_never_had_the_result(told: list[Any]) -> None:
    player = posted()
    for event in told:
        player.tell(event)
    player.tell(chosen_again())
    (back,) = player.said("refund_requested")
    assert (back.invoice, back.reason, back.by, back.amount) == (FIRST, "after_end", None, COST)
    player.tell(chosen_again())
    assert len(player.said("refund_requested")) == 1


@pytest.mark.parametrize("told", [moved(6), moved(14), moved(23), returned(), lost()], ids=lambda e: e.TYPE)
def test_postage_that_was_used_is_kept(told: Any) -> None:
    player = posted()
    player.tell(ordered())
    player.tell(told)
    player.tell(chosen_again())
    player.tell(fee_due(2))
    assert player.said("refund_requested") == []
    assert (player.postage(1).status, player.postage(2).status) == ("paid", "open")
    player.tell(chosen_again())
    assert [e.invoice for e in player.said("invoice_cancelled")] == [postage_of(DOSSIER, 2)]


def test_postage_expires_is_renewed_and_asked_about_by_itself() -> None:
    player = due()
    attempt = player.attempt(FIRST)
    player.until(NOW + timedelta(minutes=10))
    assert {q.attempt for q in player.caused(QueryPayment)} == {attempt}
    player.until(NOW + timedelta(days=6))
    (expired,) = player.said("invoice_expired")
    assert (expired.invoice, expired.purpose) == (FIRST, "postage")
    player.tell(RenewInvoice(invoice=FIRST))
    assert [(e.invoice, e.purpose) for e in player.said("invoice_renewed")] == [(FIRST, "postage")]
    assert player.gateway(attempt) == "00"


def test_the_end_of_a_dossier_ends_its_postage_too() -> None:
    player = due()
    player.tell(DossierWithdrawn(dossier_id=DOSSIER, withdrawn_at=NOW))
    assert [e.invoice for e in player.said("invoice_cancelled")] == [FIRST]


def test_reconciliation_expects_delivery_to_know_of_paid_postage() -> None:
    player = posted()
    player.tell(FeeSettled(dossier_id=DOSSIER, paid_at=NOW, due_at=NOW, promised=NOW))
    whole = Report(lines=(), net=0)
    later = NOW + 2 * KNOWN_AFTER
    refs = [d.ref for d in compare(whole, "vnpay", NOW.date(), parts.parts(player.state), later) if d.kind == "dossier"]
    assert refs == [FIRST]
    player.tell(ordered())
    found = compare(whole, "vnpay", NOW.date(), parts.parts(player.state), later)
    assert [d.kind for d in found] == ["missing_there", "missing_there"]


def test_the_national_platform_is_told_that_it_is_no_fee() -> None:
    player = due()
    attempt = player.attempt(FIRST)
    answer = paygov.dossier(player.postage(), attempt, "HOSO", {})
    assert (answer["PhiLePhi"], answer["DSKhoanNop"]) == ([], [{"NoiDung": "Cuoc gui ket qua", "SoTien": str(COST)}])


def test_ways_without_money_make_room_and_paid_ones_do_not() -> None:
    player = paid()
    for post in range(1, MAX_POSTAGES + 4):
        player.tell(fee_due(post))
        player.tell(chosen_again())
    assert len(parts.postages(player.state)) == MAX_POSTAGES
    for post in range(11, 11 + MAX_POSTAGES):
        player.tell(fee_due(post))
        player.transfer(COST, f"bank:{post}", postage_of(DOSSIER, post))
    with pytest.raises(Impossible, match="accountant"):
        player.tell(fee_due(99))
    assert player.tell(fee_due(11)).events == ()


def test_a_field_of_a_release_to_come_stays_in_the_form() -> None:
    player = due()
    form = {**player.invoice.further[FIRST], "of_a_release_to_come": 1}
    player.state = player.invoice.changed(further={FIRST: form})
    player.attempt(FIRST)
    assert player.invoice.further[FIRST]["of_a_release_to_come"] == 1


class Postage(RuleBasedStateMachine):
    """Fee and postage side by side, whatever delivery, gateways and banks say; `player` checks graph and books."""

    @initialize(fee=st.booleans())
    def begin(self, *, fee: bool) -> None:
        self.player = opened() if fee else Player()
        if not fee:
            self.player.tell(accepted())
        self.post = 0
        self.attempts: list[str] = []
        self.paid: set[str] = set()
        self.entries = 0

    def numbers(self) -> list[str | None]:
        return [i.number if i.purpose else None for i in parts.parts(self.player.state)]

    @rule()
    def by_post(self) -> None:
        self.post += 1
        with suppress(Impossible):
            self.player.tell(fee_due(self.post))

    @rule(event=st.sampled_from([chosen_again(), ordered(), moved(9), moved(6), returned()]))
    def delivery_says(self, event: Any) -> None:
        self.player.tell(event)

    @precondition(lambda self: self.numbers())
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        with suppress(Refused):
            self.attempts.append(self.player.attempt(data.draw(st.sampled_from(self.numbers()))))

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), code=st.sampled_from(["00", "00", "24", "07"]))
    def told(self, data: st.DataObject, code: str) -> None:
        attempt = data.draw(st.sampled_from(self.attempts))
        if parts.having(self.player.state, attempt) is None:
            return  # of a way that made room: the daily reconciliation would find it
        answer = self.player.gateway(attempt, code, held=code == "07")
        if code == "00":
            assert answer == ("02" if attempt in self.paid else "00"), "a success always has room"
            self.paid.add(attempt)

    @precondition(lambda self: self.numbers())
    @rule(data=st.data(), amount=st.sampled_from([COST, 650_000, 1]))
    def transfer(self, data: st.DataObject, amount: int) -> None:
        self.entries += 1
        with suppress(Refused):
            self.player.transfer(amount, f"bank:{self.entries}", data.draw(st.sampled_from(self.numbers())))

    @precondition(lambda self: self.paid)
    @rule(data=st.data())
    def officer_asks(self, data: st.DataObject) -> None:
        taking = data.draw(st.sampled_from(sorted(self.paid)))
        with suppress(Refused):
            self.player.tell(RequestRefund(taking=taking, amount=Vnd(1), ground="g", by="accountant1"))

    @rule(hours=st.sampled_from([1, 30, 150]))
    def wait(self, hours: int) -> None:
        self.player.until(self.player.now + timedelta(hours=hours))

    @invariant()
    def every_dong_is_spoken_for_and_every_refund_has_its_own_name(self) -> None:
        names: list[str] = []
        for invoice in parts.parts(self.player.state):
            names += [r.id for r in invoice.refunds] + [c.id for c in invoice.cases] + [a.id for a in invoice.attempts]
            for taking in invoice.takings:
                surplus = sum(r.amount for r in invoice.refunds if r.taking == taking.id and r.of == "surplus")
                assert surplus == taking.surplus
            assert len(invoice.takings) <= invoice.room.takings
            assert len(invoice.refunds) <= invoice.room.refunds
            if invoice.status == "cancelled":
                assert invoice.credit == 0
        assert len(names) == len(set(names))

    @invariant()
    def it_is_said_once_that_an_invoice_is_paid(self) -> None:
        said = [event.invoice for event in self.player.said("received")]
        assert len(said) == len(set(said))


TestPostage = Postage.TestCase
TestPostage.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_postage_holds_less_than_a_fee() -> None:
    player = due()
    for _ in range(POSTAGE_ROOM.attempts):
        player.attempt(FIRST)
    with pytest.raises(Refused) as refused:
        player.attempt(FIRST)
    assert refused.value.code == "too_many_attempts"


def crammed(player: Player, number: str | None) -> None:
    """All that an invoice may hold, in the longest forms that there are."""
    begun = [player.attempt(number) for _ in range((Room() if number is None else POSTAGE_ROOM).attempts)]
    for attempt in begun:
        player.gateway(attempt, amount=1)
    for entry in range(30):
        with suppress(Refused):
            player.transfer(900_000, f"bank:{number}/{entry}", number)
    for attempt in begun:
        assert player.gateway(attempt) == "00"
    for _ in range(30):
        with suppress(Refused):
            asks = RequestRefund(taking=begun[0], amount=Vnd(1), ground="Nghị định 45/2020/NĐ-CP", by="accountant1")
            player.tell(asks)
    invoice = parts.having(player.state, begun[0])
    assert invoice is not None
    for refund in invoice.refunds:
        player.approve(refund.id, by_hand=True)
        player.tell(RefundPaidOut(refund=refund.id, document="UNC 12/2026", by="accountant1"))


def test_all_invoices_of_a_dossier_are_one_small_document() -> None:
    """Budget of a document: 64 KiB."""
    player = opened(line(600_000), line(50_000, "le_phi", "L1"))
    crammed(player, None)
    for number in range(60):
        taken = player.caused(TakeNumber)
        player.tell(NumberTaken(series=taken[-1].series, number=number, purpose=taken[-1].purpose))
        last = player.invoice.receipts[-1]
        with suppress(Refused):
            player.tell(ReplaceReceipt(number=str(last.number), reason="r" * 100, by="accountant1"))
    assert len(player.invoice.receipts) == MAX_RECEIPTS
    for post in range(1, MAX_POSTAGES + 1):
        player.tell(fee_due(post))
        crammed(player, postage_of(DOSSIER, post))
    assert len(player.invoice.dump_json()) < 64 * 1024
