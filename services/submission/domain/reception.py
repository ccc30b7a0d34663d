"""From filing to a dossier that may be worked on: filed, received or refused at the door, its fee settled. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.decision import Decision, Impossible
from chassis.series import ConfirmNumber, NumberTaken, TakeNumber
from law import clock, fees
from schemas.dossier import (
    Bilingual,
    DossierAccepted,
    DossierRejected,
    DossierSubmitted,
    FeeLine,
    FeeSettled,
    TermLength,
)
from schemas.payment import InvoiceExpired, PaymentReceived
from schemas.personal import Personal
from services.submission.domain import timing
from services.submission.domain.dossier import Dossier, Rules, Stage, local_day
from services.submission.domain.graph import enter, known
from services.submission.messages import AcceptDossier, FileDossier, RejectDossier


def file(dossier: Dossier | None, command: FileDossier, _now: datetime, rules: Rules) -> Decision[Dossier]:
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
        since=command.filed_at,
        version=command.version,
        form=command.form,
        answers=command.answers,
        answer_by=timing.first_answer_by(command.filed_at, rules),
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


def accept(dossier: Dossier | None, command: AcceptDossier, now: datetime, rules: Rules) -> Decision[Dossier]:
    """Receives it; its code comes from the series of the day (TT 01/2018/TT-VPCP, art. 19)."""
    dossier = enter(dossier, command)
    act = timing.act(dossier, command.by)
    received = dossier.to("receiving", now, received_at=now, answer_by=None, alert=None, pending=act)
    effect = TakeNumber(series=f"codes-{rules.codes.key(local_day(now))}")
    return Decision(received, effects=(effect,), answer=received.answer)


def coded(dossier: Dossier, outcome: NumberTaken, now: datetime, rules: Rules) -> Decision[Dossier]:
    """The number of its code came: it has a code, a due date and perhaps a fee."""
    if dossier.received_at is None:
        raise Impossible("a code before reception")
    procedure = timing.procedure_of(dossier)
    assessment = fees.assess(procedure, local_day(dossier.filed_at), fees.FeeInputs(values=dossier.answers))
    code = str(rules.codes.code(local_day(dossier.received_at), outcome.number))
    stage: Stage = "awaiting_fee" if assessment.total else "assigning"
    term_start, promised = timing.promise(dossier)
    accepted = dossier.to(stage, now, code=code, total=assessment.total, promised=promised, pending=None)
    event = DossierAccepted(
        dossier_id=dossier.id,
        code=code,
        received_at=dossier.received_at,
        term_start=term_start,
        due_at=promised,
        fee=tuple(_line(line) for line in assessment.lines),
        total=assessment.total,
        owner=Personal.of(dossier.owner),
        term=TermLength(**procedure.term_for(dossier.answers).model_dump()),
        by=dossier.pending,
    )
    return Decision(timing.retimed(accepted, rules), (event,), (ConfirmNumber(series=outcome.series),))


def _line(line: fees.FeeLine) -> FeeLine:
    return FeeLine(
        code=line.code,
        name=Bilingual(vi=line.name_vi, en=line.name_en),
        kind=line.kind,
        unit_price=line.unit_price,
        quantity=line.quantity,
        amount=line.amount,
    )


def paid(dossier: Dossier | None, event: PaymentReceived, now: datetime, rules: Rules) -> Decision[Dossier]:
    """The fee is paid: the term goes on from the time of payment. One that comes after the end changes no stage."""
    dossier = known(dossier, event)
    if dossier.paid_at is not None:
        return Decision(dossier)
    settled = dossier.same(now, paid_at=event.paid_at, pay_by=None)
    if dossier.stage != "awaiting_fee":
        return Decision(settled)
    settled = timing.retimed(settled.to("assigning", now), rules)
    if settled.due_at is None or dossier.promised is None:
        raise Impossible("a fee for a dossier that was never received")
    said = FeeSettled(dossier_id=dossier.id, paid_at=event.paid_at, due_at=settled.due_at, promised=dossier.promised)
    return Decision(settled, (said,))


def unpaid(dossier: Dossier | None, event: InvoiceExpired, _now: datetime, rules: Rules) -> Decision[Dossier]:
    """Nobody paid while the invoice was open: a payment whose notice is late may still come, until `pay_by`."""
    dossier = known(dossier, event)
    if dossier.stage != "awaiting_fee":
        return Decision(dossier)
    pay_by = clock.due_date(rules.fee, event.expired_at).due
    return Decision(dossier.model_copy(update={"pay_by": pay_by}))


def reject(dossier: Dossier | None, command: RejectDossier, now: datetime) -> Decision[Dossier]:
    """Not received."""
    dossier = enter(dossier, command)
    rejected = dossier.to("rejected", now, reason=command.reason, answer_by=None, alert=None, ended_at=now)
    by = timing.act(dossier, command.by, command.reason)
    event = DossierRejected(dossier_id=dossier.id, reason=command.reason, rejected_at=now, by=by)
    return Decision(rejected, (event,), answer=rejected.answer)
