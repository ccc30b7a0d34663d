"""The applicant's choice may change until the result has left; after it came back it is made anew. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Impossible, Refused
from schemas.delivery import ChoiceChanged, ChoiceRefused
from services.delivery.domain import way
from services.delivery.domain.delivery import MAX_PARCELS, Delivery, Parcel, Rules, known
from services.delivery.domain.moves import CANCELLED, FETCHED, latest_final, with_moves
from services.delivery.domain.places import DESKS, in_force
from services.delivery.duties import CancelConsignment
from services.delivery.messages import Cancelled, Choice, Choose

Said = tuple[ChoiceChanged, ...]


def choose(delivery: Delivery | None, command: Choose, now: datetime, rules: Rules) -> Decision[Delivery]:
    """Another way, desk, address or person.

    Raises:
        Refused: `left` (the post office has it), `delivered`, `busy` (an order is being made: try again), `invalid`.
    """
    delivery = known(delivery)
    must_be_open(delivery)
    _check(delivery, command.choice, now)
    if delivery.status == "travelling":
        return _recall(delivery, command.choice)
    return _chosen(delivery, command.choice, now, rules)


def must_be_open(delivery: Delivery) -> None:
    """Raises Refused as `choose`, for what no choice would change: the way is as it is now."""
    if delivery.way is None:
        raise Refused("not_available", "the dossier is not known here yet")
    if delivery.status == "delivered":
        raise Refused("delivered", "the result has arrived")
    if delivery.status == "failed" and delivery.trouble == "document":
        raise Refused("not_available", "the result document could not be made yet")
    if delivery.status == "ordering" and delivery.held is None:
        raise Refused("busy", "the post office is being asked just now: try again in a minute")
    if delivery.status == "travelling" and _fetched(delivery):
        raise Refused("left", "the post office has it: the choice cannot be changed any more")


def _fetched(delivery: Delivery) -> bool:
    return delivery.handed_at is not None or any(move.status in FETCHED for move in delivery.moves)


def _check(delivery: Delivery, choice: Choice, now: datetime) -> None:
    if choice.desk is not None and choice.desk not in DESKS:
        raise Refused("invalid", "there is no such desk", field="desk")
    address = choice.address or delivery.address
    if choice.way != "post":
        return
    if address is None:
        raise Refused("invalid", "a result by post needs an address", field="address")
    if not in_force(address, now.astimezone(way.LOCAL).date()):
        raise Refused("invalid", "this commune is not in force any more", field="address.commune")


def _recall(delivery: Delivery, choice: Choice) -> Decision[Delivery]:
    """Ordered, perhaps not fetched yet: the post office is asked to let go of it."""
    effects = () if delivery.wanted is not None else (CancelConsignment(order=delivery.order),)
    return Decision(delivery.having(wanted=choice), effects=effects, answer={"status": "asked"})


def cancelled(delivery: Delivery | None, outcome: Cancelled, now: datetime, rules: Rules) -> Decision[Delivery]:
    """The post office let go of it, or has fetched it already."""
    if delivery is None:
        raise Impossible("an order nobody took back")
    wanted = delivery.wanted
    if wanted is None:
        return Decision(delivery)
    delivery = delivery.having(wanted=None)
    final = latest_final(delivery.moves)
    let_go = outcome.done or (final is not None and final.status in CANCELLED)
    if let_go and delivery.status in {"travelling", "failed"}:
        return _chosen(delivery, wanted, now, rules)
    refused = ChoiceRefused(dossier_id=delivery.dossier_id, way=wanted.way, refused_at=now)
    return Decision(delivery, (refused,))


def _chosen(delivery: Delivery, choice: Choice, now: datetime, rules: Rules) -> Decision[Delivery]:
    if delivery.way is None:
        raise Impossible("a choice for a delivery that is not known")
    said = ChoiceChanged(
        dossier_id=delivery.dossier_id, way=choice.way, was=delivery.way, desk=choice.desk, changed_at=now
    )
    answer = {"status": "changed"}
    having = delivery.having(
        way=choice.way,
        desk=choice.desk or delivery.desk,
        address=choice.address or delivery.address,
        authorised=choice.authorised or delivery.authorised,
    )
    if having.status == "waiting" or (having.status == "rendering" and having.held != "physical"):
        return Decision(having, (said,), answer=answer)
    if having.held == "physical":
        return Decision(having, (said,), answer=answer)
    decided = way.dispatch(_put_away(having), now, rules, (said,))
    return Decision(decided.state, decided.events, decided.effects, decided.due, answer)


def _put_away(delivery: Delivery) -> Delivery:
    """What was on its way before is over: it stays known by its number."""
    if delivery.tracking is None:
        return delivery.having(fee=None)
    parcel = with_moves(Parcel(order=delivery.order, tracking=delivery.tracking), delivery.moves)
    past = (*delivery.past, parcel)[-MAX_PARCELS:]
    return delivery.having(past=past, tracking=None, moves=(), asking=False, handed_at=None, fee=None)
