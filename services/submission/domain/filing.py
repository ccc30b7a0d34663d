"""What a filing must hold, whichever door it came in by. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from law import forms, phones, procedures
from law.errors import PhoneError, UnknownProcedure
from law.procedures import Procedure
from schemas.dossier import Applicant, Bilingual, PostalAddress, Route
from schemas.personal import Personal
from schemas.upstream import FiledApplicant, Filing, Problem
from services.submission.messages import FileDossier

NAMESPACE: Final = UUID("6f1d7c1e-3d0b-5c58-9a49-1f0a3f2d9b10")
LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class BadFiling(Exception):
    """Every wrong field with what would be right."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{len(problems)} wrong fields")
        self.problems = problems


def dossier_id(by: str, reference: str) -> str:
    """The id of the dossier that `by` (a portal, or a caller) files under `reference`: the same however often."""
    return str(uuid5(NAMESPACE, json.dumps([by, reference])))


def checked(
    filing: Filing, now: datetime, *, dossier: str, owner: str, route: Route, source: str | None = None
) -> FileDossier:
    """The command that files it.

    Raises:
        BadFiling: names every wrong field.
    """
    try:
        procedure = procedures.default().find(filing.procedure, now.astimezone(LOCAL).date())
    except UnknownProcedure as error:
        raise BadFiling((Problem(field="procedure", problem=str(error)),)) from error
    phone, unreachable = _phone(filing.applicant)
    problems = [
        *_applicant(filing.applicant, procedure),
        *unreachable,
        *_way(filing, procedure),
        *_form(filing.form, procedure),
    ]
    if problems:
        raise BadFiling(tuple(problems))
    return FileDossier(
        dossier_id=dossier,
        owner=owner,
        route=route,
        source=source,
        procedure=procedure.code,
        version=procedure.version,
        procedure_name=Bilingual(vi=procedure.name_vi, en=procedure.name_en),
        applicant=_sealed(filing.applicant, phone),
        form=Personal.of(json.dumps(filing.form, ensure_ascii=False, sort_keys=True)),
        answers=procedure.answers(filing.form),
        way=filing.way,
        address=None
        if filing.address is None
        else PostalAddress(
            province=filing.address.province,
            commune=filing.address.commune,
            detail=Personal.of(filing.address.detail),
        ),
        filed_at=now,
    )


def _phone(applicant: FiledApplicant) -> tuple[str, tuple[Problem, ...]]:
    """The number in its one form, or what is wrong with it."""
    try:
        return phones.normalise(applicant.phone), ()
    except PhoneError as error:
        return "", (Problem(field="applicant.phone", problem=str(error)),)


def _sealed(applicant: FiledApplicant, phone: str) -> Applicant:
    return Applicant(
        kind=applicant.kind,
        name=Personal.of(applicant.name),
        phone=Personal.of(phone),
        email=None if applicant.email is None else Personal.of(applicant.email),
        identity_number=None if applicant.identity_number is None else Personal.of(applicant.identity_number),
    )


def _applicant(applicant: FiledApplicant, procedure: Procedure) -> list[Problem]:
    problems = []
    allowed = procedure.applicants.value
    if applicant.kind not in allowed:
        problems.append(Problem(field="applicant.kind", problem=f"this procedure is for: {', '.join(allowed)}"))
    if applicant.email is not None and not _EMAIL.fullmatch(applicant.email):
        problems.append(Problem(field="applicant.email", problem="write an address such as an.nguyen@example.vn"))
    return problems


def _way(filing: Filing, procedure: Procedure) -> list[Problem]:
    allowed = procedure.ways.value
    if filing.way not in allowed:
        return [Problem(field="way", problem=f"the result comes by: {', '.join(allowed)}")]
    if filing.way == "post" and filing.address is None:
        return [Problem(field="address", problem="a result by post needs an address")]
    return []


def _form(values: Mapping[str, str | int], procedure: Procedure) -> list[Problem]:
    errors = forms.validate(procedure.form, values)
    return [Problem(field=f"form.{error.path}", problem=error.message_en) for error in errors]


def corrected(
    form: Mapping[str, str | int], changes: Mapping[str, str | int], procedure: Procedure
) -> dict[str, str | int]:
    """The filed form with its changes, still one that could be filed.

    Raises:
        BadFiling: names every wrong field.
    """
    found = {**form, **changes}
    if problems := _form(found, procedure):
        raise BadFiling(tuple(problems))
    return found
