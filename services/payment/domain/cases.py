"""Cases: what only a person can clear up, opened by rule, closed with a name and a resolution. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Refused
from schemas.payment import CaseClosed, CaseKind, CaseOpened
from services.payment.domain.records import Case
from services.payment.domain.state import Invoice
from services.payment.domain.step import Step
from services.payment.messages import CloseCase


def open_case(
    step: Step, kind: CaseKind, subject: str, detail: str, now: datetime, *, heard_again: bool = False
) -> Step:
    """A person must look; once for each kind and subject. In a full invoice the oldest closed case makes room.

    `heard_again`: a gateway repeats itself, so what a person has closed is not opened by the same words.
    """
    invoice = step.invoice
    kept = invoice.cases
    if len(kept) >= invoice.room.cases:
        closed = next((c for c in kept if not c.open), None)
        kept = tuple(c for c in kept if c is not closed)
    about = [c for c in invoice.cases if c.kind == kind and c.subject == subject]
    known = any(c.open or (heard_again and c.detail == detail) for c in about)
    if known or len(kept) >= invoice.room.cases:
        return step
    last = int(kept[-1].id.rpartition("C")[2]) if kept else 0
    case = Case(id=invoice.name("C", last), kind=kind, subject=subject, detail=detail, opened_at=now)
    said = CaseOpened(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        case=case.id,
        kind=kind,
        subject=subject,
        detail=detail,
        opened_at=now,
    )
    return step.change(cases=(*kept, case)).say(said)


def close_about(step: Step, subject: str, resolution: str, by: str, now: datetime) -> Step:
    """Closes the open cases about one attempt or refund."""
    for case in step.invoice.cases:
        if case.open and case.subject == subject:
            step = _closed(step, case, resolution, by, now)
    return step


def _closed(step: Step, case: Case, resolution: str, by: str, now: datetime) -> Step:
    done = case.model_copy(update={"resolution": resolution, "closed_by": by, "closed_at": now})
    said = CaseClosed(
        dossier_id=step.invoice.dossier_id,
        invoice=step.invoice.number,
        case=case.id,
        resolution=resolution,
        by=by,
        closed_at=now,
    )
    cases = tuple(done if c.id == case.id else c for c in step.invoice.cases)
    return step.change(cases=cases).say(said)


def close(invoice: Invoice | None, command: CloseCase, now: datetime) -> Decision[Invoice]:
    """The accountant saw to it."""
    case = invoice.case(command.case) if invoice else None
    if invoice is None or case is None:
        raise Refused("not_found", "there is no such case for this dossier")
    if not case.open:
        raise Refused("wrong_state", "the case is closed")
    return _closed(Step(invoice), case, command.resolution, command.by, now).decide({"case": case.id})
