"""What a filing must hold, whichever door it came in by. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from law import forms, identity, phones, procedures, units
from law.errors import Unfit, UnknownProcedure
from law.forms import formats
from law.procedures import Procedure
from schemas.parts import Agent, Applicant, Assistance, Bilingual, LegalForm, PostalAddress, Route
from schemas.personal import Personal
from schemas.upstream import FiledAddress, FiledAgent, FiledApplicant, Filing
from services.submission.domain.finding import Token, tokens_of
from services.submission.messages import FileDossier

NAMESPACE: Final = UUID("6f1d7c1e-3d0b-5c58-9a49-1f0a3f2d9b10")
LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One wrong field: its path, and what would be right in English and Vietnamese."""

    field: str
    problem: str
    problem_vi: str


class BadFiling(Exception):
    """Every wrong field with what would be right."""

    def __init__(self, problems: tuple[Wrong, ...]) -> None:
        super().__init__(f"{len(problems)} wrong fields")
        self.problems = problems


def dossier_id(by: str, reference: str) -> str:
    """The id of the dossier that `by` (a portal, or a caller) files under `reference`: the same however often."""
    return str(uuid5(NAMESPACE, json.dumps([by, reference])))


def checked(
    filing: Filing,
    now: datetime,
    *,
    dossier: str,
    owner: str,
    route: Route,
    token: Token,
    source: str | None = None,
    reference: str | None = None,
    assistance: Assistance | None = None,
) -> FileDossier:
    """The command that files it; `token` makes what officers find it by; `assistance`: by a clerk, for the applicant.

    Raises:
        BadFiling: names every wrong field.
    """
    procedure, phone = examined(filing, now)
    return FileDossier(
        dossier_id=dossier,
        owner=owner,
        route=route,
        source=source,
        reference=reference,
        procedure=procedure.code,
        version=procedure.version,
        procedure_name=Bilingual(vi=procedure.name_vi, en=procedure.name_en),
        applicant=_sealed(filing.applicant, phone),
        agent=None if filing.agent is None else _agent(filing.agent),
        assistance=assistance,
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
        tokens=tokens_of(filing.applicant, phone, token),
        legal_form=_legal_form(filing.applicant),
    )


def examined(filing: Filing, now: datetime) -> tuple[Procedure, str]:
    """The procedure in force at `now`, where the filing is one of it, and the applicant's phone in E.164.

    Raises:
        BadFiling: names every wrong field.
    """
    on = now.astimezone(LOCAL).date()
    procedure = _in_force(filing.procedure, on)
    phone, unreachable = _phone(filing.applicant.phone)
    problems = [
        *unreachable,
        *_applicant(filing.applicant, procedure, on),
        *_of_agent(filing.agent, on),
        *_way(filing, procedure, on),
        *_form(filing.form, procedure, on),
    ]
    if problems:
        raise BadFiling(tuple(problems))
    return procedure, phone


def form_faults(procedure: str, form: Mapping[str, object], now: datetime) -> tuple[Wrong, ...]:
    """What is wrong with the form alone, where the rest of the filing is not whole yet."""
    on = now.astimezone(LOCAL).date()
    try:
        return tuple(_form(form, _in_force(procedure, on), on))
    except BadFiling as error:
        return error.problems


def phone_faults(text: str) -> tuple[Wrong, ...]:
    """What is wrong with the applicant's phone alone."""
    return tuple(_phone(text)[1])


def _in_force(code: str, on: date) -> Procedure:
    try:
        return procedures.default().find(code, on)
    except UnknownProcedure as error:
        unknown = "không có thủ tục này đang có hiệu lực; xem danh mục"
        raise BadFiling((Wrong("procedure", str(error), unknown),)) from error


def _legal_form(applicant: FiledApplicant) -> LegalForm | None:
    """What it is, where that is more than a person or an enterprise."""
    match applicant.kind:
        case "household" | "organisation":
            return applicant.kind
        case _:
            return None


def _sealed(applicant: FiledApplicant, phone: str) -> Applicant:
    return Applicant(
        kind="individual" if applicant.kind in {"individual", "household"} else "enterprise",
        name=Personal.of(applicant.name),
        phone=Personal.of(phone),
        email=None if applicant.email is None else Personal.of(applicant.email),
        identity_number=None if applicant.identity_number is None else Personal.of(applicant.identity_number),
    )


def person(
    applicant: FiledApplicant, procedure: Procedure, on: date, token: Token
) -> tuple[Applicant, tuple[str, ...]]:
    """An applicant as they are kept, and what they are found by; rules are as on the local day `on`.

    Raises:
        BadFiling: names every wrong field.
    """
    phone, unreachable = _phone(applicant.phone)
    if problems := [*unreachable, *_applicant(applicant, procedure, on)]:
        raise BadFiling(tuple(problems))
    return _sealed(applicant, phone), tokens_of(applicant, phone, token)


def address(filed: FiledAddress, on: date) -> PostalAddress:
    """An address as it is kept. Raises BadFiling, as `person`."""
    if problems := _address(filed, on):
        raise BadFiling(tuple(problems))
    return PostalAddress(province=filed.province, commune=filed.commune, detail=Personal.of(filed.detail))


def _agent(who: FiledAgent) -> Agent:
    return Agent(
        basis=who.basis,
        name=Personal.of(who.name),
        phone=None if who.phone is None else Personal.of(phones.normalise(who.phone)),
        identity_number=None if who.identity_number is None else Personal.of(who.identity_number),
        paper=Personal.of(who.paper),
    )


def _of_agent(who: FiledAgent | None, on: date) -> list[Wrong]:
    if who is None:
        return []
    found = [] if who.phone is None else _unfit("agent.phone", formats.phone, who.phone, on)
    if who.identity_number is not None:
        found += _unfit("agent.identity_number", identity.check, who.identity_number, on)
    return found


def _applicant(applicant: FiledApplicant, procedure: Procedure, on: date) -> list[Wrong]:
    allowed = ", ".join(procedure.applicants.value)
    found = []
    if applicant.kind not in procedure.applicants.value:
        found.append(Wrong("applicant.kind", f"this procedure is for: {allowed}", f"thủ tục này dành cho: {allowed}"))
    if applicant.email is not None:
        found += _unfit("applicant.email", formats.email, applicant.email, on)
    number = applicant.identity_number
    if number is not None and applicant.kind == "individual":
        found += _unfit("applicant.identity_number", identity.check, number, on)
    return found


def _phone(text: str) -> tuple[str, list[Wrong]]:
    try:
        return formats.mobile(text), []
    except Unfit as error:
        return "", [Wrong("applicant.phone", error.en, error.vi)]


def _unfit(field: str, read: Callable[[str, date], object], value: str, on: date) -> list[Wrong]:
    try:
        read(value, on)
    except Unfit as error:
        return [Wrong(field, error.en, error.vi)]
    return []


def _way(filing: Filing, procedure: Procedure, on: date) -> list[Wrong]:
    allowed = ", ".join(procedure.ways.value)
    if filing.way not in procedure.ways.value:
        return [Wrong("way", f"the result comes by: {allowed}", f"kết quả được trả qua: {allowed}")]
    if filing.address is not None:
        return _address(filing.address, on)
    if filing.way == "post":
        return [Wrong("address", "a result by post needs an address", "trả kết quả qua bưu chính cần có địa chỉ")]
    return []


def _address(address: FiledAddress, on: date) -> list[Wrong]:
    if units.units(on) is None:
        return []
    if wrong := _unfit("address.province", units.province, address.province, on):
        return wrong
    of = units.province(address.province, on)
    return _unfit("address.commune", lambda value, _on: units.commune(value, of), address.commune, on)


def _form(values: Mapping[str, object], procedure: Procedure, on: date) -> list[Wrong]:
    errors = forms.validate(procedure.form, values, on)
    return [Wrong(f"form.{error.path}", error.message_en, error.message_vi) for error in errors]


def corrected(
    form: Mapping[str, str | int], changes: Mapping[str, str | int], procedure: Procedure, on: date
) -> dict[str, str | int]:
    """The filed form with its changes, still one that could be filed; rules are as on the local day `on`.

    Raises:
        BadFiling: names every wrong field.
    """
    found = {**form, **changes}
    if problems := _form(found, procedure, on):
        raise BadFiling(tuple(problems))
    return found
