"""From filing to a dossier that may be worked on: filed, received or refused at the door, its fee settled. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.decision import Decision, Impossible
from chassis.series import NumberTaken, TakeNumber
from law import clock
from schemas.dossier import DossierAccepted, DossierRejected, DossierSubmitted, FeeSettled
from schemas.parts import TermLength
from schemas.payment import InvoiceExpired, PaymentReceived
from schemas.personal import Personal
from services.submission.domain import charging, papers, timing
from services.submission.domain.dossier import Dossier, Portal, Rules, Stage, local_day
from services.submission.domain.graph import enter, known
from services.submission.messages import AcceptDossier, FileDossier, RejectDossier


def file(dossier: Dossier | None, command: FileDossier, _now: datetime, rules: Rules) -> Decision[Dossier]:
    """Begins a dossier; the same id again answers the same and changes nothing."""
    if dossier is not None:
        return Decision(dossier, answer=filed_answer(dossier))
    shared = command.model_dump(include={"procedure", "way", "filed_at", "legal_form"})
    parts = {
        "procedure_name": command.procedure_name,
        "applicant": command.applicant,
        "agent": command.agent,
        "assistance": command.assistance,
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
        tokens=command.tokens,
        answer_by=timing.first_answer_by(command.filed_at, rules),
        documents=papers.documents(command.files),
        portal=portal(command),
        **shared,
        **parts,
    )
    event = DossierSubmitted(
        dossier_id=dossier.id,
        route=command.route,
        source=command.source,
        owner=Personal.of(command.owner),
        files=command.files,
        **shared,
        **parts,
    )
    answer = filed_answer(dossier)
    if charging.point(dossier) == "before_acceptance" and charging.assess(dossier).total:
        asked, request = charging.ask(dossier, command.filed_at)
        return Decision(asked.model_copy(update={"answer_by": None}), (event, request), answer=answer)
    return Decision(dossier, (event,), answer=answer)


def portal(command: FileDossier) -> Portal | None:
    """Who is told of its steps; a filing of the release before names no reference, and is told nothing."""
    if command.source is None or command.reference is None:
        return None
    return Portal(source=command.source, reference=command.reference)


def filed_answer(dossier: Dossier) -> dict[str, Any]:
    """What whoever filed it is told, however often."""
    return {"id": dossier.id, "filed_at": dossier.filed_at.isoformat()}


def accept(dossier: Dossier | None, command: AcceptDossier, now: datetime, rules: Rules) -> Decision[Dossier]:
    """Receives it; its code comes from the series of the day (TT 01/2018/TT-VPCP, art. 19)."""
    dossier = enter(dossier, command)
    act = timing.act(dossier, command.by)
    received = dossier.to("receiving", now, received_at=now, answer_by=None, alert=None, pending=act)
    effect = TakeNumber(series=f"codes-{rules.codes.key(local_day(now))}")
    return Decision(received, effects=(effect,), answer=received.answer)


def coded(dossier: Dossier, outcome: NumberTaken, now: datetime, rules: Rules) -> Decision[Dossier]:
    """The number of its code came: it has a code, a due date and perhaps a fee, now or paid before."""
    if dossier.received_at is None:
        raise Impossible("a code before reception")
    fee = charging.NOTHING if charging.later(dossier) else charging.assess(dossier)
    code = str(rules.codes.code(local_day(dossier.received_at), outcome.number))
    stage: Stage = "awaiting_fee" if fee.total and dossier.paid_at is None else "assigning"
    term_start, promised = timing.promise(dossier)
    accepted = dossier.to(stage, now, code=code, total=fee.total, promised=promised, pending=None)
    event = DossierAccepted(
        dossier_id=dossier.id,
        code=code,
        received_at=dossier.received_at,
        term_start=term_start,
        due_at=promised,
        fee=charging.lines(fee),
        total=fee.total,
        owner=Personal.of(dossier.owner),
        term=TermLength(**timing.procedure_of(dossier).term_for(dossier.answers).model_dump()),
        by=dossier.pending,
        payer=dossier.applicant.name,
    )
    return Decision(timing.retimed(accepted, rules), (event,))


def paid(dossier: Dossier | None, event: PaymentReceived, now: datetime, rules: Rules) -> Decision[Dossier]:
    """The fee is paid: it goes on, and the term from the time of payment. After the end no stage is changed."""
    dossier = known(dossier, event)
    if dossier.paid_at is not None or not _own(dossier, event.invoice):
        return Decision(dossier)
    settled = dossier.same(now, paid_at=event.paid_at, pay_by=None)
    if dossier.stage != "awaiting_fee":
        return Decision(settled)
    settled = settled.to(charging.following(dossier), now)
    promised = settled.promised
    if promised is None:  # not received yet: nothing is due but the desk's answer
        settled = settled.model_copy(update={"answer_by": timing.first_answer_by(now, rules)})
        _, due = timing.promise(settled)
        said = FeeSettled(dossier_id=dossier.id, paid_at=event.paid_at, due_at=due, promised=due)
        return Decision(settled, (said,))
    settled = timing.retimed(settled, rules)
    if settled.due_at is None:
        raise Impossible("a term without pauses has no due date")
    said = FeeSettled(dossier_id=dossier.id, paid_at=event.paid_at, due_at=settled.due_at, promised=promised)
    return Decision(settled, (said,))


def _own(dossier: Dossier, invoice: str) -> bool:
    """The invoice of its fee is called by its code, or by its id where it had none; delivery's are called otherwise."""
    return invoice in {dossier.code, dossier.id}


def unpaid(dossier: Dossier | None, event: InvoiceExpired, _now: datetime, rules: Rules) -> Decision[Dossier]:
    """Nobody paid while the invoice was open: a payment whose notice is late may still come, until `pay_by`.

    What was decided is not stopped any more: its result waits for the fee.
    """
    dossier = known(dossier, event)
    if dossier.stage != "awaiting_fee" or dossier.outcome is not None or not _own(dossier, event.invoice):
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
