"""One decision while it is being made: the invoice so far, what is said, what is caused. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chassis.decision import Decision, Effect
from schemas.event import Event
from services.payment.domain.ledger import Journal
from services.payment.domain.state import Invoice


@dataclass(frozen=True, slots=True)
class Step:
    """Each method gives the next one."""

    invoice: Invoice
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()

    def to(self, invoice: Invoice) -> Step:
        """With the invoice as it is now."""
        return replace(self, invoice=invoice)

    def change(self, **changes: Any) -> Step:
        """With some fields of the invoice changed."""
        return self.to(self.invoice.changed(**changes))

    def say(self, *events: Event) -> Step:
        """And these events."""
        return replace(self, events=(*self.events, *events))

    def cause(self, *effects: Effect) -> Step:
        """And these effects."""
        return replace(self, effects=(*self.effects, *effects))

    def book(self, journal: Journal) -> Step:
        """And this journal in the ledger."""
        return self.change(journals=(*self.invoice.journals, journal))

    def decide(self, answer: Mapping[str, Any] | None = None) -> Decision[Invoice]:
        """The decision; its deadline is the invoice's."""
        return Decision(self.invoice, self.events, self.effects, due=self.invoice.due, answer=answer or {})
