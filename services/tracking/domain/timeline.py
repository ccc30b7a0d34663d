"""The timeline of a dossier and its national status, from facts in whatever order they come. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from chassis.decision import Decision, Handlers
from law.statuses import Status
from schemas import delivery, dossier, notification, payment, work
from schemas.event import DossierEvent, Instant, Record, format_instant
from schemas.personal import Owner
from schemas.work import Act

MAX_ENTRIES: Final = 200
MAX_DETAIL: Final = 500
REACHED: Final[tuple[tuple[str, str | None, Status], ...]] = (
    ("dossier.completed", None, Status.RETURNED),
    ("dossier.withdrawn", None, Status.WITHDRAWN),
    ("dossier.stopped", None, Status.STOPPED),
    ("dossier.rejected", None, Status.REFUSED),
    ("dossier.fee_requested", "dossier.fee_settled", Status.FEE_REQUESTED),
    ("dossier.decided", None, Status.DECIDED),
    ("dossier.supplement_requested", "dossier.supplemented", Status.SUPPLEMENT_REQUESTED),
    ("dossier.examined", None, Status.PROCESSING),
    ("dossier.assigned", None, Status.PROCESSING),
    ("payment.invoice_opened", "payment.received", Status.FEE_REQUESTED),
    ("dossier.accepted", None, Status.RECEIVED),
    ("dossier.submitted", None, Status.REGISTERED),
)
"""What decides the status, the last word first: a fact, unless another is known too; never their order."""
TIMED: Final = (
    dossier.DossierAccepted,
    dossier.FeeRequested,
    dossier.FeeSettled,
    dossier.SupplementRequested,
    dossier.DossierSupplemented,
    dossier.DossierExtended,
    work.StageAnswered,
)
"""What moves the due date; of one stream, so the last one heard is the last one said."""


class Entry(Record):
    """One thing that happened; `detail` tells messages and consignment statuses apart; `by`: the officer and step."""

    at: Instant
    type: str
    detail: str = ""
    by: Act | None = None


class Tracked(Record):
    """What is known of one dossier. `facts`: event types seen."""

    dossier_id: str
    procedure: str | None = None
    owner: Owner | None = None
    code: str | None = None
    due_at: Instant | None = None
    facts: frozenset[str] = frozenset()
    entries: tuple[Entry, ...] = ()

    @property
    def status(self) -> Status | None:
        """National status code (domain facts, 2.2), None before its submission is known."""
        held = (status for fact, less, status in REACHED if fact in self.facts and less not in self.facts)
        return next(held, None)


def track(tracked: Tracked | None, event: DossierEvent, now: datetime) -> Decision[Tracked]:
    """Adds a fact and its entry; the timeline is sorted by time, then by type."""
    tracked = tracked or Tracked(dossier_id=event.dossier_id)
    by = getattr(event, "by", None)  # of payment's events it is an account, without a role: no act of the procedure
    entry = Entry(
        at=_instant(event, now),
        type=event.TYPE,
        detail=_detail(event)[:MAX_DETAIL],
        by=by if isinstance(by, Act) else None,
    )
    entries = sorted({*tracked.entries, entry}, key=lambda e: (e.at, e.type, e.detail))[-MAX_ENTRIES:]
    changes: dict[str, object] = {"facts": tracked.facts | {event.TYPE}, "entries": tuple(entries)}
    if isinstance(event, dossier.DossierSubmitted):
        changes |= {"procedure": event.procedure, "owner": event.owner}
    if isinstance(event, dossier.DossierAccepted):
        changes["code"] = event.code
    if isinstance(event, TIMED) and (tracked.code or not isinstance(event, dossier.FeeSettled)):
        changes["due_at"] = getattr(event, "due_at", None)
    if isinstance(event, work.DossierRetimed) and event.matter == "term" and tracked.due_at is not None:
        changes["due_at"] = event.due_at  # while a fee is open nothing is due: only the promise moved
    return Decision(tracked.model_copy(update=changes))


def _instant(event: DossierEvent, now: datetime) -> datetime:
    """The event's own instant: the field of it that ends in ``_at`` and is in the past, or ``at``."""
    for name in type(event).model_fields:
        if name == "at" or (name.endswith("_at") and name not in {"due_at", "expires_at", "last_heard_at"}):
            value = getattr(event, name)
            if isinstance(value, datetime):
                return value
    return now


WORDS: Final[dict[type[DossierEvent], str]] = {
    dossier.FeeRequested: "total",
    dossier.ResultIssued: "number",
    payment.ReceiptIssued: "number",
    payment.RefundRequested: "amount",
    payment.RefundMade: "amount",
    payment.PaymentHeld: "amount",
    delivery.ConsignmentLost: "tracking",
    delivery.DocumentRevoked: "reason",
    dossier.DossierRejected: "reason",
    dossier.DossierExtended: "reason",
    dossier.DossierStopped: "reason",
    dossier.DossierWithdrawn: "reason",
    dossier.DossierDecided: "reason",
    work.DossierAssigned: "unit",
    work.StepDone: "step",
    work.Overdue: "matter",
    work.DossierRetimed: "matter",
}
"""The field that is the detail, where it is one alone."""


def _detail(event: DossierEvent) -> str:  # noqa: PLR0911 - one case a kind
    match event:
        case delivery.ConsignmentMoved():
            return f"{event.status}@{format_instant(event.moved_at)}"
        case delivery.ChoiceChanged():
            return f"{event.was} -> {event.way}"
        case work.StageAnswered():
            return f"{event.stage}: {event.answer}"
        case (
            notification.MessageSent()
            | notification.MessageDelivered()
            | notification.MessageUnknown()
            | notification.MessageExpired()
        ):
            return f"{event.subject}/{event.channel}"
        case notification.MessageFailed() | notification.MessageSuppressed():
            return f"{event.subject}/{event.channel}: {event.reason}"
        case dossier.SupplementRequested():
            return "; ".join(f"{item.label.vi if item.label else item.name}: {item.why}" for item in event.items)
        case _:
            field = WORDS.get(type(event))
            return str(getattr(event, field) or "") if field is not None else ""


HANDLERS: Handlers = dict.fromkeys((*dossier.EVENTS, *payment.EVENTS, *delivery.EVENTS, *notification.EVENTS), track)
