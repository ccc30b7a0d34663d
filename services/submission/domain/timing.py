"""When a dossier is due: law.clock over its filing, pauses and extension; and what happens when something falls due.

A supplement pauses by the procedure's policy (`restart` or `resume`), a fee until its time of payment. While a pause
is open there is no due date. Every change of the due date leaves with the event that caused it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chassis.decision import DeadlineDue, Decision
from law import clock, procedures
from law.procedures import Procedure
from law.steps import Step
from law.terms import Term
from schemas.dossier import DossierStopped
from schemas.event import Event, format_instant
from schemas.work import Act, By, DueSoon, Matter, Overdue
from services.submission.domain.dossier import Dossier, Rules
from services.submission.domain.graph import WORKED

ROLES = {
    "filed": "clerk",
    "assigning": "leader",
    "examining": "specialist",
    "deciding": "leader",
    "issuing": "registrar",
}
"""Whose turn it is, by stage."""
NO_SUPPLEMENT = "Không bổ sung hồ sơ trong thời hạn yêu cầu"
STOP_GROUND = "Thông báo yêu cầu bổ sung, hoàn thiện hồ sơ (mẫu số 02)"


def procedure_of(dossier: Dossier) -> Procedure:
    """The version it was filed under."""
    return procedures.default().version(dossier.procedure, dossier.version)


def pauses(dossier: Dossier) -> tuple[clock.Pause, ...]:
    """Its pauses, open ones included."""
    found = []
    if dossier.total and dossier.received_at is not None:
        found.append(clock.Pause(kind="fee", requested=dossier.received_at, answered=dossier.paid_at))
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


def retimed(dossier: Dossier, rules: Rules) -> Dossier:
    """With the due date that follows from what happened; a new one has not been warned of. Raises CalendarMissing."""
    term = procedure_of(dossier).term_for(dossier.answers)
    due = _due(dossier, term)
    if due == dossier.due_at:
        return dossier
    most = Term(amount=max(1, int(term.amount * rules.warn_share)), unit=term.unit)
    warn = None if due is None else _due(dossier, most)
    return dossier.model_copy(update={"due_at": due, "warn_at": warn, "alert": None})


def _due(dossier: Dossier, term: Term) -> datetime | None:
    return clock.due_date(term, dossier.filed_at, pauses(dossier), extensions(dossier)).due


def promise(dossier: Dossier) -> clock.Due:
    """What is told at reception: the due date if a fee is paid the same day."""
    paid_at_once = [pause for pause in pauses(dossier) if pause.kind != "fee"]
    term = procedure_of(dossier).term_for(dossier.answers)
    return clock.due_date(term, dossier.filed_at, paid_at_once, extensions(dossier))


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
    return next(due.due for due in clock.step_dues(*args) if due.code == step.code)


def act(dossier: Dossier, by: By, note: str | None = None, step: Step | None = None) -> Act:
    """Who did the present step, since when it lay with them, when it was due and why they did so."""
    step = step or step_of(dossier)
    code = step.code if step else None
    since = dossier.held_since or dossier.since
    return Act(**by.model_dump(), step=code, since=since, due_at=step_due(dossier, step), note=note)


def order(dossier: Dossier) -> str:
    """What inboxes are sorted by: due first, then by id; what has no due date comes last."""
    due = dossier.answer_by if dossier.stage == "filed" else dossier.due_at
    due = dossier.grievance.due_at if dossier.grievance else due
    return f"{format_instant(due) if due else '9999'}/{dossier.id}"


def next_due(dossier: Dossier | None, rules: Rules) -> datetime | None:
    """The next instant at which something falls due, if anything does."""
    return None if dossier is None else min(_deadlines(dossier, rules), default=None)


def _deadlines(dossier: Dossier, rules: Rules) -> Iterator[datetime]:
    if dossier.stage == "filed" and dossier.answer_by is not None and dossier.alert is None:
        yield dossier.answer_by
    if dossier.stage == "supplementing" and dossier.supplement is not None and rules.closing == "stop":
        yield dossier.supplement.answer_by
    if dossier.stage in WORKED and dossier.due_at is not None:
        if dossier.alert is None:
            yield min(dossier.warn_at or dossier.due_at, dossier.due_at)
        elif dossier.alert == "soon":
            yield dossier.due_at
    if dossier.grievance is not None and not dossier.grievance.overdue:
        yield dossier.grievance.due_at


def fell_due(dossier: Dossier, _due: DeadlineDue, now: datetime, rules: Rules) -> Decision[Dossier]:
    """Warns before the breach, escalates it, and stops what was not supplemented in time."""
    said: list[Event] = []
    while (due := next_due(dossier, rules)) is not None and due <= now:
        dossier, event = _one(dossier, due, now)
        said.append(event)
    return Decision(dossier, tuple(said))


def _one(dossier: Dossier, due: datetime, now: datetime) -> tuple[Dossier, Event]:
    complaint = dossier.grievance
    if complaint is not None:
        late = complaint.model_copy(update={"overdue": True})
        return dossier.same(now, complaint=late), _overdue(dossier, "complaint", due, now)
    if dossier.stage == "supplementing":
        stopped = dossier.to("stopped", now, reason=NO_SUPPLEMENT, ground=STOP_GROUND, ended_at=now)
        return stopped, DossierStopped(dossier_id=dossier.id, reason=NO_SUPPLEMENT, ground=STOP_GROUND, stopped_at=now)
    if dossier.stage == "filed":
        return dossier.same(now, alert="overdue"), _overdue(dossier, "first_answer", due, now)
    if dossier.due_at is not None and due >= dossier.due_at:
        return dossier.same(now, alert="overdue"), _overdue(dossier, "term", due, now)
    return dossier.same(now, alert="soon"), DueSoon(**_where(dossier), due_at=dossier.due_at or due, warned_at=now)


def _overdue(dossier: Dossier, matter: Matter, due: datetime, now: datetime) -> Overdue:
    return Overdue(**_where(dossier), matter=matter, due_at=due, escalated_at=now)


def _where(dossier: Dossier) -> dict[str, str | None]:
    step = step_of(dossier)
    return {
        "dossier_id": dossier.id,
        "step": step.code if step else None,
        "holder": dossier.holder,
        "unit": dossier.unit,
    }
