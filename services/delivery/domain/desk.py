"""At the desk: reminders, who comes for it, what nobody comes for. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Refused
from schemas.delivery import PickupReminded, ResultUncollected
from services.delivery.domain import way
from services.delivery.domain.delivery import Delivery, Rules, known
from services.delivery.domain.places import desk_name
from services.delivery.messages import Collect


def collect(delivery: Delivery | None, command: Collect, now: datetime) -> Decision[Delivery]:
    """Handed over, also when it came late. What was proved is checked at the door and told in the command."""
    delivery = known(delivery)
    waits = delivery.status == "available" or (delivery.status == "failed" and delivery.trouble == "uncollected")
    if not waits:
        raise Refused("not_available", f"the result is {delivery.status}, to be had {delivery.way}")
    if command.receiver == "authorised" and delivery.authorised is None:
        raise Refused("not_authorised", "the applicant authorised nobody")
    decision = way.arrived(delivery, now, collected=command.receiver)
    return Decision(decision.state, decision.events, due=None, answer={"status": "delivered"})


def remind(delivery: Delivery, now: datetime, rules: Rules) -> Decision[Delivery]:
    """A reminder is due, or the time to wait is over. It can still be collected after that."""
    if delivery.available_at is None or delivery.desk is None:
        return Decision(delivery, due=None)
    keeps = delivery.available_at + rules.uncollected_after
    if now >= keeps:
        said = ResultUncollected(
            dossier_id=delivery.dossier_id,
            desk=delivery.desk,
            desk_name=desk_name(delivery.desk),
            available_at=delivery.available_at,
            uncollected_at=now,
        )
        return way.failed(delivery, "uncollected", "nobody came for it in time", now, (said,))
    passed = sum(delivery.available_at + after <= now for after in rules.remind_after)
    if passed <= delivery.reminded:
        return Decision(delivery, due=way.reminder(delivery, rules))
    reminded = PickupReminded(
        dossier_id=delivery.dossier_id,
        desk=delivery.desk,
        desk_name=desk_name(delivery.desk),
        keeps_until=keeps,
        reminded_at=now,
    )
    delivery = delivery.having(reminded=passed)
    return Decision(delivery, (reminded,), due=way.reminder(delivery, rules))
