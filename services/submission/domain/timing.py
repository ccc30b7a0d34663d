"""When a dossier is due: law.clock over its filing, pauses, extension and the stages of its term. Pure.

A supplement pauses by the procedure's policy (`restart` or `resume`), a fee until its time of payment. While a pause
is open there is no due date. Every change of the due date leaves with the event that caused it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from chassis.decision import Impossible
from law import calendar, clock, procedures
from law.procedures import Procedure
from law.steps import Stage, Step
from law.terms import Term
from schemas.event import format_instant
from schemas.work import Act, By
from services.submission.domain.dossier import Dossier, Rules
from services.submission.domain.graph import ENDS

ROLES = {
    "filed": "clerk",
    "assigning": "leader",
    "examining": "specialist",
    "deciding": "leader",
    "issuing": "registrar",
}
"""Whose turn it is, by stage."""
WHOLE: Final = Decimal(1)


def procedure_of(dossier: Dossier) -> Procedure:
    """The version it was filed under."""
    return procedures.default().version(dossier.procedure, dossier.version)


def pauses(dossier: Dossier) -> tuple[clock.Pause, ...]:
    """Its pauses, open ones included."""
    found = []
    asked = dossier.fee_at or dossier.received_at
    if dossier.total and asked is not None:
        found.append(clock.Pause(kind="fee", requested=asked, answered=dossier.paid_at))
    if (ask := dossier.supplement) is not None:
        policy = procedure_of(dossier).supplement_policy.value
        found.append(
            clock.Pause(kind="supplement", requested=ask.requested_at, answered=ask.answered_at, policy=policy)
        )
    return tuple(found)


def extensions(dossier: Dossier) -> tuple[clock.Extension, ...]:
    """Its extension, if it has one."""
    given = dossier.extension
    return () if given is None else (clock.Extension(amount=given.days, granted=given.granted_at),)


def stages_of(dossier: Dossier) -> tuple[Stage, ...]:
    """The stages of its term, none where it runs in one, or where another term than their sum binds."""
    procedure = procedure_of(dossier)
    stages = procedure.stages
    staged = stages is not None and procedure.term_for(dossier.answers) == procedure.statutory_term.value
    return stages.value if stages is not None and staged else ()


def retimed(dossier: Dossier, rules: Rules) -> Dossier:
    """With the due dates that follow from what happened; nobody was told of new ones. Raises CalendarMissing."""
    here = len(dossier.answered)
    ends = _instants(dossier)
    due = ends[-1]
    stage_due = ends[here] if here < len(ends) - 1 and due is not None else None
    if (due, stage_due) == (dossier.due_at, dossier.stage_due):
        return dossier
    warn = None if due is None else _instants(dossier, rules.warn_share)[here]
    told = dossier.told
    alert = told.alert if told is not None and told.due_at == (stage_due or due) else None
    changes = {"due_at": due, "stage_due": stage_due, "warn_at": warn, "alert": alert}
    return dossier.model_copy(update={**changes, "calendar": calendar.default().version})


def _instants(dossier: Dossier, share: Decimal = WHOLE) -> list[datetime | None]:
    return [end.due if end else None for end in _ends(dossier, pauses(dossier), share)]


def _ends(dossier: Dossier, paused: Sequence[clock.Pause], share: Decimal = WHOLE) -> tuple[clock.Due | None, ...]:
    """When each stage of the term is due (a term without stages is one); of the present one only `share` of it."""
    stages = stages_of(dossier)
    if not stages:
        term = _part(procedure_of(dossier).term_for(dossier.answers), share)
        return (clock.due_date(term, dossier.filed_at, paused, extensions(dossier)),)
    here = len(dossier.answered)
    cut = [s.model_copy(update={"term": _part(s.term, share)}) if n == here else s for n, s in enumerate(stages)]
    found = clock.stage_dues(cut, dossier.filed_at, dossier.answered, paused, extensions(dossier))
    return tuple(stage.due for stage in found)


def _part(term: Term, share: Decimal) -> Term:
    return term if share == WHOLE else Term(amount=max(1, int(term.amount * share)), unit=term.unit)


def promise(dossier: Dossier) -> tuple[date, datetime]:
    """What is told at reception: the start of the term, and its due date if an unpaid fee is paid the same day."""
    ends = _ends(dossier, [pause for pause in pauses(dossier) if pause.kind != "fee" or pause.answered is not None])
    first, last = ends[0], ends[-1]
    if first is None or last is None or last.due is None:
        raise Impossible("a term without pauses has no due date")
    return first.term_start, last.due


def first_answer_by(since: datetime, rules: Rules) -> datetime:
    """When the desk must have answered."""
    return clock.after_office_hours(since, rules.first_answer)


def steps_of(dossier: Dossier) -> tuple[Step, ...]:
    """The steps of the procedure's flow that belong to the present stage, those of the examination in order."""
    steps = procedure_of(dossier).steps.value
    mine = tuple(step for step in steps if step.role == ROLES.get(dossier.stage))
    match dossier.stage:
        case "examining":
            return mine
        case "deciding":
            return mine[-1:]
        case _:
            return mine[:1]


def step_of(dossier: Dossier) -> Step | None:
    """The present step."""
    steps = steps_of(dossier)
    return steps[min(dossier.passed, len(steps) - 1)] if steps else None


def step_due(dossier: Dossier, step: Step | None) -> datetime | None:
    """When that step is due, None while the term does not run."""
    if step is None or dossier.due_at is None:
        return None
    procedure = procedure_of(dossier)
    term = procedure.term_for(dossier.answers)
    args = (procedure.steps.value, term, dossier.filed_at, pauses(dossier), extensions(dossier))
    found = next(due.due for due in clock.step_dues(*args) if due.code == step.code)
    if not stages_of(dossier):
        return found
    # Shares are of the sum of the stages, which ends elsewhere once one was answered early or late.
    last = step.code == procedure.steps.value[-1].code
    return dossier.due_at if last or found is None else min(found, dossier.due_at)


def act(dossier: Dossier, by: By, note: str | None = None, step: Step | None = None) -> Act:
    """Who did the present step, since when it lay with them, when it was due and why they did so."""
    step = step or step_of(dossier)
    code = step.code if step else None
    since = dossier.held_since or dossier.since
    return Act(**by.model_dump(), step=code, since=since, due_at=step_due(dossier, step), note=note)


def orders(now: datetime) -> list[str]:
    """Where to look for what is due next: what is overdue, then ever more days ahead."""
    return [format_instant(now + timedelta(days=days)) for days in (0, 1, 2, 4, 8, 16, 32)]


def turn_due(dossier: Dossier) -> datetime | None:
    """When the officers whose turn it is must have answered; None where nothing is due."""
    if dossier.grievance is not None:
        return dossier.grievance.due_at
    if dossier.stage in ENDS:
        return None
    return dossier.answer_by if dossier.stage == "filed" else dossier.target


def order(dossier: Dossier) -> str:
    """What inboxes are sorted by: due first, then by id; what has no due date comes last."""
    due = turn_due(dossier)
    return f"{format_instant(due) if due else '9999'}/{dossier.id}"
