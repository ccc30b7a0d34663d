"""An officer who will be absent names who stands in for them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends

from chassis.http import Caller, Problem, allow, refusals, send
from chassis.service import Platform
from chassis.store import FEW
from schemas.event import Instant, Text
from services.submission.api.common import Body, Key, absence_id
from services.submission.domain.officer import Delegate, EndDelegation, Officer

Worker = Annotated[Caller, Depends(allow("clerk", "specialist", "leader", "registrar"))]
MOST: Final = 200
"""Absent officers that one stands in for."""


class Delegation(Body):
    """Who stands in, in which of the caller's roles, until when; at once where no beginning is named."""

    to: Text
    role: Literal["clerk", "specialist", "leader", "registrar"]
    since: Instant | None = None
    until: Instant


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of delegations."""
    officers = platform.engine("officers")

    @routes.get("/delegation")
    async def mine(caller: Worker) -> dict[str, Any]:
        """Who stands in for the caller (`own`), and for whom the caller does (`for_others`); what is over is left out.

        One that begins later is there already.
        """
        now, place = platform.clock(), absence_id("")
        found = await officers.read(absence_id(caller.sub))
        own = _shown(caller.sub, found.state, now) if found else []
        others = [
            line
            for doc in await officers.page({"to": caller.sub}, None, MOST, bounds=FEW)
            for line in _shown(doc.id.removeprefix(place), doc.state, now)
        ]
        return {"own": own[0] if own else None, "for_others": others}

    @routes.post("/delegation")
    async def delegate(body: Delegation, caller: Worker, key: Key) -> dict[str, Any]:
        """Lets a colleague act in the caller's place; the latest counts."""
        if body.role not in caller.roles:
            raise Problem(403, "forbidden", f"you are no {body.role} yourself")
        command = Delegate(
            officer=caller.sub,
            role=body.role,
            unit=caller.unit,
            to=body.to,
            since=body.since or platform.clock(),
            until=body.until,
        )
        return dict(await send(officers, absence_id(caller.sub), command, key))

    @routes.post("/delegation/end", responses=refusals(404))
    async def end(caller: Worker, key: Key) -> dict[str, Any]:
        """The caller is back."""
        return dict(await send(officers, absence_id(caller.sub), EndDelegation(), key))


def _shown(officer: str, absence: Officer | None, now: datetime) -> list[dict[str, Any]]:
    if absence is None or absence.until <= now:
        return []
    return [{"officer": officer, **absence.model_dump(mode="json")}]
