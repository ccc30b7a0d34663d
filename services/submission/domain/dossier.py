"""The life of a dossier: filed, received, examined, decided, issued, returned. Pure.

National status codes are in law.statuses; the stages here are what the next officer may do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from chassis.decision import Decision, Handlers, Impossible, Refused
from chassis.series import ConfirmNumber, NumberConfirmed, NumberTaken, TakeNumber
from law import clock, fees, procedures
from law.codes import CodeSeries
from schemas.delivery import ResultDelivered
from schemas.dossier import (
    Applicant,
    Bilingual,
    DossierAccepted,
    DossierCompleted,
    DossierDecided,
    DossierExamined,
    DossierRejected,
    DossierSubmitted,
    FeeLine,
    PostalAddress,
    ResultIssued,
    Way,
)
from schemas.event import Instant, Record
from schemas.payment import PaymentReceived
from schemas.personal import Form, Personal
from services.submission.messages import (
    AcceptDossier,
    DecideDossier,
    ExamineDossier,
    FileDossier,
    IssueResult,
    RejectDossier,
)

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
Stage = Literal[
    "filed", "receiving", "awaiting_fee", "examining", "deciding", "issuing", "numbering", "returning", "returned",
    "rejected",
]  # fmt: skip


class Dossier(Record):
    """A dossier as submission sees it."""

    id: str
    owner: str
    stage: Stage
    procedure: str
    version: str
    procedure_name: Bilingual
    applicant: Applicant
    form: Form
    answers: dict[str, str | int] = Field(default_factory=dict)
    way: Way
    address: PostalAddress | None = None
    filed_at: Instant
    received_at: Instant | None = None
    code: str | None = None
    due_at: Instant | None = None
    total: int = 0
    paid_at: Instant | None = None
    outcome: Literal["approved", "refused"] | None = None
    reason: str | None = None
    result_number: str | None = None
    returned_at: Instant | None = None
    officers: tuple[str, ...] = ()

    def to(self, stage: Stage, **changes: Any) -> Dossier:
        """This dossier in another stage."""
        return self.model_copy(update={"stage": stage, **changes})


def file(dossier: Dossier | None, command: FileDossier, _now: datetime) -> Decision[Dossier]:
    """Begins a dossier; the same id again answers the same and changes nothing."""
    if dossier is not None:
        return Decision(dossier, answer=_filed_answer(dossier))
    shared = command.model_dump(include={"procedure", "way", "filed_at"})
    parts = {
        "procedure_name": command.procedure_name,
        "applicant": command.applicant,
        "address": command.address,
    }
    dossier = Dossier(
        id=command.dossier_id,
        owner=command.owner,
        stage="filed",
        version=command.version,
        form=command.form,
        answers=command.answers,
        **shared,
        **parts,
    )
    event = DossierSubmitted(
        dossier_id=dossier.id,
        route=command.route,
        source=command.source,
        owner=Personal.of(command.owner),
        **shared,
        **parts,
    )
    return Decision(dossier, (event,), answer=_filed_answer(dossier))


def _filed_answer(dossier: Dossier) -> dict[str, Any]:
    return {"id": dossier.id, "filed_at": dossier.filed_at.isoformat()}


def accept(dossier: Dossier | None, command: AcceptDossier, now: datetime, codes: CodeSeries) -> Decision[Dossier]:
    """Receives it; its code comes from the series of the day (TT 01/2018/TT-VPCP, art. 19)."""
    dossier = _at(dossier, "filed")
    received = dossier.to("receiving", received_at=now, officers=(*dossier.officers, command.officer))
    effect = TakeNumber(series=f"codes-{codes.key(_local_day(now))}")
    return Decision(received, effects=(effect,), answer={"id": dossier.id, "stage": received.stage})


def numbered(dossier: Dossier | None, outcome: NumberTaken, now: datetime, codes: CodeSeries) -> Decision[Dossier]:
    """The number came: of the dossier code, or of the result."""
    if dossier is None:
        raise Impossible("a number for a dossier that does not exist")
    confirm = ConfirmNumber(series=outcome.series)
    if dossier.stage == "numbering":
        return _issued(dossier, outcome, now, confirm)
    if dossier.received_at is None or dossier.stage != "receiving":
        raise Impossible(f"a number for a dossier in stage {dossier.stage}")
    procedure = procedures.default().version(dossier.procedure, dossier.version)
    due = clock.due_date(procedure.term_for(dossier.answers), dossier.filed_at)
    assessment = fees.assess(procedure, _local_day(dossier.filed_at), fees.FeeInputs(values=dossier.answers))
    code = str(codes.code(_local_day(dossier.received_at), outcome.number))
    accepted = dossier.to(
        "awaiting_fee" if assessment.total else "examining", code=code, due_at=due.due, total=assessment.total
    )
    if due.due is None:
        raise Impossible("a term without pauses has no due date")
    event = DossierAccepted(
        dossier_id=dossier.id,
        code=code,
        received_at=dossier.received_at,
        term_start=due.term_start,
        due_at=due.due,
        fee=tuple(_line(line) for line in assessment.lines),
        total=assessment.total,
        owner=Personal.of(dossier.owner),
    )
    return Decision(_settle_fee(accepted), (event,), (confirm,))


def _line(line: fees.FeeLine) -> FeeLine:
    return FeeLine(
        code=line.code,
        name=Bilingual(vi=line.name_vi, en=line.name_en),
        kind=line.kind,
        unit_price=line.unit_price,
        quantity=line.quantity,
        amount=line.amount,
    )


def _settle_fee(dossier: Dossier) -> Dossier:
    """Once the fee is paid the term goes on: the fee pause ends at the time of payment."""
    if dossier.stage != "awaiting_fee" or dossier.paid_at is None or dossier.received_at is None:
        return dossier
    pause = clock.Pause(kind="fee", requested=dossier.received_at, answered=dossier.paid_at, policy="resume")
    procedure = procedures.default().version(dossier.procedure, dossier.version)
    term = procedure.term_for(dossier.answers)
    return dossier.to("examining", due_at=clock.due_date(term, dossier.filed_at, [pause]).due)


def paid(dossier: Dossier | None, event: PaymentReceived, _now: datetime) -> Decision[Dossier]:
    """The fee is paid."""
    if dossier is None:
        raise Impossible("a payment for a dossier that was never filed")
    return Decision(_settle_fee(dossier.model_copy(update={"paid_at": event.paid_at})))


def reject(dossier: Dossier | None, command: RejectDossier, now: datetime) -> Decision[Dossier]:
    """Not received."""
    dossier = _at(dossier, "filed")
    rejected = dossier.to("rejected", reason=command.reason, officers=(*dossier.officers, command.officer))
    event = DossierRejected(dossier_id=dossier.id, reason=command.reason, rejected_at=now)
    return Decision(rejected, (event,), answer={"id": dossier.id, "stage": rejected.stage})


def examine(dossier: Dossier | None, command: ExamineDossier, now: datetime) -> Decision[Dossier]:
    """Examined; only once the fee is paid."""
    if dossier is not None and dossier.stage == "awaiting_fee":
        raise Refused("fee_unpaid", f"the fee of {dossier.total} VND is not paid yet")
    dossier = _at(dossier, "examining")
    examined = dossier.to("deciding", officers=(*dossier.officers, command.officer))
    event = DossierExamined(dossier_id=dossier.id, proposal=command.proposal, examined_at=now)
    return Decision(examined, (event,), answer={"id": dossier.id, "stage": examined.stage})


def decide(dossier: Dossier | None, command: DecideDossier, now: datetime) -> Decision[Dossier]:
    """Approved or refused; a refusal must say why."""
    dossier = _at(dossier, "deciding")
    if command.outcome == "refused" and command.reason is None:
        raise Refused("invalid", "a refusal must say why", field="reason")
    changes = {"outcome": command.outcome, "reason": command.reason, "officers": (*dossier.officers, command.officer)}
    decided = dossier.to("issuing", **changes)
    event = DossierDecided(dossier_id=dossier.id, outcome=command.outcome, reason=command.reason, decided_at=now)
    return Decision(decided, (event,), answer={"id": dossier.id, "stage": decided.stage})


def issue(dossier: Dossier | None, command: IssueResult, now: datetime) -> Decision[Dossier]:
    """Takes the next result number of the year."""
    dossier = _at(dossier, "issuing")
    numbering = dossier.to("numbering", officers=(*dossier.officers, command.officer))
    effect = TakeNumber(series=f"results-{_local_day(now).year}")
    return Decision(numbering, effects=(effect,), answer={"id": dossier.id, "stage": numbering.stage})


def _issued(dossier: Dossier, outcome: NumberTaken, now: datetime, confirm: ConfirmNumber) -> Decision[Dossier]:
    if dossier.code is None or dossier.outcome is None:
        raise Impossible("a result before its decision")
    kind = procedures.default().version(dossier.procedure, dossier.version).result.value
    number = f"{outcome.number}/{_local_day(now).year}/SVHTTDL"
    event = ResultIssued(
        dossier_id=dossier.id,
        code=dossier.code,
        number=number,
        kind=kind if dossier.outcome == "approved" else "reply",
        title=dossier.procedure_name,
        outcome=dossier.outcome,
        reason=dossier.reason,
        issued_at=now,
    )
    return Decision(dossier.to("returning", result_number=number), (event,), (confirm,))


def delivered(dossier: Dossier | None, event: ResultDelivered, _now: datetime) -> Decision[Dossier]:
    """The result reached the applicant: the end."""
    if dossier is None:
        raise Impossible("a delivery for a dossier that was never filed")
    if dossier.stage == "returned":
        return Decision(dossier)
    completed = DossierCompleted(dossier_id=dossier.id, way=event.way, completed_at=event.delivered_at)
    return Decision(dossier.to("returned", returned_at=event.delivered_at), (completed,))


def confirmed(dossier: Dossier | None, _outcome: NumberConfirmed, _now: datetime) -> Decision[Dossier]:
    """Nothing more to do."""
    return Decision(dossier)


def handlers(codes: CodeSeries) -> Handlers:
    """What a dossier reacts to. `codes` writes the agency's dossier codes."""

    def with_codes(handler: Callable[..., Decision[Dossier]]) -> Callable[[Any, Any, datetime], Decision[Dossier]]:
        return lambda state, message, now: handler(state, message, now, codes)

    return {
        FileDossier: file,
        AcceptDossier: with_codes(accept),
        NumberTaken: with_codes(numbered),
        NumberConfirmed: confirmed,
        RejectDossier: reject,
        PaymentReceived: paid,
        ExamineDossier: examine,
        DecideDossier: decide,
        IssueResult: issue,
        ResultDelivered: delivered,
    }


def _at(dossier: Dossier | None, stage: Stage) -> Dossier:
    if dossier is None:
        raise Refused("not_found", "there is no such dossier")
    if dossier.stage != stage:
        raise Refused("wrong_stage", f"the dossier is {dossier.stage}, this needs {stage}")
    return dossier


def _local_day(instant: datetime) -> date:
    return instant.astimezone(LOCAL).date()
