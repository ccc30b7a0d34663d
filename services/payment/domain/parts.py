"""The invoices of one dossier: that of its fee, and one for each way by post that costs something. Pure.

They are one document, for what they say is one stream; each is decided about by itself, as if it were alone. The
document is the fee's invoice; the others are kept in it as forms, so that a replica of another release, which may know
fewer fields of an invoice, leaves the rest as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.decision import Decision, Effect, Handler
from schemas.event import Event
from services.payment.domain.state import Invoice

NAMES = ("attempt", "refund", "case", "taking", "id")
"""Fields of messages that name something an invoice has."""


def fee(document: Invoice | None) -> Invoice | None:
    """The invoice of the dossier's fee."""
    return None if document is None or document.bare else document


def postages(document: Invoice | None) -> tuple[Invoice, ...]:
    """Those of the ways by post, in the order they were asked for."""
    if document is None or not document.further:
        return ()
    found = (Invoice.model_validate(form) for form in document.further.values())
    return tuple(sorted(found, key=lambda invoice: invoice.post or 0))


def parts(document: Invoice | None) -> tuple[Invoice, ...]:
    """All of them, the fee's first."""
    first = fee(document)
    return postages(document) if first is None else (first, *postages(document))


def named(document: Invoice | None, number: str | None) -> Invoice | None:
    """The invoice of that number; None names the fee's."""
    if number is None:
        return fee(document)
    return next((invoice for invoice in parts(document) if invoice.number == number), None)


def having(document: Invoice | None, thing: str) -> Invoice | None:
    """The invoice that has an attempt, a payment, a refund or a case of that id."""
    return next((invoice for invoice in parts(document) if _has(invoice, thing)), None)


def _has(invoice: Invoice, thing: str) -> bool:
    kinds: tuple[tuple[Any, ...], ...] = (invoice.attempts, invoice.takings, invoice.refunds, invoice.cases)
    return any(found.id == thing for kind in kinds for found in kind)


def joined(document: Invoice | None, changed: Invoice | None) -> Invoice | None:
    """The document with one of its invoices changed."""
    if changed is None or changed.purpose is None:
        return changed or document
    if document is None:
        raise ValueError("postage is kept in a document")
    old = document.further.get(changed.number, {})
    unknown = {name: value for name, value in old.items() if name not in Invoice.model_fields}
    return document.changed(further={**document.further, changed.number: {**unknown, **changed.dump()}})


def due(document: Invoice | None) -> datetime | None:
    """When to look at any of them next."""
    return min((found for invoice in parts(document) if (found := invoice.due) is not None), default=None)


def decided(document: Invoice | None, decision: Decision[Invoice]) -> Decision[Invoice]:
    """The decision about one invoice, as one about the document."""
    whole = joined(document, decision.state)
    return replace(decision, state=whole, due=due(whole))


def one(handler: Handler) -> Handler:
    """For messages about one invoice: the one they name, or that has what they name; else the fee's."""

    def decide(document: Invoice | None, message: Any, now: datetime) -> Decision[Invoice]:
        return decided(document, handler(_about(document, message), message, now))

    return decide


def _about(document: Invoice | None, message: Any) -> Invoice | None:
    things = [thing for name in NAMES if (thing := getattr(message, name, None)) is not None]
    found = next((invoice for thing in things if (invoice := having(document, thing)) is not None), None)
    return found or named(document, getattr(message, "invoice", None))


def each(handler: Callable[[Invoice, Any, datetime], Decision[Invoice]]) -> Handler:
    """For messages about the dossier: every invoice is told, one after the other."""

    def decide(document: Invoice | None, message: Any, now: datetime) -> Decision[Invoice]:
        events: list[Event] = []
        effects: list[Effect] = []
        for invoice in parts(document):
            found = handler(invoice, message, now)
            document = joined(document, found.state)
            events.extend(found.events)
            effects.extend(found.effects)
        return Decision(document, tuple(events), tuple(effects), due=due(document))

    return decide
