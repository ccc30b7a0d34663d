"""One-time codes over HTTP, for machines: never on Kafka, and the same answer whether or not a dossier exists."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from chassis.delivery import IdempotencyKey
from chassis.http import Caller, Problem, allow, idempotency, refusals, require_owner, send
from chassis.http.routing import new_router
from chassis.service import Platform
from schemas.event import DossierId
from schemas.personal import Personal
from services.notification.domain.codes import (
    DIGITS,
    TEXTS,
    IssueCode,
    Purpose,
    VerifyCode,
    aggregate_of,
    digest_of,
)
from services.notification.domain.contact import Contact
from services.notification.domain.numbers import PhoneError, e164
from services.notification.effects.parts import token_of
from services.notification.effects.quotas import Quotas
from services.notification.messages import ConfirmRepresentative, NameRepresentative

NUMBER_AN_HOUR, ADDRESS_AN_HOUR = 10, 30
_LATER = {"retry-after": "3600"}
Machine = Annotated[Caller, Depends(allow("service"))]
Applicant = Annotated[Caller, Depends(allow("citizen"))]
Key = Annotated[IdempotencyKey, Depends(idempotency)]
Digits = Annotated[str, Field(pattern=r"^\d{6}$")]
OpenPurpose = Annotated[Purpose, Field(description="what the code is good for")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Wanted(_Request):
    """`address`: whose request it is that the caller passes on, as it sees it (an IP address)."""

    dossier: DossierId
    purpose: OpenPurpose
    address: Annotated[str, Field(min_length=2, max_length=64)]


class Given(_Request):
    """The code somebody typed."""

    dossier: DossierId
    purpose: OpenPurpose
    code: Digits


class Named(_Request):
    """A representative's own contact; null ends it."""

    phone: Annotated[str, Field(max_length=30)] | None
    email: Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")] | None = None


class Confirmed(_Request):
    """The code that was sent to the representative."""

    code: Digits


class CodeDesk:
    """Draws, sends and checks codes."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._key = platform.settings.token_key.get_secret_value().encode()
        self._quotas = Quotas(platform.store, platform.clock)

    async def contact(self, dossier: str) -> Contact | None:
        """Whom to tell about a dossier, if it is known here."""
        found = await self._platform.engine("dossiers").read(dossier)
        return None if found is None else found.state

    async def issue(
        self, dossier: str, purpose: Purpose, contact: Contact | None, to: Personal | None, key: IdempotencyKey
    ) -> dict[str, Any]:
        """Takes the same steps for a dossier that is not known: number, quota, code; but nothing is sent.

        Raises:
            Unopenable: the dossier's key was erased.
        """
        number = await self._platform.keyring.open(dossier, to) if to is not None else f"nobody {dossier}"
        allowed = await self.spend("number", number, NUMBER_AN_HOUR)
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        command = IssueCode(purpose=purpose, digest=digest_of(self._key, dossier, purpose, code))
        if to is not None and allowed and contact is not None:
            text = Personal.of(TEXTS[contact.language].replace("{code}", code))
            command = command.model_copy(update={"to": to, "text": text})
        known = to is not None
        aggregate = aggregate_of(dossier, known=known)
        return dict(await send(self._platform.engine("codes"), aggregate, command, key if known else None))

    async def spend(self, kind: str, what: str, most: int) -> bool:
        """Whether one more is allowed this hour."""
        return await self._quotas.spend(f"{kind}:{token_of(self._key, what)}", most)

    async def verify(self, dossier: str, purpose: Purpose, code: str, *, known: bool, key: IdempotencyKey) -> bool:
        """Whether it is right; each wrong one counts."""
        command = VerifyCode(purpose=purpose, digest=digest_of(self._key, dossier, purpose, code))
        aggregate = aggregate_of(dossier, known=known)
        answer = await send(self._platform.engine("codes"), aggregate, command, key if known else None)
        return bool(answer["valid"])


def router(platform: Platform) -> APIRouter:
    """The routes of codes, and of representatives, whose contact a code verifies."""
    routes = new_router()
    desk = CodeDesk(platform)
    _machines(routes, desk)
    _applicants(routes, platform, desk)
    return routes


def _machines(routes: APIRouter, desk: CodeDesk) -> None:
    @routes.post("/codes", status_code=202, responses=refusals(410, 429))
    async def issue(wanted: Wanted, _caller: Machine, key: Key) -> dict[str, Any]:
        """Sends a code to the dossier's phone; 429 when one address asks too often, whatever it asks about."""
        if not await desk.spend("address", wanted.address, ADDRESS_AN_HOUR):
            raise Problem(429, "too_many_requests", "Too many codes were asked for from this address", headers=_LATER)
        contact = await desk.contact(wanted.dossier)
        phone, _ = contact.reach("applicant") if contact is not None else (None, None)
        return await desk.issue(wanted.dossier, wanted.purpose, contact, phone, key)

    @routes.post("/codes/verify")
    async def verify(given: Given, _caller: Machine, key: Key) -> dict[str, bool]:
        """Whether the code is right: once, in five minutes, in five tries."""
        contact = await desk.contact(given.dossier)
        known = contact is not None and contact.applicant is not None
        return {"valid": await desk.verify(given.dossier, given.purpose, given.code, known=known, key=key)}


def _applicants(routes: APIRouter, platform: Platform, desk: CodeDesk) -> None:
    dossiers = platform.engine("dossiers")

    async def own(dossier: str, caller: Caller) -> Contact:
        contact = await desk.contact(dossier)
        if contact is None:
            raise Problem(404, "not_found", "There is no such dossier")
        await require_owner(platform.keyring, dossier, contact.owner, caller)
        return contact

    @routes.post("/dossiers/{dossier}/representative", status_code=202)
    async def name(dossier: DossierId, named: Named, caller: Applicant, key: Key) -> dict[str, Any]:
        """Names whom to tell as well. A code goes to the phone; nothing else does before it is confirmed."""
        contact = await own(dossier, caller)
        if named.phone is None:
            return dict(await send(dossiers, dossier, NameRepresentative(), key))
        try:
            phone = Personal.of(e164(named.phone))
        except PhoneError as error:
            raise Problem(422, "invalid", str(error), errors=[{"field": "phone", "problem": str(error)}]) from error
        email = Personal.of(named.email) if named.email is not None else None
        answer = dict(await send(dossiers, dossier, NameRepresentative(phone=phone, email=email), key))
        return {**answer, **await desk.issue(dossier, "representative", contact, phone, key)}

    @routes.post("/dossiers/{dossier}/representative/confirm")
    async def confirm(dossier: DossierId, given: Confirmed, caller: Applicant, key: Key) -> dict[str, Any]:
        """The code came back: from now on the representative is told. 409 for a wrong one."""
        await own(dossier, caller)
        if not await desk.verify(dossier, "representative", given.code, known=True, key=key):
            raise Problem(409, "wrong_code", "This is not the code, or its time is over")
        return dict(await send(dossiers, dossier, ConfirmRepresentative(), key))
