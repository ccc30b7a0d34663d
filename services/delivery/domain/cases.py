"""Compensation cases for consignments that were lost: opened, closed by what was paid or because it turned up. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Refused
from schemas.delivery import CaseClosed
from services.delivery.domain.delivery import MAX_PARCELS, Case, Delivery, known
from services.delivery.messages import CloseCase


def opened(delivery: Delivery, tracking: str, now: datetime) -> Delivery:
    """One case a loss: a consignment that is called lost again while its case is open has the same one."""
    if _open(delivery, tracking) is not None:
        return delivery
    earlier = (*delivery.cases, delivery.case)[-MAX_PARCELS:] if delivery.case else delivery.cases
    return delivery.having(case=Case(tracking=tracking, opened_at=now), cases=earlier)


def turned_up(delivery: Delivery, tracking: str, now: datetime) -> tuple[Delivery, tuple[CaseClosed, ...]]:
    """It arrived or came back after all: there is nothing to compensate."""
    case = _open(delivery, tracking)
    if case is None:
        return delivery, ()
    said = CaseClosed(dossier_id=delivery.dossier_id, tracking=tracking, outcome="found", closed_at=now)
    return _with(delivery, case, case.model_copy(update={"outcome": "found"})), (said,)


def close(delivery: Delivery | None, command: CloseCase, now: datetime) -> Decision[Delivery]:
    """What a case came to; without a number the last one that is open. Raises Refused."""
    delivery = known(delivery)
    case = _open(delivery, command.tracking)
    if case is None:
        raise Refused("not_found", "there is no open compensation case")
    changed = case.model_copy(update={"outcome": command.outcome, "amount": command.amount})
    said = CaseClosed(
        dossier_id=delivery.dossier_id,
        tracking=case.tracking,
        outcome=command.outcome,
        amount=command.amount,
        closed_at=now,
    )
    answer = {"outcome": command.outcome, "tracking": case.tracking}
    return Decision(_with(delivery, case, changed), (said,), answer=answer)


def _open(delivery: Delivery, tracking: str | None) -> Case | None:
    cases = (delivery.case, *reversed(delivery.cases))
    fits = (c for c in cases if c is not None and c.outcome is None and tracking in {None, c.tracking})
    return next(fits, None)


def _with(delivery: Delivery, case: Case, changed: Case) -> Delivery:
    if delivery.case == case:
        return delivery.having(case=changed)
    return delivery.having(cases=tuple(changed if c == case else c for c in delivery.cases))
