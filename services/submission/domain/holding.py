"""Who holds a dossier under examination: assigned to a unit, taken, put back, handed over. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Refused
from schemas.work import By, DossierAssigned, DossierHandedOver, DossierReleased, DossierTaken
from services.submission.domain import timing
from services.submission.domain.dossier import Dossier, Rules
from services.submission.domain.graph import enter
from services.submission.messages import AssignDossier, HandOver, ReleaseDossier, TakeDossier


def mine(dossier: Dossier, by: By) -> None:
    """Raises Refused `not_holder`: only its holder goes on with it, or who stands in for them."""
    if dossier.holder is None:
        raise Refused("not_holder", "nobody holds the dossier: take it first")
    if dossier.holder != by.principal:
        raise Refused("not_holder", f"the dossier is held by {dossier.holder}")


def takeable(dossier: Dossier, by: By) -> None:
    """Raises Refused `forbidden` (another unit's), `taken` (names the holder)."""
    if dossier.unit != by.unit:
        raise Refused("forbidden", f"the dossier is with the unit {dossier.unit}")
    if dossier.holder is not None:
        raise Refused("taken", f"the dossier is held by {dossier.holder}")


def apart(dossier: Dossier, by: By) -> None:
    """Raises Refused `four_eyes`: who examined a dossier, or stood in for who did, judges nothing about it."""
    if {by.officer, by.principal} & set(dossier.officers):
        raise Refused("four_eyes", "who examined a dossier neither decides it nor answers a complaint about it")


def assign(dossier: Dossier | None, command: AssignDossier, now: datetime, rules: Rules) -> Decision[Dossier]:
    """Gives it to a unit of the department; who held it before does no more."""
    dossier = enter(dossier, command)
    if command.unit not in rules.units:
        raise Refused("invalid", f"the units are {', '.join(sorted(rules.units))}", field="unit")
    by = timing.act(dossier, command.by)
    held = {"holder": command.officer, "held_since": now if command.officer else None}
    assigned = dossier.to("examining", now, unit=command.unit, **held)
    event = DossierAssigned(dossier_id=dossier.id, unit=command.unit, officer=command.officer, assigned_at=now, by=by)
    return Decision(assigned, (event,), answer=assigned.answer)


def take(dossier: Dossier | None, command: TakeDossier, now: datetime) -> Decision[Dossier]:
    """An officer of its unit takes it. Raises Refused `forbidden` (another unit's), `taken` (names the holder)."""
    dossier = enter(dossier, command)
    takeable(dossier, command.by)
    taken = dossier.same(now, holder=command.by.principal, held_since=now)
    event = DossierTaken(dossier_id=dossier.id, taken_at=now, by=timing.act(dossier, command.by))
    return Decision(taken, (event,), answer=taken.answer)


def release(dossier: Dossier | None, command: ReleaseDossier, now: datetime) -> Decision[Dossier]:
    """Back into the unit's inbox."""
    dossier = enter(dossier, command)
    mine(dossier, command.by)
    by = timing.act(dossier, command.by, command.reason)
    released = dossier.same(now, holder=None, held_since=None)
    return Decision(released, (DossierReleased(dossier_id=dossier.id, released_at=now, by=by),), answer=released.answer)


def hand_over(dossier: Dossier | None, command: HandOver, now: datetime) -> Decision[Dossier]:
    """To a colleague."""
    dossier = enter(dossier, command)
    mine(dossier, command.by)
    if command.to == dossier.holder:
        raise Refused("invalid", "the dossier is theirs already", field="to")
    by = timing.act(dossier, command.by, command.reason)
    handed = dossier.same(now, holder=command.to, held_since=now)
    event = DossierHandedOver(dossier_id=dossier.id, to=command.to, handed_over_at=now, by=by)
    return Decision(handed, (event,), answer=handed.answer)
