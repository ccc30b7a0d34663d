"""A person has data put right, or their processing restricted. For operators, whom the audit log records.

As in `privacy`, a person is named in a body. Contact data are put right in all dossiers of a person; who they are, and
what a form says, in the one dossier that is named: others who share a phone are not renamed with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import Field, StringConstraints, model_validator

from chassis.decision import Command, Refused
from chassis.delivery import IdempotencyKey
from chassis.http import Caller, send
from chassis.keyadmin import Restriction
from chassis.service import Platform
from law.procedures import Procedure
from schemas.personal import Personal
from schemas.upstream import Answer as FormAnswer
from schemas.upstream import FiledAddress, FiledApplicant, Line
from schemas.work import By
from services.submission.api.applicants import invalid
from services.submission.api.common import Body, Key
from services.submission.api.privacy import Desk, Erasing, Keeper
from services.submission.domain import filing, rights, timing
from services.submission.domain.dossier import Dossier, local_day
from services.submission.domain.filing import BadFiling
from services.submission.messages import CorrectPerson, LiftRestriction, RestrictProcessing

OWN: Final = ("name", "phone", "email", "identity_number")
"""Of the applicant; the first and the last say who they are."""


class Changes(Body):
    """What is right. `form`: fields of the form, by their names."""

    name: Line | None = None
    phone: Line | None = None
    email: Line | None = None
    identity_number: Annotated[str, StringConstraints(pattern=r"^\d{9,14}$")] | None = None
    address: FiledAddress | None = None
    form: Annotated[dict[str, FormAnswer | int], Field(max_length=50, default_factory=dict)]

    @property
    def fields(self) -> tuple[str, ...]:
        """Their names, as `phone` and `form.full_name`."""
        named = [name for name in (*OWN, "address") if getattr(self, name) is not None]
        return (*named, *(f"{rights.FORM}{name}" for name in sorted(self.form)))

    @property
    def one(self) -> bool:
        """They concern one dossier."""
        return self.name is not None or self.identity_number is not None or bool(self.form)


class Correcting(Erasing):
    """`reason`: the request, without personal data; it is kept with the dossier."""

    right: Changes

    @model_validator(mode="after")
    def _whole(self) -> Correcting:
        if not self.right.fields:
            raise ValueError("say what is right: name, phone, email, identity_number, address or form")
        if self.right.one and self.dossier is None:
            raise ValueError("who somebody is, and what a form says, is put right in one dossier: name the dossier")
        return self


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes."""
    office = _Office(platform)

    @routes.post("/privacy/correct")
    async def correct(body: Correcting, caller: Keeper, key: Key) -> dict[str, Any]:
        """Puts it right in each dossier that is open, and attaches it to each that has ended; says of each which."""
        return {"dossiers": [await office.correct(d, caller, body, key) for d in await office.desk.of(body)]}

    @routes.post("/privacy/restrict")
    async def restrict(body: Erasing, caller: Keeper) -> dict[str, Any]:
        """Officers are not shown them any more, and the person is told only what they must act on. Terms go on."""
        return {"dossiers": [await office.restrict(d, caller, body.reason) for d in await office.desk.of(body)]}

    @routes.post("/privacy/lift")
    async def lift(body: Erasing, caller: Keeper) -> dict[str, Any]:
        """Ends the restriction."""
        return {"dossiers": [await office.lift(d, caller, body.reason) for d in await office.desk.of(body)]}


class _Office:
    def __init__(self, platform: Platform) -> None:
        self.desk = Desk(platform)
        self._platform = platform
        self._dossiers = platform.engine("dossiers")

    async def correct(self, dossier: Dossier, caller: Caller, body: Correcting, key: IdempotencyKey) -> dict[str, Any]:
        """Raises Problem 422 for what cannot be right, if this is the dossier that was named."""
        if (line := await self.desk.line(dossier))["standing"] == "erased":
            return {**line, "result": "erased"}
        try:
            command = await self._command(dossier, caller, body)
        except BadFiling as error:
            if body.dossier is not None:
                raise invalid(error, "right.") from error
            return {**line, "result": "refused", "why": "; ".join(f"{p.field}: {p.problem}" for p in error.problems)}
        refused, answer = await self._sent(dossier.id, command, key)
        return {**line, **(refused or {"result": "noted" if answer.get("note") else "corrected"})}

    async def _command(self, dossier: Dossier, caller: Caller, body: Correcting) -> CorrectPerson:
        on = local_day(self._platform.clock())
        procedure, right = timing.procedure_of(dossier), body.right
        applicant, _, form = rights.present(dossier)
        known = {name: await self._open(dossier.id, getattr(applicant, name)) for name in OWN}
        given = {name: value for name in OWN if (value := getattr(right, name)) is not None}
        filed = FiledApplicant.model_validate({"kind": dossier.legal_form or applicant.kind, **known, **given})
        person, tokens = filing.person(filed, procedure, on, self._platform.settings.token)
        changes: dict[str, Any] = {"applicant": person, "tokens": tokens}
        if right.address is not None:
            changes["address"] = filing.address(right.address, on)
        if right.form:
            said = json.loads(await self._platform.keyring.open(dossier.id, form))
            said = filing.corrected(said, _typed(right.form, procedure), procedure, on)
            changes["form"] = Personal.of(json.dumps(said, ensure_ascii=False, sort_keys=True))
            changes["answers"] = procedure.answers(said)
        by = _by(caller)
        return CorrectPerson(by=by, reason=body.reason, revision=dossier.revision, fields=right.fields, **changes)

    async def _open(self, dossier: str, value: Personal | None) -> str | None:
        return None if value is None else await self._platform.keyring.open(dossier, value)

    async def restrict(self, dossier: Dossier, caller: Caller, reason: str) -> dict[str, Any]:
        """The key's record first: whatever dies after that, asking again finishes it."""
        at = self._platform.clock()
        if (await self.desk.line(dossier))["standing"] == "erased":
            return {**await self.desk.line(dossier), "result": "erased"}
        await self._platform.key_admin.restrict(Restriction(dossier.id, at, caller.sub, reason))
        refused, _ = await self._sent(dossier.id, RestrictProcessing(by=_by(caller), reason=reason))
        return {**await self.desk.line(dossier), **(refused or {"result": "restricted"})}

    async def lift(self, dossier: Dossier, caller: Caller, reason: str) -> dict[str, Any]:
        """The key's record last: until then it says that it is restricted."""
        refused, _ = await self._sent(dossier.id, LiftRestriction(by=_by(caller), reason=reason))
        if refused is None:
            await self._platform.key_admin.lift(dossier.id)
        return {**await self.desk.line(dossier), **(refused or {"result": "lifted"})}

    async def _sent(
        self, dossier: str, command: Command, key: IdempotencyKey | None = None
    ) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """What was refused of it, which stops no other dossier; and the answer."""
        try:
            return None, dict(await send(self._dossiers, dossier, command, key))
        except Refused as error:
            return {"result": "refused", "why": error.detail}, {}


def _typed(given: Mapping[str, str | int], procedure: Procedure) -> dict[str, str | int]:
    """Numbers as numbers: whoever types them sends texts."""
    numbers = {field.name for field in procedure.form.fields if field.type == "integer"}
    return {
        name: int(value) if name in numbers and isinstance(value, str) and value.isdecimal() else value
        for name, value in given.items()
    }


def _by(caller: Caller) -> By:
    return By(officer=caller.sub, role="operator", unit=caller.unit)
