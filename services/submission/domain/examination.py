"""Step by step to a proposal; and what may cut the examination short: an extension, a stop. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Impossible, Refused
from law.steps import Stage, Step
from schemas.dossier import DossierExamined, DossierExtended, DossierStopped
from schemas.event import Event
from schemas.work import By, StageAnswered, StepDone
from services.submission.domain import timing
from services.submission.domain.dossier import Dossier, Extended, Rules
from services.submission.domain.graph import enter
from services.submission.domain.holding import mine
from services.submission.messages import AnswerStage, ExamineDossier, ExtendTerm, Official, PassStep, StopDossier


def passable(dossier: Dossier, by: By) -> Step:
    """The present step. Raises Refused `not_holder`, `last_step`: the last one is done by proposing an outcome."""
    mine(dossier, by)
    steps = timing.steps_of(dossier)
    if dossier.passed >= len(steps) - 1:
        raise Refused("last_step", "this is the last step: examine, with a proposal")
    return steps[dossier.passed]


def pass_step(dossier: Dossier | None, command: PassStep, now: datetime) -> Decision[Dossier]:
    """One step is done. Raises Refused `last_step`: the last one is done by proposing an outcome."""
    dossier = enter(dossier, command)
    step = passable(dossier, command.by)
    act = timing.act(dossier, command.by, command.note, step)
    passed = dossier.same(now, passed=dossier.passed + 1, held_since=now, officers=_with(dossier, command))
    return Decision(
        passed, (StepDone(dossier_id=dossier.id, step=step.code, done_at=now, by=act),), answer=passed.answer
    )


def present_stage(dossier: Dossier, by: By) -> tuple[Stage, Stage]:
    """The present stage of the term and the next. Raises Refused `last_stage`, before it asks who holds it: where
    the term has no stages there is nothing that anybody could answer; `not_holder`.
    """
    stages, here = timing.stages_of(dossier), len(dossier.answered)
    if here >= len(stages) - 1:
        raise Refused("last_stage", "no stage of the term is left but the one that the decision answers")
    mine(dossier, by)
    return stages[here], stages[here + 1]


def answer_stage(dossier: Dossier | None, command: AnswerStage, now: datetime, rules: Rules) -> Decision[Dossier]:
    """The present stage of the term is answered. Raises Refused `last_stage`: that one is answered by the decision."""
    dossier = enter(dossier, command)
    here, following = present_stage(dossier, command.by)
    answered = timing.retimed(dossier.same(now, answered=(*dossier.answered, now)), rules)
    if answered.due_at is None:
        raise Impossible("a term without pauses has no due date")
    event = StageAnswered(
        dossier_id=dossier.id,
        stage=here.code,
        answer=command.answer,
        next=following.code,
        stage_due=answered.stage_due,
        due_at=answered.due_at,
        answered_at=now,
        by=timing.act(dossier, command.by),
    )
    return Decision(answered, (event,), answer=answered.answer)


def examine(dossier: Dossier | None, command: ExamineDossier, now: datetime) -> Decision[Dossier]:
    """A proposal to the leader; the steps that are left are done with it, each told by itself."""
    if dossier is not None and dossier.stage == "awaiting_fee":
        raise Refused("fee_unpaid", f"the fee of {dossier.total} VND is not paid yet")
    dossier = enter(dossier, command)
    mine(dossier, command.by)
    *before, last = timing.steps_of(dossier)[dossier.passed :]
    events: list[Event] = [
        StepDone(dossier_id=dossier.id, step=step.code, done_at=now, by=timing.act(dossier, command.by, None, step))
        for step in before
    ]
    act = timing.act(dossier, command.by, command.note, last)
    events.append(DossierExamined(dossier_id=dossier.id, proposal=command.proposal, examined_at=now, by=act))
    examined = dossier.to(
        "deciding",
        now,
        proposal=command.proposal,
        officers=_with(dossier, command),
        holder=None,
        held_since=None,
        passed=0,
    )
    return Decision(examined, tuple(events), answer=examined.answer)


def _with(dossier: Dossier, command: Official) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*dossier.officers, command.by.officer, command.by.principal)))


def extendable(dossier: Dossier, now: datetime) -> datetime:
    """When it is due now. Raises Refused `already_extended`, `overdue`."""
    if dossier.extension is not None:
        raise Refused("already_extended", "a term is extended once")
    if dossier.due_at is None or dossier.target is None or now > dossier.target:
        raise Refused("overdue", f"the dossier was due at {dossier.target}: a term is extended before its breach")
    return dossier.due_at


def extend(dossier: Dossier | None, command: ExtendTerm, now: datetime, rules: Rules) -> Decision[Dossier]:
    """A new date with reason and apology. Raises Refused `already_extended`, `overdue`, `invalid`."""
    dossier = enter(dossier, command)
    due = extendable(dossier, now)
    given = Extended(days=command.days, granted_at=now, reason=command.reason)
    extended = timing.retimed(dossier.same(now, extension=given), rules)
    if extended.due_at is None or extended.due_at <= due:
        raise Refused("invalid", "the new date would be no later one: extend by more days", field="days")
    event = DossierExtended(
        dossier_id=dossier.id,
        reason=command.reason,
        was_due=due,
        due_at=extended.due_at,
        extended_at=now,
        by=timing.act(dossier, command.by, command.reason),
    )
    return Decision(extended, (event,), answer=extended.answer)


def stop(dossier: Dossier | None, command: StopDossier, now: datetime) -> Decision[Dossier]:
    """The end, without a decision."""
    dossier = enter(dossier, command)
    changes = {"reason": command.reason, "ground": command.ground, "ended_at": now, "holder": None}
    stopped = dossier.to("stopped", now, **changes)
    event = DossierStopped(
        dossier_id=dossier.id,
        reason=command.reason,
        ground=command.ground,
        stopped_at=now,
        by=timing.act(dossier, command.by, command.reason),
    )
    return Decision(stopped, (event,), answer=stopped.answer)
