"""A result on its way to the applicant. Pure.

Statuses are MyVNPost's (domain facts, section 5): 14 is delivered; 15 is not final, 12 may follow; 19 came back,
22 was cancelled. They may be told out of order and are ordered by their own time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from chassis.decision import DeadlineDue, Decision, Handlers, Impossible, Refused
from schemas.delivery import (
    ConsignmentMoved,
    ConsignmentOrdered,
    DeliveryFailed,
    DocumentStored,
    ResultAvailable,
    ResultDelivered,
)
from schemas.dossier import Applicant, DossierSubmitted, PostalAddress, ResultIssued, Way
from schemas.event import Event, Instant, Record
from schemas.personal import Owner
from services.delivery.messages import (
    AskConsignment,
    Collect,
    ConsignmentRefused,
    ConsignmentSeen,
    ConsignmentTaken,
    DocumentRefused,
    DocumentRendered,
    Moved,
    OrderConsignment,
    RenderDocument,
)

DELIVERED: Final = 14
LOST: Final = {19: "returned to the sender", 22: "cancelled"}
Status = Literal["waiting", "rendering", "ordering", "travelling", "available", "delivered", "failed"]


class Delivery(Record):
    """What is known of one dossier's result and its way."""

    dossier_id: str
    status: Status = "waiting"
    way: Way | None = None
    owner: Owner | None = None
    applicant: Applicant | None = None
    address: PostalAddress | None = None
    result: ResultIssued | None = None
    document: str | None = None
    sha256: str | None = None
    tracking: str | None = None
    moves: tuple[Moved, ...] = ()
    asking: bool = False
    delivered_at: Instant | None = None

    def to(self, status: Status, **changes: Any) -> Delivery:
        """This delivery in another status."""
        return self.model_copy(update={"status": status, **changes})


def submitted(delivery: Delivery | None, event: DossierSubmitted, _now: datetime) -> Decision[Delivery]:
    """Who gets it, and how."""
    delivery = delivery or Delivery(dossier_id=event.dossier_id)
    known = {"way": event.way, "owner": event.owner, "applicant": event.applicant, "address": event.address}
    return _render(delivery.model_copy(update=known))


def issued(delivery: Delivery | None, event: ResultIssued, _now: datetime) -> Decision[Delivery]:
    """What it says."""
    delivery = delivery or Delivery(dossier_id=event.dossier_id)
    return _render(delivery.model_copy(update={"result": event}))


def _render(delivery: Delivery) -> Decision[Delivery]:
    if delivery.status != "waiting" or delivery.result is None or delivery.applicant is None:
        return Decision(delivery)
    document = f"{delivery.dossier_id}/result"
    effect = RenderDocument(document=document, holder=delivery.applicant.name, result=delivery.result)
    return Decision(delivery.to("rendering"), effects=(effect,))


def rendered(delivery: Delivery | None, outcome: DocumentRendered, now: datetime) -> Decision[Delivery]:
    """The document is there; now its way."""
    if delivery is None or delivery.way is None or delivery.applicant is None:
        raise Impossible("a document nobody asked for")
    applicant = delivery.applicant
    stored = DocumentStored(
        dossier_id=delivery.dossier_id,
        document=outcome.document,
        sha256=outcome.sha256,
        size=outcome.size,
        stored_at=now,
    )
    delivery = delivery.model_copy(update={"document": outcome.document, "sha256": outcome.sha256})
    available = ResultAvailable(dossier_id=delivery.dossier_id, way=delivery.way, available_at=now)
    if delivery.way == "online":
        return _delivered(delivery, now, (stored, available))
    if delivery.way == "in_person":
        return Decision(delivery.to("available"), (stored, available))
    if delivery.address is None:
        raise Impossible("a result by post without an address")
    effect = OrderConsignment(
        order=delivery.dossier_id,
        to=applicant.name,
        phone=applicant.phone,
        address=delivery.address,
    )
    return Decision(delivery.to("ordering"), (stored,), (effect,))


def _delivered(delivery: Delivery, at: datetime, before: tuple[Event, ...] = ()) -> Decision[Delivery]:
    if delivery.way is None:
        raise Impossible("a delivery without a way")
    event = ResultDelivered(dossier_id=delivery.dossier_id, way=delivery.way, delivered_at=at)
    return Decision(delivery.to("delivered", delivered_at=at), (*before, event), due=None)


def collect(delivery: Delivery | None, _command: Collect, now: datetime) -> Decision[Delivery]:
    """Handed over at the desk."""
    if delivery is None:
        raise Refused("not_found", "there is nothing to collect for this dossier")
    if delivery.way != "in_person" or delivery.status != "available":
        raise Refused("not_available", f"the result is {delivery.status}, to be had {delivery.way}")
    decision = _delivered(delivery, now)
    return Decision(decision.state, decision.events, due=None, answer={"status": "delivered"})


def taken(delivery: Delivery | None, outcome: ConsignmentTaken, now: datetime, poll: timedelta) -> Decision[Delivery]:
    """The post office has it, perhaps after nobody could tell: ask where it is from time to time."""
    if delivery is None:
        raise Impossible("a consignment nobody ordered")
    if delivery.tracking is not None:
        return Decision(delivery)
    ordered = ConsignmentOrdered(dossier_id=delivery.dossier_id, tracking=outcome.tracking, ordered_at=now)
    return Decision(delivery.to("travelling", tracking=outcome.tracking), (ordered,), due=now + poll)


def refused(
    delivery: Delivery | None, outcome: ConsignmentRefused | DocumentRefused, now: datetime
) -> Decision[Delivery]:
    """An officer must act."""
    return _failed(delivery, outcome.reason, now)


def _failed(
    delivery: Delivery | None, reason: str, now: datetime, before: tuple[Event, ...] = ()
) -> Decision[Delivery]:
    if delivery is None or delivery.way is None:
        raise Impossible("a failure of a delivery that was never begun")
    event = DeliveryFailed(dossier_id=delivery.dossier_id, way=delivery.way, reason=reason, failed_at=now)
    return Decision(delivery.to("failed"), (*before, event), due=None)


def ask(delivery: Delivery, _due: DeadlineDue, now: datetime, poll: timedelta) -> Decision[Delivery]:
    """Time to ask where it is."""
    if delivery.status != "travelling" or delivery.tracking is None:
        return Decision(delivery)
    if delivery.asking:
        return Decision(delivery, due=now + poll)
    asking = delivery.model_copy(update={"asking": True})
    return Decision(asking, effects=(AskConsignment(tracking=delivery.tracking),), due=now + poll)


def seen(delivery: Delivery | None, outcome: ConsignmentSeen, now: datetime) -> Decision[Delivery]:
    """Tells what is new, in the order of its own times."""
    if delivery is None or delivery.tracking is None:
        raise Impossible("statuses of a consignment nobody ordered")
    if delivery.status != "travelling":
        return Decision(delivery.model_copy(update={"asking": False}))
    known = set(delivery.moves)
    fresh = sorted((m for m in set(outcome.moves) if m not in known), key=lambda m: (m.at, m.status))
    events = tuple(
        ConsignmentMoved(dossier_id=delivery.dossier_id, tracking=delivery.tracking, status=m.status, moved_at=m.at)
        for m in fresh
    )
    moves = tuple(sorted((*delivery.moves, *fresh), key=lambda m: (m.at, m.status)))
    delivery = delivery.model_copy(update={"moves": moves, "asking": False})
    arrived = next((m for m in moves if m.status == DELIVERED), None)
    if arrived is not None:
        return _delivered(delivery, arrived.at, events)
    lost = next((m for m in moves if m.status in LOST), None)
    if lost is not None:
        return _failed(delivery, LOST[lost.status], now, events)
    return Decision(delivery, events)


def handlers(poll: timedelta) -> Handlers:
    """What a delivery reacts to. `poll`: how often the post office is asked."""
    return {
        DossierSubmitted: submitted,
        ResultIssued: issued,
        DocumentRendered: rendered,
        Collect: collect,
        ConsignmentTaken: lambda state, message, now: taken(state, message, now, poll),
        ConsignmentRefused: refused,
        DocumentRefused: refused,
        DeadlineDue: lambda state, message, now: ask(state, message, now, poll),
        ConsignmentSeen: seen,
    }
