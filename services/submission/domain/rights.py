"""What a person has done with their data while the dossier is kept: put right, restricted. Pure.

Law 91/2025/QH15 with Decree 356/2025/ND-CP (`law.requests`). What a dossier was decided on is a record of the office:
once it has ended a correction is attached to it, and changes only how the person is called and reached.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from chassis.decision import Decision, Refused
from schemas.parts import Applicant, PostalAddress
from schemas.personal import Form
from schemas.rights import PersonCorrected, ProcessingRestricted, RestrictionLifted
from schemas.work import Act, By
from services.submission.domain import timing
from services.submission.domain.dossier import Correction, Dossier, Restriction
from services.submission.domain.graph import ENDS
from services.submission.domain.privacy import NOBODY
from services.submission.messages import CorrectPerson, LiftRestriction, RestrictProcessing

MAX_CORRECTIONS: Final = 12
FORM: Final = "form."
"""Before the name of a field of the form, as `form.full_name`."""
BOUND: Final = frozenset({"supplementing"})
"""Stages in which the form is the applicant's to put right."""


def correct(dossier: Dossier | None, command: CorrectPerson, now: datetime) -> Decision[Dossier]:
    """Put right while it is open, noted once it has ended.

    Raises:
        Refused: `not_found`, `erased`, `stale` (it changed since it was read), `counted` (the fee rests on that field),
            `supplementing` (the form waits for the applicant), `too_many`.
    """
    dossier = _living(dossier)
    if command.revision != dossier.revision:
        raise Refused("stale", f"the dossier is at revision {dossier.revision}, not {command.revision}: try again")
    if len(dossier.corrections) >= MAX_CORRECTIONS:
        raise Refused("too_many", f"{MAX_CORRECTIONS} corrections: a new dossier is needed")
    note = dossier.stage in ENDS
    if not note:
        _may(dossier, command)
    right = {"applicant": command.applicant, "address": command.address, "form": command.form}
    said = {"at": now, "officer": command.by.officer, "reason": command.reason, "fields": command.fields}
    corrections = (*dossier.corrections, Correction(**said, **(right if note else {})))
    changes: dict[str, Any] = {"corrections": corrections}
    if note:
        changes["tokens"] = tuple(dict.fromkeys((*dossier.tokens, *command.tokens)))
    else:
        changes |= {name: value for name, value in right.items() if value is not None}
        changes |= {"tokens": command.tokens} | ({"answers": command.answers} if command.form is not None else {})
    corrected = dossier.same(now, **changes)
    event = PersonCorrected(
        dossier_id=dossier.id,
        fields=command.fields,
        applicant=command.applicant,
        address=command.address,
        note=note,
        reason=command.reason,
        corrected_at=now,
        by=_act(command.by),
    )
    return Decision(corrected, (event,), answer={**corrected.answer, "note": note})


def present(dossier: Dossier) -> tuple[Applicant, PostalAddress | None, Form]:
    """How the person is called and reached now, and what they said: of an ended dossier with what was noted since."""
    noted = [one for one in dossier.corrections if one.applicant is not None]
    applicant = noted[-1].applicant if noted and noted[-1].applicant is not None else dossier.applicant
    addresses = [one.address for one in noted if one.address is not None]
    forms = [one.form for one in noted if one.form is not None]
    return applicant, [dossier.address, *addresses][-1], [dossier.form, *forms][-1]


def _may(dossier: Dossier, command: CorrectPerson) -> None:
    """The form of an open dossier is changed where nothing was counted by it and nobody is asked to change it."""
    fields = [name.removeprefix(FORM) for name in command.fields if name.startswith(FORM)]
    if not fields:
        return
    if dossier.stage in BOUND:
        raise Refused("supplementing", "the applicant is asked to put the form right: wait for their answer")
    counted = dossier.code is not None or dossier.fee_at is not None
    held = sorted(set(fields) & set(timing.procedure_of(dossier).counted_by))
    if counted and held:
        raise Refused("counted", "fee and term were counted by it before", field=f"{FORM}{held[0]}")


def restrict(dossier: Dossier | None, command: RestrictProcessing, now: datetime) -> Decision[Dossier]:
    """From now on; a repeat changes nothing. Raises Refused `not_found`, `erased`."""
    dossier = _living(dossier)
    if dossier.restricted is not None:
        return Decision(dossier, answer=dossier.answer)
    restriction = Restriction(at=now, officer=command.by.officer, reason=command.reason)
    restricted = dossier.same(now, restricted=restriction)
    said = {"reason": command.reason, "restricted_at": now, "by": _act(command.by)}
    return Decision(restricted, (ProcessingRestricted(dossier_id=dossier.id, **said),), answer=restricted.answer)


def lift(dossier: Dossier | None, command: LiftRestriction, now: datetime) -> Decision[Dossier]:
    """The end of it; a repeat changes nothing. Raises Refused `not_found`, `erased`."""
    dossier = _living(dossier)
    if dossier.restricted is None:
        return Decision(dossier, answer=dossier.answer)
    lifted = dossier.same(now, restricted=None)
    said = {"reason": command.reason, "lifted_at": now, "by": _act(command.by)}
    return Decision(lifted, (RestrictionLifted(dossier_id=dossier.id, **said),), answer=lifted.answer)


def _living(dossier: Dossier | None) -> Dossier:
    if dossier is None:
        raise Refused("not_found", "there is no such dossier")
    if dossier.owner == NOBODY:
        raise Refused("erased", "the person of this dossier was erased")
    return dossier


def _act(by: By) -> Act:
    return Act(**by.model_dump())
