"""From a document to the applicant: which way it goes, when it has arrived, what went wrong. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from chassis.decision import Decision, Effect, Impossible
from schemas.delivery import DeliveryFailed, DeliveryFeeDue, ResultAvailable, ResultDelivered
from schemas.event import Event
from schemas.parts import Way
from services.delivery.domain.delivery import Delivery, Fee, Rules, Trouble
from services.delivery.domain.places import desk_name, in_force
from services.delivery.duties import OrderConsignment

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
Said = tuple[Event, ...]


def carried(delivery: Delivery, rules: Rules) -> Way:
    """How the last part of it travels: a paper original or a card goes by no wire, so it waits at the desk."""
    if delivery.way is None:
        raise Impossible("a delivery without a way")
    return "in_person" if delivery.way == "online" and tangible(delivery, rules) else delivery.way


def tangible(delivery: Delivery, rules: Rules) -> bool:
    """Whether something of it can be held in the hand: a paper original, a card, a plaque."""
    form = rules.form(delivery.papers.procedure)
    return form.paper or form.physical is not None or bool(delivery.physical)


def dispatch(delivery: Delivery, now: datetime, rules: Rules, said: Said = ()) -> Decision[Delivery]:
    """Sends it the chosen way, or holds it for what must come first."""
    way = carried(delivery, rules)
    form = rules.form(delivery.papers.procedure)
    if delivery.available_at is None and (way == "online" or form.paper or form.physical is not None):
        said = (*said, ResultAvailable(dossier_id=delivery.dossier_id, way="online", available_at=now))
        delivery = delivery.having(available_at=now)
    approved = delivery.result is not None and delivery.result.outcome == "approved"
    if form.physical is not None and approved and not delivery.physical:
        return Decision(delivery.to("rendering", held="physical"), said)
    if way == "online":
        return arrived(delivery, now, said)
    if way == "in_person":
        return at_the_desk(delivery, now, rules, said)
    return by_post(delivery, now, rules, said)


def at_the_desk(delivery: Delivery, now: datetime, rules: Rules, said: Said = ()) -> Decision[Delivery]:
    """It waits to be collected; reminders begin."""
    desk = delivery.desk or rules.desk
    event = ResultAvailable(
        dossier_id=delivery.dossier_id,
        way="in_person",
        available_at=now,
        desk=desk,
        desk_name=desk_name(desk),
        pickup=delivery.pickup,
    )
    waiting = delivery.to("available", desk=desk, available_at=now, reminded=0, held=None)
    return Decision(waiting, (*said, event), due=reminder(waiting, rules))


def reminder(delivery: Delivery, rules: Rules) -> datetime | None:
    """When the applicant is reminded next, or it counts as uncollected; None when there is nothing more to say."""
    if delivery.available_at is None:
        return None
    if delivery.reminded < len(rules.remind_after):
        return delivery.available_at + rules.remind_after[delivery.reminded]
    return delivery.available_at + rules.uncollected_after


def by_post(delivery: Delivery, now: datetime, rules: Rules, said: Said = ()) -> Decision[Delivery]:
    """Orders the post office to bring it, once the fee is paid where it is due beforehand."""
    if delivery.address is None or delivery.applicant is None:
        raise Impossible("a result by post without an address")
    if not in_force(delivery.address, now.astimezone(LOCAL).date()):
        return failed(delivery, "refused", "the commune of the address is not in force any more", now, said)
    desk = delivery.desk or rules.desk
    delivery = delivery.having(ordered=delivery.ordered + 1, ordered_at=now, handed_at=None, desk=desk, fee=None)
    if rules.fee:
        fee = Fee(invoice=f"{delivery.dossier_id}/post-{delivery.ordered}", amount=rules.fee)
        delivery = delivery.having(fee=fee)
        if rules.fee_by == "payment":
            event = DeliveryFeeDue(dossier_id=delivery.dossier_id, invoice=fee.invoice, amount=fee.amount, due_at=now)
            return Decision(delivery.to("ordering", held="fee"), (*said, event), due=None)
    return Decision(delivery.to("ordering", held=None), said, (order(delivery),), due=None)


def order(delivery: Delivery) -> Effect:
    """The order of the consignment under way, fetched from the desk where the result lies."""
    if delivery.address is None or delivery.applicant is None:
        raise Impossible("a result by post without an address")
    applicant = delivery.applicant
    return OrderConsignment(
        order=delivery.order,
        to=applicant.name,
        phone=applicant.phone,
        address=delivery.address,
        cod=delivery.cod,
        desk=delivery.desk,
    )


def arrived(delivery: Delivery, at: datetime, said: Said = (), **changes: object) -> Decision[Delivery]:
    """The applicant has it."""
    if delivery.way is None:
        raise Impossible("a delivery without a way")
    receiver = changes.get("collected")
    event = ResultDelivered(
        dossier_id=delivery.dossier_id,
        way=delivery.way,
        delivered_at=at,
        receiver="authorised" if receiver == "authorised" else "applicant",
    )
    return Decision(delivery.to("delivered", delivered_at=at, held=None, **changes), (*said, event), due=None)


def failed(delivery: Delivery, trouble: Trouble, reason: str, now: datetime, said: Said = ()) -> Decision[Delivery]:
    """It did not arrive; the applicant or an officer must act."""
    if delivery.way is None:
        raise Impossible("a failure of a delivery that was never begun")
    event = DeliveryFailed(dossier_id=delivery.dossier_id, way=delivery.way, reason=reason, failed_at=now)
    changes = {"trouble": trouble, "delivered_at": None, "held": None}
    return Decision(delivery.having(status="failed", **changes), (*said, event), due=None)
