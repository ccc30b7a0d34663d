"""The fee of a dossier: how much by the law of its filing, when it is asked for, what follows once it is paid. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from law import fees
from law.errors import FeeError
from law.procedures import FeePoint, Procedure
from schemas.dossier import FeeRequested
from schemas.parts import FeeLine
from schemas.personal import Personal
from services.submission.domain import timing
from services.submission.domain.dossier import Dossier, Stage, local_day

NOTHING: Final = fees.Assessment(lines=(), total=0)


def point(dossier: Dossier) -> FeePoint:
    """When its fee is due, by the version it was filed under."""
    return point_of(timing.procedure_of(dossier))


def point_of(procedure: Procedure) -> FeePoint:
    """When the fee of a procedure is due."""
    return procedure.fee_due.value if procedure.fee_due is not None else "after_acceptance"


def quoted(procedure: Procedure, form: Mapping[str, object], on: date) -> fees.Assessment | None:
    """What would be due for a filing on a local day; None while the form lacks an answer that the fee is counted by."""
    try:
        return fees.assess(procedure, on, fees.inputs_of_form(procedure, form))
    except FeeError:
        return None


def later(dossier: Dossier) -> bool:
    """Its fee is not due at reception, and was not before."""
    return point(dossier) == "before_result" and dossier.fee_at is None


def due_with_decision(dossier: Dossier) -> bool:
    """An approved dossier has its fee to pay now."""
    return later(dossier) and not dossier.total and assess(dossier).total > 0


def assess(dossier: Dossier) -> fees.Assessment:
    """Its fee, by the law of the day it was filed on."""
    procedure = timing.procedure_of(dossier)
    return fees.assess(procedure, local_day(dossier.filed_at), fees.FeeInputs(values=dossier.answers))


def lines(found: fees.Assessment) -> tuple[FeeLine, ...]:
    """The lines of an assessment as events have them."""
    return tuple(map(FeeLine.of, found.lines))


def ask(dossier: Dossier, now: datetime) -> tuple[Dossier, FeeRequested]:
    """Its fee is asked for at another point than reception: the dossier, which waits for it, and what is said."""
    fee = assess(dossier)
    waiting = dossier.model_copy(update={"stage": "awaiting_fee", "fee_at": now, "total": fee.total})
    said = FeeRequested(
        dossier_id=dossier.id,
        code=dossier.code,
        before="acceptance" if dossier.received_at is None else "result",
        fee=lines(fee),
        total=fee.total,
        owner=Personal.of(dossier.owner),
        payer=dossier.applicant.name,
        requested_at=now,
    )
    return waiting, said


def following(dossier: Dossier) -> Stage:
    """Where a dossier that waited for its fee goes on."""
    if dossier.received_at is None:
        return "filed"
    return "assigning" if dossier.outcome is None else "issuing"
