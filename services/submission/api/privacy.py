"""The rights of a person whose data are here: what there is, in a form to take away, and its erasure when its term is
over; legal holds. For operators, whom the audit log records. To have it put right or restricted: `rights`.

A person is named in a body, never in an address: addresses are logged. No Idempotency-Key is needed: to erase, hold or
release again changes nothing.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator

from chassis.decision import Refused
from chassis.http import Caller, Problem, allow, refusals, send
from chassis.keyadmin import Erasure, Held, Hold
from chassis.keyring import Unopenable
from chassis.readings import looked_at
from chassis.service import Platform
from law import phones
from law.errors import LawDataError, PhoneError
from schemas.event import DossierId, Record, Text
from services.submission.api.common import Body, in_clear
from services.submission.api.reading import summary
from services.submission.domain import privacy
from services.submission.domain.dossier import Correction, Dossier, local_day
from services.submission.messages import ForgetPerson

PAGE: Final = 200
MOST: Final = 2_000
"""Dossiers of one person: an enterprise may have many."""
Keeper = Annotated[Caller, Depends(allow("operator"))]


class Person(Body):
    """By one of these; `account` is the identity provider's name (`sub`) for who filed."""

    phone: Annotated[str, Field(max_length=30)] | None = None
    identity_number: Annotated[str, Field(pattern=r"^\d{9,14}$")] | None = None
    account: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    dossier: DossierId | None = None

    @model_validator(mode="after")
    def _one(self) -> Person:
        if sum(value is not None for value in (self.phone, self.identity_number, self.account, self.dossier)) != 1:
            raise ValueError("name the person by exactly one of phone, identity_number, account, dossier")
        return self


class Erasing(Person):
    """`reason`: the request or the rule, without personal data; it is kept for ever."""

    reason: Annotated[str, Field(min_length=3, max_length=300)]


class Holding(Body):
    """By whom and why nothing may be erased, without personal data."""

    reason: Text


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of whoever answers for personal data."""
    desk = Desk(platform)
    admin = platform.key_admin

    @routes.post("/privacy/find")
    async def find(person: Person, _caller: Keeper) -> dict[str, Any]:
        """A person's dossiers, until when each must be kept and by which text."""
        return {"dossiers": [await desk.line(dossier) for dossier in await desk.of(person)]}

    @routes.post("/privacy/export")
    async def export(person: Person, _caller: Keeper) -> dict[str, Any]:
        """Everything submission has of a person, in clear."""
        return {"dossiers": [await desk.clear(dossier) for dossier in await desk.of(person)]}

    @routes.post("/privacy/erase", responses=refusals(409))
    async def erase(body: Erasing, caller: Keeper) -> dict[str, Any]:
        """Erases each dossier whose term is over and that nobody holds; says of the others why not."""
        found = await desk.of(body)
        return {"dossiers": [await desk.erase(dossier, caller.sub, body.reason) for dossier in found]}

    @routes.post("/privacy/dossiers/{dossier}/hold", responses=refusals(409))
    async def hold(dossier: DossierId, body: Holding, caller: Keeper) -> dict[str, Any]:
        """From now on it cannot be erased. 409 if it is held already, or was erased."""
        if not await admin.hold(Hold(dossier, platform.clock(), caller.sub, body.reason)):
            raise Problem(409, "not_held", "it is held already, was erased, or there is no such dossier")
        return {"dossier": dossier, "held": True}

    @routes.post("/privacy/dossiers/{dossier}/release", responses=refusals(409))
    async def release(dossier: DossierId, _caller: Keeper) -> dict[str, Any]:
        """Ends the hold. 409 without one."""
        if not await admin.release(dossier):
            raise Problem(409, "not_held", "nobody holds it")
        return {"dossier": dossier, "held": False}


class Desk:
    """Finds a person's dossiers, and says where each stands."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._dossiers = platform.engine("dossiers")

    async def of(self, person: Person) -> list[Dossier]:
        """Their dossiers. Raises Problem 422 for what is no phone number, 413 for too many."""
        if person.dossier is not None:
            doc = await self._dossiers.read(person.dossier)
            found = [doc] if doc is not None else []
        else:
            found = await self._listed(self._view(person))
        looked_at(*(doc.id for doc in found))
        return [doc.state for doc in found if doc.state is not None]

    async def _listed(self, view: dict[str, str]) -> list[Any]:
        found: list[Any] = []
        after: str | None = None
        while page := await self._dossiers.page(view, after, PAGE):
            found += page
            after = page[-1].id
            if len(found) > MOST:
                raise Problem(413, "too_many", f"more than {MOST} dossiers: name them one by one")
            if len(page) < PAGE:
                break
        return found

    def _view(self, person: Person) -> dict[str, str]:
        token = self._platform.settings.token
        if person.account is not None:
            return {"owner": person.account}
        if person.identity_number is not None:
            return {"tokens": token("identity_number", person.identity_number)}
        try:
            return {"tokens": token("phone", phones.normalise(person.phone or ""))}
        except PhoneError as error:
            raise Problem(422, "invalid", str(error), errors=[{"field": "phone", "problem": str(error)}]) from error

    async def line(self, dossier: Dossier) -> dict[str, Any]:
        """Where it stands: `open`, `kept`, `held`, `erasable` or `erased`; `restricted`: why, if it is."""
        shown: dict[str, Any] = {"dossier": dossier.id, "code": dossier.code, "procedure": dossier.procedure}
        admin = self._platform.key_admin
        if (erasure := await admin.erasure(dossier.id)) is not None:
            return {**shown, "standing": "erased", "at": erasure.at.isoformat()}
        if (restriction := await admin.restricted(dossier.id)) is not None:
            shown["restricted"] = restriction.reason
        try:
            kept = privacy.kept(dossier)
        except LawDataError as error:
            return {**shown, "standing": "kept", "source": str(error)}
        if kept is None:
            return {**shown, "standing": "open"}
        shown |= {"until": kept.until.isoformat(), "source": kept.source, "mark": kept.mark.value}
        if (hold := await admin.held(dossier.id)) is not None:
            return {**shown, "standing": "held", "held": hold.reason}
        return {**shown, "standing": "erasable" if kept.over(local_day(self._platform.clock())) else "kept"}

    async def clear(self, dossier: Dossier) -> dict[str, Any]:
        """The dossier with all that is sealed of it; of an erased one what is left."""
        try:
            opened = await self._opened(dossier)
        except Unopenable:
            opened = {}
        return {**summary(dossier), **opened}

    async def _opened(self, dossier: Dossier) -> dict[str, Any]:
        parts = {"applicant": dossier.applicant, "agent": dossier.agent, "address": dossier.address}
        found: dict[str, Any] = {
            name: await self._fields(dossier.id, part) for name, part in parts.items() if part is not None
        }
        found["form"] = json.loads(await self._platform.keyring.open(dossier.id, dossier.form))
        found["corrections"] = [await self._correction(dossier.id, one) for one in dossier.corrections]
        if dossier.complaint is not None:
            found["complaint"] = await self._fields(dossier.id, dossier.complaint)
        return found

    async def _correction(self, dossier: str, one: Correction) -> dict[str, Any]:
        """What was put right, and how it reads where it is only noted."""
        parts = {"applicant": one.applicant, "address": one.address}
        found = {name: await self._fields(dossier, part) for name, part in parts.items() if part is not None}
        if one.form is not None:
            found["form"] = json.loads(await self._platform.keyring.open(dossier, one.form))
        return {"at": one.at.isoformat(), "reason": one.reason, "fields": one.fields, **found}

    async def _fields(self, dossier: str, record: Record) -> dict[str, Any]:
        return await in_clear(self._platform.keyring, dossier, record)

    async def erase(self, dossier: Dossier, by: str, reason: str) -> dict[str, Any]:
        """The key first: whatever dies after that, asking again finds the dossier and finishes it."""
        line = await self.line(dossier)
        if line["standing"] == "erasable":
            try:
                await self._platform.key_admin.erase(Erasure(dossier.id, self._platform.clock(), by, reason))
            except Held as error:
                return {**line, "standing": "held", "held": error.hold.reason}
        elif line["standing"] != "erased":
            return line
        try:
            await send(self._dossiers, dossier.id, ForgetPerson(), None)
        except Refused as error:
            raise Problem(409, error.code, error.detail) from error
        return await self.line(dossier)
