"""The decision, the numbered result and its return. Who examined does not decide. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Impossible, Refused
from chassis.series import NumberTaken, TakeNumber
from schemas.delivery import ResultDelivered
from schemas.dossier import DossierCompleted, DossierDecided, ResultIssued
from services.submission.domain import charging, timing
from services.submission.domain.dossier import Dossier, Rules, local_day
from services.submission.domain.graph import enter, known
from services.submission.domain.holding import apart
from services.submission.messages import DecideDossier, IssueResult


def decide(dossier: Dossier | None, command: DecideDossier, now: datetime, rules: Rules) -> Decision[Dossier]:
    """Approved, or refused with its reason and legal ground; some approved ones wait for their fee now.

    Raises Refused `four_eyes`, `invalid`.
    """
    dossier = enter(dossier, command)
    apart(dossier, command.by)
    if command.outcome == "refused":
        for field in ("reason", "ground"):
            if getattr(command, field) is None:
                raise Refused("invalid", "a refusal says why and names its legal ground", field=field)
    changes = {"outcome": command.outcome, "reason": command.reason, "ground": command.ground}
    decided = dossier.to("issuing", now, **changes)
    event = DossierDecided(
        dossier_id=dossier.id,
        outcome=command.outcome,
        reason=command.reason,
        ground=command.ground,
        decided_at=now,
        by=timing.act(dossier, command.by, command.reason),
    )
    if command.outcome == "approved" and charging.due_with_decision(decided):
        decided, request = charging.ask(decided, now)
        return Decision(timing.retimed(decided, rules), (event, request), answer=decided.answer)
    return Decision(decided, (event,), answer=decided.answer)


def issue(dossier: Dossier | None, command: IssueResult, now: datetime) -> Decision[Dossier]:
    """Takes the next result number of the year."""
    dossier = enter(dossier, command)
    act = timing.act(dossier, command.by)
    numbering = dossier.to("numbering", now, pending=act)
    effect = TakeNumber(series=f"results-{local_day(now).year}")
    return Decision(numbering, effects=(effect,), answer=numbering.answer)


def issued(dossier: Dossier, outcome: NumberTaken, now: datetime) -> Decision[Dossier]:
    """The number of the result came."""
    if dossier.code is None or dossier.outcome is None:
        raise Impossible("a result before its decision")
    kind = timing.procedure_of(dossier).result.value
    number = f"{outcome.number}/{local_day(now).year}/SVHTTDL"
    event = ResultIssued(
        dossier_id=dossier.id,
        code=dossier.code,
        number=number,
        kind=kind if dossier.outcome == "approved" else "reply",
        title=dossier.procedure_name,
        outcome=dossier.outcome,
        reason=dossier.reason,
        ground=dossier.ground,
        issued_at=now,
        by=dossier.pending,
    )
    returning = dossier.to("returning", now, result_number=number, pending=None)
    return Decision(returning, (event,))


def delivered(dossier: Dossier | None, event: ResultDelivered, now: datetime) -> Decision[Dossier]:
    """The result reached the applicant: the end."""
    dossier = known(dossier, event)
    if dossier.stage == "returned":
        return Decision(dossier)
    if dossier.stage != "returning":
        raise Impossible(f"a delivery for a dossier that is {dossier.stage}: no result was issued")
    completed = DossierCompleted(dossier_id=dossier.id, way=event.way, completed_at=event.delivered_at)
    at = event.delivered_at
    return Decision(dossier.to("returned", now, returned_at=at, ended_at=at), (completed,))
