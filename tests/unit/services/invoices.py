"""Invoices for tests: a player of messages that holds every decision against the graph and the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chassis.decision import DeadlineDue, Decision, Effect
from schemas.dossier import DossierAccepted
from schemas.event import Event
from schemas.money import Vnd, total
from schemas.parts import Bilingual, FeeLine
from services.payment.domain import graph, ledger, parts
from services.payment.domain.invoice import HANDLERS
from services.payment.domain.reference import postage_of
from services.payment.domain.state import Invoice
from services.payment.messages import ApproveRefund, GatewayNotified, MoneyArrived, StartAttempt

NOW: Final = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DOSSIER: Final = "00000000-0000-4000-8000-000000000001"
NEVER: Final = datetime(2020, 1, 1, tzinfo=UTC)
EDGES: Final = {(e.source, e.target, e.event) for e in graph.INVOICE}
REFUND_EDGES: Final = {(e.source, e.target) for e in graph.REFUND}


def line(amount: int, kind: Any = "phi", code: str = "P1") -> FeeLine:
    """One line of one unit."""
    return FeeLine(
        code=code, name=Bilingual(vi="Phí", en="Fee"), kind=kind, unit_price=amount, quantity=1, amount=amount
    )


def accepted(*lines: FeeLine) -> DossierAccepted:
    """A dossier with that fee."""
    return DossierAccepted(
        dossier_id=DOSSIER,
        code="000.00.12.H18-261124-0001",
        received_at=NOW,
        term_start=NOW.date(),
        due_at=NOW + timedelta(days=15),
        fee=lines,
        total=total(one.amount for one in lines),
    )


@dataclass
class Player:
    """One invoice, and everything it said and caused."""

    now: datetime = NOW
    state: Invoice | None = None
    events: list[Event] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def invoice(self) -> Invoice:
        assert self.state is not None
        return self.state

    def tell(self, message: Any) -> Decision[Any]:
        """Handles one message; what it decided is checked."""
        before = self.state
        decision = HANDLERS[type(message)](before, message, self.now)
        self.state = decision.state
        self.events += decision.events
        self.effects += decision.effects
        if self.state is not None:
            self._check(before, decision)
        return decision

    def _check(self, before: Invoice | None, decision: Decision[Any]) -> None:
        for invoice in parts.parts(self.state):
            was = parts.named(before, invoice.number if invoice.purpose else None)
            self._check_one(was, invoice, decision)
        assert Invoice.model_validate(self.invoice.dump()) == self.invoice

    def _check_one(self, before: Invoice | None, after: Invoice, decision: Decision[Any]) -> None:
        old, new = before.status if before else "", after.status
        if old != new:
            said = [e for e in decision.events if getattr(e, "invoice", None) == after.number]
            assert any((old, new, type(event)) in EDGES for event in said), (old, new)
        for refund in after.refunds:
            was = before.refund(refund.id) if before else None
            step = (was.status if was else "", refund.status)
            assert step[0] == step[1] or step in REFUND_EDGES, step
        assert ledger.faults(after.journals, after.owed, after.shares, after.credit) == []

    def until(self, instant: datetime) -> Player:
        """Lets time pass: what falls due falls due."""
        while (due := parts.due(self.state)) is not None and due <= instant:
            self.now = max(self.now, due)
            self.tell(DeadlineDue())
        self.now = max(self.now, instant)
        return self

    def attempt(self, invoice: str | None = None) -> str:
        """Begins one."""
        answer: str = self.tell(StartAttempt(invoice=invoice)).answer["attempt"]
        return answer

    def postage(self, post: int = 1) -> Invoice:
        """The invoice of a way by post."""
        found = parts.named(self.state, postage_of(DOSSIER, post))
        assert found is not None
        return found

    def gateway(self, attempt: str, code: str = "00", amount: int | None = None, *, held: bool = False) -> Any:
        """The gateway's word; its RspCode comes back."""
        invoice = parts.having(self.state, attempt)
        found = invoice.attempt(attempt) if invoice else None
        assert invoice is not None
        assert found is not None
        asked = invoice.amount_of(found) if amount is None else Vnd(amount)
        command = GatewayNotified(
            attempt=attempt,
            amount=asked,
            success=code == "00",
            code=code,
            transaction=f"T{attempt[-3:]}",
            paid_at=self.now,
            held=held,
        )
        return self.tell(command).answer["code"]

    def transfer(self, amount: int, entry: str = "bank:1", invoice: str | None = None) -> None:
        """A bank transfer."""
        command = MoneyArrived(
            id=entry, method="vietqr", amount=Vnd(amount), paid_at=self.now, by="accountant1", invoice=invoice
        )
        self.tell(command)

    def approve(self, refund: str = "R1", by: str = "leader1", **options: Any) -> Decision[Any]:
        """A leader lets a refund go."""
        return self.tell(ApproveRefund(refund=refund, treasury=NEVER, by=by, **options))

    def said(self, name: str) -> list[Any]:
        """The events of that type, ``received`` for ``payment.received``."""
        return [event for event in self.events if f"payment.{name}" == event.TYPE]

    def caused(self, kind: type[Effect]) -> list[Any]:
        """The effects of that kind."""
        return [effect for effect in self.effects if type(effect) is kind]


def opened(*lines: FeeLine) -> Player:
    """An open invoice, of 650,000 VND unless lines are given."""
    player = Player()
    player.tell(accepted(*(lines or (line(650_000),))))
    return player


def paid(*lines: FeeLine) -> Player:
    """One that was paid at the first attempt."""
    player = opened(*lines)
    assert player.gateway(player.attempt()) == "00"
    return player
