"""What happens when something falls due, and what a changed calendar does to what is due. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from chassis.decision import DeadlineDue, Decision, Refused
from law import calendar, clock
from schemas.dossier import DossierStopped
from schemas.event import Event
from schemas.work import DossierRetimed, DueSoon, Matter, Overdue
from services.submission.domain import timing
from services.submission.domain.dossier import Dossier, Rules, Stage, Told
from services.submission.domain.graph import WORKED
from services.submission.messages import RecountDates

Moved = tuple[Matter, datetime, datetime]
"""What is due at another instant: when it was, when it is."""
Silence = Literal["consent"] | None
"""What the law takes the agency's silence for."""
CLOSINGS: Final[Mapping[Stage, tuple[str, str]]] = {
    "supplementing": (
        "Không bổ sung hồ sơ trong thời hạn yêu cầu",
        "Thông báo yêu cầu bổ sung, hoàn thiện hồ sơ (mẫu số 02)",
    ),
    "awaiting_fee": (
        "Không nộp phí, lệ phí trong thời hạn yêu cầu",
        "Giấy tiếp nhận hồ sơ và hẹn trả kết quả (mẫu số 01)",
    ),
}
"""Reason and ground of a stop by the written rule, where an applicant did not do their part in time."""
FEE_NOTICE: Final = "Thông báo nộp phí, lệ phí"
"""The ground where the fee was asked for before there was a form 01."""


def next_due(dossier: Dossier | None, rules: Rules) -> datetime | None:
    """The next instant at which something falls due, if anything does."""
    return None if dossier is None else min(_deadlines(dossier, rules), default=None)


def _deadlines(dossier: Dossier, rules: Rules) -> Iterator[datetime]:
    if dossier.stage == "filed" and dossier.answer_by is not None and dossier.alert is None:
        yield dossier.answer_by
    if dossier.stage == "supplementing" and dossier.supplement is not None and rules.closing == "stop":
        yield dossier.supplement.answer_by
    if dossier.stage == "awaiting_fee" and dossier.pay_by is not None and rules.fee_closing == "stop":
        yield dossier.pay_by
    if dossier.stage in WORKED and (target := dossier.target) is not None:
        if dossier.alert is None:
            yield min(dossier.warn_at or target, target)
        elif dossier.alert == "soon":
            yield target
    if dossier.grievance is not None and not dossier.grievance.overdue:
        yield dossier.grievance.due_at


def fell_due(dossier: Dossier, _due: DeadlineDue, now: datetime, rules: Rules) -> Decision[Dossier]:
    """Warns before the breach, escalates it, and stops what was neither supplemented nor paid in time."""
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
    if dossier.stage in CLOSINGS:
        reason, ground = CLOSINGS[dossier.stage]
        if dossier.stage == "awaiting_fee" and dossier.received_at is None:
            ground = FEE_NOTICE
        stopped = dossier.to("stopped", now, reason=reason, ground=ground, ended_at=now)
        return stopped, DossierStopped(dossier_id=dossier.id, reason=reason, ground=ground, stopped_at=now)
    if dossier.stage == "filed":
        return dossier.same(now, alert="overdue"), _overdue(dossier, "first_answer", due, now)
    target = dossier.target or due
    if due >= target:
        consent = _consent(dossier)
        consented_at = due if consent and dossier.consented_at is None else dossier.consented_at
        told = Told(due_at=target, alert="overdue")
        breached = dossier.same(now, alert=told.alert, told=told, consented_at=consented_at)
        return breached, _overdue(dossier, "term", due, now, consent)
    told = Told(due_at=target, alert="soon")
    warned = dossier.same(now, alert=told.alert, told=told)
    return warned, DueSoon(**_where(dossier), due_at=target, warned_at=now)


def _consent(dossier: Dossier) -> Silence:
    """What the law says of silence, where that is sure (rule 10 of `law.clock`); a stage before the last is no end."""
    said = timing.procedure_of(dossier).silence
    return said.value if said is not None and said.mark.sure and dossier.stage_due is None else None


def _overdue(dossier: Dossier, matter: Matter, due: datetime, now: datetime, silence: Silence = None) -> Overdue:
    return Overdue(**_where(dossier), matter=matter, due_at=due, silence=silence, escalated_at=now)


def _where(dossier: Dossier) -> dict[str, Any]:
    step = timing.step_of(dossier)
    stages = timing.stages_of(dossier) if dossier.stage_due else ()
    return {
        "dossier_id": dossier.id,
        "step": step.code if step else None,
        "holder": dossier.holder,
        "unit": dossier.unit,
        "role": "leader" if dossier.grievance else timing.ROLES.get(dossier.stage),
        "stage": stages[len(dossier.answered)].code if stages else None,
    }


def recounted(dossier: Dossier | None, _command: RecountDates, now: datetime, rules: Rules) -> Decision[Dossier]:
    """Whatever is due, by the calendar in use now. What does not move is neither written nor said.

    What an applicant was told in writing as their own time (for a supplement) stays as it was told.
    """
    if dossier is None:
        raise Refused("not_found", "there is no such dossier")
    changed, moved = _recounted(dossier, now, rules)
    if changed is dossier:
        return Decision(dossier, answer={"moved": 0})
    version = calendar.default().version
    events = [
        DossierRetimed(
            dossier_id=dossier.id,
            matter=matter,
            was_due=was,
            due_at=due,
            was_calendar=dossier.calendar,
            calendar=version,
            retimed_at=now,
        )
        for matter, was, due in moved
    ]
    return Decision(changed.same(now, calendar=version), tuple(events), answer={"moved": len(events)})


def _recounted(dossier: Dossier, now: datetime, rules: Rules) -> tuple[Dossier, list[Moved]]:
    """The dossier with its new dates, the same object where none moved; each matter with the old and the new one."""
    complaint = dossier.grievance
    if complaint is not None:
        due = clock.due_date(rules.complaint, complaint.complained_at).due or complaint.due_at
        late = complaint.overdue and due <= now
        counted = complaint.model_copy(update={"due_at": due, "overdue": late})
        return _moved(dossier, "complaint", complaint.due_at, due, {"complaint": counted})
    if dossier.stage == "filed" and dossier.answer_by is not None:
        began = dossier.supplement.answered_at if dossier.supplement else dossier.since if dossier.fee_at else None
        due = timing.first_answer_by(began or dossier.filed_at, rules)
        changes = {"answer_by": due, "alert": dossier.alert if due <= now else None}
        return _moved(dossier, "first_answer", dossier.answer_by, due, changes)
    if dossier.stage == "awaiting_fee" and dossier.promised is not None and dossier.outcome is None:
        _, due = timing.promise(dossier)
        return _moved(dossier, "term", dossier.promised, due, {"promised": due})
    if dossier.stage in WORKED and dossier.due_at is not None:
        changed = timing.retimed(dossier, rules)
        due = changed.due_at or dossier.due_at
        if due > now and changed.consented_at is not None:
            changed = changed.model_copy(update={"consented_at": None})
        return changed, [("term", dossier.due_at, due)] if due != dossier.due_at else []
    return dossier, []


def _moved(
    dossier: Dossier, matter: Matter, was: datetime, due: datetime, changes: Mapping[str, Any]
) -> tuple[Dossier, list[Moved]]:
    if was == due:
        return dossier, []
    return dossier.model_copy(update=dict(changes)), [(matter, was, due)]
