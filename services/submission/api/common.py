"""What the doors of submission share: callers, preconditions, answers with their ETag."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from chassis.decision import Command
from chassis.delivery import IdempotencyKey
from chassis.http import Caller, Problem, allow, idempotency, may_answer, send
from chassis.keyring import Keyring
from chassis.service import Platform
from schemas.event import Record, Text
from schemas.personal import Personal
from schemas.work import By
from services.submission.domain.officer import Officer as Absence
from services.submission.messages import Official

OFFICERS: Final = ("clerk", "specialist", "leader", "registrar", "operator", "auditor")
Key = Annotated[IdempotencyKey, Depends(idempotency)]
Citizen = Annotated[Caller, Depends(allow("citizen"))]
Reader = Annotated[Caller, Depends(allow("citizen", *OFFICERS))]
Officer = Annotated[Caller, Depends(allow(*OFFICERS))]
InPlaceOf = Annotated[Text | None, Query(description="the absent officer one stands in for")]
Limit = Annotated[int, Query(ge=1, le=200)]


async def in_clear(keyring: Keyring, dossier: str, record: Record) -> dict[str, Any]:
    """The fields of a record, sealed ones opened. Raises Unopenable."""
    sealed = {name: value for name, value in record if isinstance(value, Personal)}
    plain = record.model_dump(mode="json", exclude=set(sealed), exclude_none=True)
    return plain | {name: await keyring.open(dossier, value) for name, value in sealed.items()}


class Body(BaseModel):
    """What is posted: unknown fields are named, not ignored."""

    model_config = ConfigDict(extra="forbid")


def etag(revision: int) -> str:
    """The ETag of a dossier at that revision."""
    return f'"{revision}"'


SEEN: Final = {
    "name": "If-Match",
    "required": True,
    "description": "the ETag of the dossier as the caller saw it, or * for whichever it is",
    "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}")$'},
}


@may_answer(400, 412, 428, header=SEEN)
async def seen(request: Request) -> int | None:
    """The revision an officer saw: If-Match, with the ETag of the dossier, or ``*`` for whichever it is.

    Raises:
        Problem: 428 without one, 400 for one that is no ETag of a dossier.
    """
    header = request.headers.get("if-match", "").strip()
    if header == "*":
        return None
    if not header:
        detail = "send If-Match with the ETag of the dossier as you saw it, or * for whichever it is"
        raise Problem(428, "precondition_required", detail)
    found = re.fullmatch(r'"(\d{1,9})"', header)
    if found is None:
        raise Problem(400, "invalid", 'If-Match must be one ETag, as "7", or *')
    return int(found[1])


Seen = Annotated[int | None, Depends(seen)]


@dataclass(frozen=True, slots=True)
class Turn:
    """An officer's request: who, in which role, for whom, on which revision, under which key."""

    caller: Caller
    role: str
    in_place_of: str | None
    revision: int | None
    key: IdempotencyKey
    response: Response


def turn(*roles: str) -> Callable[..., Awaitable[Turn]]:
    """A dependency: an officer in one of `roles`, the first they have."""

    async def request(
        caller: Annotated[Caller, Depends(allow(*roles))],
        revision: Seen,
        key: Key,
        response: Response,
        on_behalf_of: InPlaceOf = None,
    ) -> Turn:
        role = next(role for role in roles if role in caller.roles)
        return Turn(caller, role, on_behalf_of, revision, key, response)

    return request


Clerk = Annotated[Turn, Depends(turn("clerk"))]
Specialist = Annotated[Turn, Depends(turn("specialist"))]
Asker = Annotated[Turn, Depends(turn("clerk", "specialist"))]
Leader = Annotated[Turn, Depends(turn("leader"))]
Registrar = Annotated[Turn, Depends(turn("registrar"))]


def absence_id(officer: str) -> str:
    """The aggregate that holds who stands in for an officer."""
    return f"officer-{officer}"


class Doors:
    """Sends commands to dossiers; every answer carries the new ETag."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.dossiers = platform.engine("dossiers")
        self.officers = platform.engine("officers")

    async def own(self, dossier: str, command: Command, key: IdempotencyKey, response: Response) -> dict[str, Any]:
        """An applicant's command. Raises Refused, Problem."""
        answer = dict(await send(self.dossiers, dossier, command, key))
        if "revision" in answer:
            response.headers["etag"] = etag(answer["revision"])
        return answer

    async def act(self, turn: Turn, dossier: str, command: type[Official], **fields: Any) -> dict[str, Any]:
        """An officer's command. Raises Refused, Problem."""
        by = await self.who(turn.caller, turn.role, turn.in_place_of)
        return await self.own(dossier, command(by=by, revision=turn.revision, **fields), turn.key, turn.response)

    async def who(self, caller: Caller, role: str, in_place_of: str | None) -> By:
        """The caller, or the caller as deputy of an absent officer. Raises Problem 403 if none is in force."""
        if in_place_of is None:
            return By(officer=caller.sub, role=role, unit=caller.unit)
        found = await self.officers.read(absence_id(in_place_of))
        absence: Absence | None = found.state if found else None
        if absence is None or not absence.covers(caller.sub, role, self.platform.clock()):
            raise Problem(403, "forbidden", f"{in_place_of} has not asked you to stand in for them as {role}")
        return By(officer=caller.sub, role=role, unit=absence.unit, on_behalf_of=in_place_of)
