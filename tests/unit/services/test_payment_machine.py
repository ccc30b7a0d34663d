"""No sequence of what may happen to an invoice loses a đồng, pays twice, or leaves money without a word."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.decision import Refused
from chassis.series import NumberTaken, TakeNumber
from schemas.dossier import DossierStopped, DossierWithdrawn
from schemas.money import total
from services.payment.domain import ledger
from services.payment.domain.rules import outward
from services.payment.messages import (
    DeclineRefund,
    QueryAnswered,
    RecalculateInvoice,
    RefundAnswered,
    RefundPaidOut,
    RenewInvoice,
    RequestRefund,
    SendRefund,
)

from .invoices import DOSSIER, NOW, Player, line, opened

AMOUNTS = st.sampled_from([400_000, 500_000, 650_000, 900_000])


class Payments(RuleBasedStateMachine):
    """`player` checks graph, ledger and stored form at every step."""

    player: Player
    attempts: list[str]
    paid: set[str]
    answered: int

    @initialize(both=st.booleans())
    def begin(self, *, both: bool) -> None:
        self.player = opened(*((line(600_000), line(50_000, "le_phi", "L")) if both else ()))
        self.attempts = []
        self.paid = set()
        self.answered = 0

    @rule()
    def start(self) -> None:
        with suppress(Refused):
            self.attempts.append(self.player.attempt())

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), code=st.sampled_from(["00", "00", "24", "07"]))
    def told(self, data: st.DataObject, code: str) -> None:
        attempt = data.draw(st.sampled_from(self.attempts))
        held = code == "07"
        answer = self.player.gateway(attempt, code, held=held)
        if code == "00":
            assert answer == ("02" if attempt in self.paid else "00")
            self.paid.add(attempt)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def wrong_amount(self, data: st.DataObject) -> None:
        attempt = data.draw(st.sampled_from(self.attempts))
        assert self.player.gateway(attempt, amount=1) == "04"

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), answered=st.booleans())
    def nothing_known(self, data: st.DataObject, *, answered: bool) -> None:
        self.player.tell(QueryAnswered(attempt=data.draw(st.sampled_from(self.attempts)), answered=answered))

    @rule(amount=AMOUNTS, entry=st.integers(1, 4))
    def transfer(self, amount: int, entry: int) -> None:
        self.player.transfer(amount, f"bank:{entry}")

    @rule(amount=AMOUNTS)
    def recalculate(self, amount: int) -> None:
        with suppress(Refused):
            self.player.tell(RecalculateInvoice(lines=(line(amount),), reason="r", by="accountant1"))

    @rule(stopped=st.booleans())
    def end(self, *, stopped: bool) -> None:
        event: Any = (
            DossierStopped(dossier_id=DOSSIER, reason="r", ground="g", stopped_at=NOW)
            if stopped
            else DossierWithdrawn(dossier_id=DOSSIER, withdrawn_at=NOW)
        )
        self.player.tell(event)

    @rule(hours=st.sampled_from([1, 30, 150]))
    def pass_time(self, hours: int) -> None:
        self.player.until(self.player.now + timedelta(hours=hours))

    @rule()
    def renew(self) -> None:
        with suppress(Refused):
            self.player.tell(RenewInvoice())

    @precondition(lambda self: self.player.invoice.takings)
    @rule(data=st.data(), amount=AMOUNTS)
    def ask(self, data: st.DataObject, amount: int) -> None:
        taking = data.draw(st.sampled_from(self.player.invoice.takings))
        with suppress(Refused):
            self.player.tell(RequestRefund(taking=taking.id, amount=amount, ground="g", by="accountant1"))

    @precondition(lambda self: self.player.invoice.refunds)
    @rule(data=st.data(), by=st.sampled_from(["accountant1", "leader1"]), by_hand=st.booleans())
    def approve(self, data: st.DataObject, by: str, *, by_hand: bool) -> None:
        refund = data.draw(st.sampled_from(self.player.invoice.refunds))
        with suppress(Refused):
            self.player.approve(refund.id, by=by, by_hand=by_hand)

    @precondition(lambda self: self.player.invoice.refunds)
    @rule(data=st.data())
    def decline_or_pay_out(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self.player.invoice.refunds))
        for command in (
            DeclineRefund(refund=refund.id, reason="r", by="leader1"),
            RefundPaidOut(refund=refund.id, document="d", by="accountant1"),
        ):
            with suppress(Refused):
                self.player.tell(command)

    @precondition(lambda self: self.player.caused(SendRefund))
    @rule(data=st.data(), result=st.sampled_from(["sent", "made", "failed"]), code=st.sampled_from(["06", "unknown"]))
    def gateway_on_a_refund(self, data: st.DataObject, result: Any, code: str) -> None:
        sent = data.draw(st.sampled_from(self.player.caused(SendRefund)))
        self.player.tell(RefundAnswered(refund=sent.refund, result=result, code=code))

    @rule()
    def number_receipts(self) -> None:
        taken = self.player.caused(TakeNumber)
        for number, effect in enumerate(taken[self.answered :], self.answered + 1):
            self.player.tell(NumberTaken(series=effect.series, number=number, purpose=effect.purpose))
        self.answered = len(taken)

    @invariant()
    def it_is_said_once_that_the_fee_is_paid(self) -> None:
        assert len(self.player.said("received")) <= 1

    @invariant()
    def every_dong_is_the_fee_s_or_the_payer_s(self) -> None:
        invoice = self.player.invoice
        for taking in invoice.takings:
            surplus = total(r.amount for r in invoice.refunds if r.taking == taking.id and r.of == "surplus")
            assert surplus == taking.surplus
            assert invoice.refundable(taking) >= 0
        books = ledger.balances(invoice.journals)
        owed = total(r.amount for r in invoice.refunds if r.live and r.status != "made")
        assert books.get("payable", 0) == -owed
        assert -sum(n for a, n in books.items() if a.startswith("fee:")) == invoice.credit

    @invariant()
    def nothing_that_came_is_passed_over(self) -> None:
        assert {t.id for t in self.player.invoice.takings if t.method == "vnpay"} == self.paid
        assert outward(self.player.invoice)

    @invariant()
    def no_refund_left_without_a_name_that_is_not_the_asker_s(self) -> None:
        for refund in self.player.invoice.refunds:
            if refund.status in {"sending", "sent", "treasury", "by_hand", "made"}:
                assert refund.approved_by
                assert refund.approved_by != refund.requested_by

    @invariant()
    def a_kind_has_one_receipt_that_counts(self) -> None:
        live = [r.kind for r in self.player.invoice.receipts if r.status != "cancelled"]
        assert len(live) == len(set(live))

    @invariant()
    def paid_means_nothing_is_outstanding(self) -> None:
        invoice = self.player.invoice
        assert (invoice.status == "open") <= (invoice.outstanding > 0)


TestPayments = Payments.TestCase
TestPayments.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
