"""What an applicant may say at any time or at the end: withdraw, rate, complain. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Impossible, Refused
from law import clock
from schemas.dossier import DossierWithdrawn
from schemas.feedback import ComplaintAnswered, ComplaintFiled, DossierRated
from schemas.work import By
from services.submission.domain import timing
from services.submission.domain.dossier import Complaint, Dossier, Rules
from services.submission.domain.graph import enter
from services.submission.domain.holding import apart
from services.submission.messages import AnswerComplaint, Complain, RateDossier, WithdrawDossier


def withdraw(dossier: Dossier | None, command: WithdrawDossier, now: datetime) -> Decision[Dossier]:
    """Taken back; until it is decided."""
    dossier = enter(dossier, command)
    changes = {"reason": command.reason, "answer_by": None, "ended_at": now, "holder": None}
    withdrawn = dossier.to("withdrawn", now, **changes)
    event = DossierWithdrawn(dossier_id=dossier.id, reason=command.reason, withdrawn_at=now)
    return Decision(withdrawn, (event,), answer=withdrawn.answer)


def rate(dossier: Dossier | None, command: RateDossier, now: datetime) -> Decision[Dossier]:
    """An opinion, once. Raises Refused `already_rated`."""
    dossier = enter(dossier, command)
    if dossier.score is not None:
        raise Refused("already_rated", "it was rated before")
    rated = dossier.same(now, score=command.score)
    event = DossierRated(dossier_id=dossier.id, score=command.score, comment=command.comment, rated_at=now)
    return Decision(rated, (event,), answer=rated.answer)


def complain(dossier: Dossier | None, command: Complain, now: datetime, rules: Rules) -> Decision[Dossier]:
    """A complaint, once; its answer has a term of its own. Raises Refused `already_complained`."""
    dossier = enter(dossier, command)
    if dossier.complaint is not None:
        raise Refused("already_complained", "a complaint was made before")
    due = clock.due_date(rules.complaint, now).due
    if due is None:
        raise Impossible("a term without pauses has no due date")
    complaint = Complaint(text=command.text, complained_at=now, due_at=due)
    complained = dossier.same(now, complaint=complaint)
    event = ComplaintFiled(dossier_id=dossier.id, text=command.text, due_at=due, complained_at=now)
    return Decision(complained, (event,), answer={**complained.answer, "due_at": due.isoformat()})


def answerable(dossier: Dossier, by: By) -> Complaint:
    """The complaint that waits. Raises Refused `no_complaint`, `four_eyes`."""
    if dossier.grievance is None:
        raise Refused("no_complaint", "there is no complaint to answer")
    apart(dossier, by)
    return dossier.grievance


def answer_complaint(dossier: Dossier | None, command: AnswerComplaint, now: datetime) -> Decision[Dossier]:
    """Answered, by a leader who did not examine the dossier. Raises Refused `no_complaint`, `four_eyes`."""
    dossier = enter(dossier, command)
    complaint = answerable(dossier, command.by)
    by = timing.act(dossier, command.by).model_copy(
        update={"since": complaint.complained_at, "due_at": complaint.due_at}
    )
    said = {"answer": command.answer, "upheld": command.upheld}
    answered = dossier.same(now, complaint=complaint.model_copy(update={**said, "answered_at": now}))
    event = ComplaintAnswered(dossier_id=dossier.id, answered_at=now, by=by, **said)
    return Decision(answered, (event,), answer=answered.answer)
