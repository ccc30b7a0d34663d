"""The timeline of a dossier and its national status, from facts in whatever order they come. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from chassis.decision import Decision, Handlers
from law.statuses import Status
from schemas import delivery, dossier, notification, payment
from schemas.event import DossierEvent, Instant, Record, format_instant
from schemas.personal import Owner

MAX_ENTRIES: Final = 200
REACHED: Final[tuple[tuple[str, Status], ...]] = (
    ("dossier.completed", Status(10)),
    ("dossier.rejected", Status(3)),
    ("dossier.decided", Status(9)),
    ("payment.received", Status(4)),
    ("payment.invoice_opened", Status(6)),
    ("dossier.examined", Status(4)),
    ("dossier.accepted", Status(2)),
    ("dossier.submitted", Status(1)),
)
"""What decides the status, the last word first: it depends on which facts are known, never on their order."""


class Entry(Record):
    """One thing that happened; `detail` tells messages and consignment statuses apart."""

    at: Instant
    type: str
    detail: str = ""


class Tracked(Record):
    """What is known of one dossier. `facts`: event types seen."""

    dossier_id: str
    procedure: str | None = None
    owner: Owner | None = None
    code: str | None = None
    facts: frozenset[str] = frozenset()
    entries: tuple[Entry, ...] = ()

    @property
    def status(self) -> Status | None:
        """National status code (domain facts, 2.2), None before its submission is known."""
        return next((status for fact, status in REACHED if fact in self.facts), None)


def track(tracked: Tracked | None, event: DossierEvent, now: datetime) -> Decision[Tracked]:
    """Adds a fact and its entry; the timeline is sorted by time, then by type."""
    tracked = tracked or Tracked(dossier_id=event.dossier_id)
    entry = Entry(at=_instant(event, now), type=event.TYPE, detail=_detail(event))
    entries = sorted({*tracked.entries, entry}, key=lambda e: (e.at, e.type, e.detail))[-MAX_ENTRIES:]
    changes: dict[str, object] = {"facts": tracked.facts | {event.TYPE}, "entries": tuple(entries)}
    if isinstance(event, dossier.DossierSubmitted):
        changes |= {"procedure": event.procedure, "owner": event.owner}
    if isinstance(event, dossier.DossierAccepted):
        changes["code"] = event.code
    return Decision(tracked.model_copy(update=changes))


def _instant(event: DossierEvent, now: datetime) -> datetime:
    """The event's own instant: the field of it that ends in ``_at`` and is in the past, or ``at``."""
    for name in type(event).model_fields:
        if name == "at" or (name.endswith("_at") and name not in {"due_at", "expires_at"}):
            value = getattr(event, name)
            if isinstance(value, datetime):
                return value
    return now


def _detail(event: DossierEvent) -> str:
    match event:
        case delivery.ConsignmentMoved():
            return f"{event.status}@{format_instant(event.moved_at)}"
        case notification.MessageSent() | notification.MessageDelivered() | notification.MessageUnknown():
            return f"{event.subject}/{event.channel}"
        case notification.MessageFailed():
            return f"{event.subject}/{event.channel}: {event.reason}"
        case dossier.ResultIssued() | payment.ReceiptIssued():
            return event.number
        case _:
            return ""


HANDLERS: Handlers = dict.fromkeys((*dossier.EVENTS, *payment.EVENTS, *delivery.EVENTS, *notification.EVENTS), track)
