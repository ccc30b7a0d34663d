"""A result on its way through the post: ordered, told of, lost, returned. `moves` says where it is. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Effect, Impossible, Refused
from schemas.delivery import (
    ConsignmentLost,
    ConsignmentMoved,
    ConsignmentOrdered,
    ConsignmentReturned,
)
from schemas.event import Event
from schemas.payment import PaymentReceived
from services.delivery.domain import cases, envelopes, way
from services.delivery.domain.delivery import MAX_PARCELS, Delivery, Parcel, Rules, known
from services.delivery.domain.moves import DELIVERED, MONEY_CAME, TROUBLES, latest_final, merged_with, with_moves
from services.delivery.duties import AskConsignment, CancelConsignment
from services.delivery.messages import (
    ConsignmentRefused,
    ConsignmentSeen,
    ConsignmentTaken,
    HandOver,
    Moved,
    PostTold,
)


def taken(delivery: Delivery | None, outcome: ConsignmentTaken, now: datetime, rules: Rules) -> Decision[Delivery]:
    """The post office has it, perhaps after nobody could tell: ask where it is from time to time."""
    if delivery is None:
        raise Impossible("a consignment nobody ordered")
    if delivery.tracking is not None:
        return Decision(delivery)
    if delivery.status not in {"ordering", "failed"}:
        # nobody could tell, and the applicant chose another way meanwhile
        parcel = Parcel(order=delivery.order, tracking=outcome.tracking)
        past = (*delivery.past, parcel)[-MAX_PARCELS:]
        return Decision(delivery.having(past=past), effects=(CancelConsignment(order=parcel.order),))
    ordered = ConsignmentOrdered(dossier_id=delivery.dossier_id, tracking=outcome.tracking, ordered_at=now)
    travelling = delivery.to("travelling", tracking=outcome.tracking, ordered_at=now)
    return Decision(travelling, (ordered,), due=now + rules.poll)


def refused(delivery: Delivery | None, outcome: ConsignmentRefused, now: datetime) -> Decision[Delivery]:
    """The post office will not take it: an officer must act."""
    if delivery is None:
        raise Impossible("a refusal of a consignment nobody ordered")
    if delivery.status in {"travelling", "available", "delivered"}:
        return Decision(delivery)
    return way.failed(delivery, "refused", outcome.reason, now)


def paid(delivery: Delivery | None, event: PaymentReceived, now: datetime) -> Decision[Delivery]:
    """The fee of the way by post is paid, so it may go. Payments of anything else are not delivery's matter."""
    if delivery is None or delivery.fee is None or delivery.fee.invoice != event.invoice or delivery.held != "fee":
        return Decision(delivery)
    fee = delivery.fee.model_copy(update={"paid_at": event.paid_at})
    going = delivery.having(fee=fee, held=None, ordered_at=now)
    return Decision(going, effects=(way.order(going),))


def hand_over(delivery: Delivery | None, _command: HandOver, now: datetime) -> Decision[Delivery]:
    """The postman took it: from now on it has left, whatever the post office says when."""
    delivery = known(delivery)
    if delivery.status != "travelling":
        raise Refused("not_available", f"the result is {delivery.status}, not ordered")
    answer = {"tracking": delivery.tracking}
    return Decision(delivery.having(handed_at=delivery.handed_at or now, wanted=None), answer=answer)


def ask(delivery: Delivery, now: datetime, rules: Rules) -> Decision[Delivery]:
    """Time to ask where things are; and to call lost what nobody has heard of for too long."""
    effects: list[Effect] = [
        AskConsignment(tracking=p.tracking) for p in delivery.inbound if p.tracking and p.arrived_at is None
    ]
    if delivery.status != "travelling" or delivery.tracking is None:
        due = now + rules.poll if effects else None
        return Decision(delivery, effects=() if delivery.asking else tuple(effects), due=due)
    heard = max((m.at for m in delivery.moves), default=delivery.ordered_at or now)
    if now - heard >= rules.lost_after:
        return _lost(delivery, heard, now)
    effects.append(AskConsignment(tracking=delivery.tracking))
    if delivery.asking:
        return Decision(delivery, due=now + rules.poll)
    return Decision(delivery.having(asking=True), effects=tuple(effects), due=now + rules.poll)


def _lost(delivery: Delivery, heard: datetime, now: datetime) -> Decision[Delivery]:
    if delivery.tracking is None:
        raise Impossible("a consignment without a number is lost")
    said = ConsignmentLost(dossier_id=delivery.dossier_id, tracking=delivery.tracking, last_heard_at=heard, lost_at=now)
    delivery = cases.opened(delivery.having(asking=False), delivery.tracking, now)
    return way.failed(delivery, "lost", "nothing was heard of it for too long", now, (said,))


def seen(delivery: Delivery | None, outcome: ConsignmentSeen, now: datetime, rules: Rules) -> Decision[Delivery]:
    """What the post office answered when asked."""
    if delivery is None:
        raise Impossible("statuses of a consignment nobody ordered")
    tracking = outcome.tracking or delivery.tracking
    if tracking is None:
        raise Impossible("statuses of a consignment nobody ordered")
    if tracking not in {delivery.tracking, *(p.tracking for p in (*delivery.past, *delivery.inbound))}:
        return Decision(delivery.having(asking=False))
    return _told(delivery.having(asking=False), tracking, outcome.moves, now, rules)


def told(delivery: Delivery | None, command: PostTold, now: datetime, rules: Rules) -> Decision[Delivery]:
    """What it said by itself. Raises Refused for a consignment that is not of this dossier."""
    return _told(known(delivery), command.tracking, command.moves, now, rules)


def _told(
    delivery: Delivery, tracking: str, moves: tuple[Moved, ...], now: datetime, rules: Rules
) -> Decision[Delivery]:
    if tracking == delivery.tracking:
        return _moved(delivery, moves, now, rules)
    if any(p.tracking == tracking for p in delivery.past):
        return _given_up(delivery, tracking, moves, now)
    if any(p.tracking == tracking for p in delivery.inbound):
        return envelopes.coming(delivery, tracking, moves)
    raise Refused("not_found", "this dossier has no such consignment")


def _given_up(delivery: Delivery, tracking: str, moves: tuple[Moved, ...], now: datetime) -> Decision[Delivery]:
    """It is kept and decides nothing any more; but one that was lost and turns up needs no compensation."""
    past = tuple(with_moves(p, moves) if p.tracking == tracking else p for p in delivery.past)
    delivery = delivery.having(past=past)
    if not any(p.tracking == tracking and latest_final(p.moves) is not None for p in past):
        return Decision(delivery)
    return Decision(*cases.turned_up(delivery, tracking, now))


def _moved(delivery: Delivery, moves: tuple[Moved, ...], now: datetime, rules: Rules) -> Decision[Delivery]:
    """The state follows from all statuses so far; events tell what is new and what changed."""
    tracking = delivery.tracking
    if tracking is None:
        raise Impossible("statuses of a consignment nobody ordered")
    merged = merged_with(delivery.moves, moves)
    fresh = [m for m in merged if m not in set(delivery.moves)]
    said: tuple[Event, ...] = tuple(
        ConsignmentMoved(dossier_id=delivery.dossier_id, tracking=tracking, status=m.status, moved_at=m.at)
        for m in fresh
    )
    before, after = latest_final(delivery.moves), latest_final(merged)
    delivery = _paid_to_the_postman(delivery.having(moves=merged), fresh)
    if after is None:
        heard = before is not None or (bool(fresh) and fresh[-1] == merged[-1])
        return _goes_on(delivery, said, now, rules, heard=heard)
    if after == before:
        return Decision(delivery, said)
    delivery, closed = cases.turned_up(delivery, tracking, now)
    said = (*said, *closed)
    if after.status == DELIVERED:
        return way.arrived(delivery, after.at, said, wanted=None)
    trouble, reason = TROUBLES[after.status]
    if trouble == "cancelled" and delivery.wanted is not None:
        return Decision(delivery, said)  # as the applicant wanted: the answer to our own question decides
    if trouble == "returned":
        back = ConsignmentReturned(dossier_id=delivery.dossier_id, tracking=tracking, returned_at=after.at)
        said = (*said, back)
    return way.failed(delivery.having(wanted=None), trouble, reason, now, said)


def _goes_on(
    delivery: Delivery, said: tuple[Event, ...], now: datetime, rules: Rules, *, heard: bool
) -> Decision[Delivery]:
    """On its way; what was called lost, or cancelled before it was fetched, and is heard of again travels on."""
    if heard and delivery.trouble in {"lost", "cancelled"}:
        return Decision(delivery.to("travelling"), said, due=now + rules.poll)
    return Decision(delivery, said)


def _paid_to_the_postman(delivery: Delivery, fresh: list[Moved]) -> Delivery:
    came = next((m.at for m in fresh if m.status == MONEY_CAME), None)
    if came is None or not delivery.cod or delivery.fee is None:
        return delivery
    return delivery.having(fee=delivery.fee.model_copy(update={"paid_at": came}))
