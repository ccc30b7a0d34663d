"""The register of what persons asked about their data. For operators; auditors may read it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from chassis.http import Caller, Problem, allow, send
from chassis.service import Platform
from chassis.store import FEW
from law import calendar, requests
from law.errors import LawDataError
from law.requests import Right
from schemas.event import DossierId, Text
from services.submission.api.common import Body, Key, Limit
from services.submission.api.privacy import Desk, Keeper, Person
from services.submission.domain.dossier import local_day
from services.submission.domain.filing import dossier_id
from services.submission.domain.requests import MAX_DOSSIERS, AnswerRequest, OpenRequest, Outcome

Reader = Annotated[Caller, Depends(allow("operator", "auditor"))]
EARLIEST: Final = date(2026, 1, 1)


class Asking(Person):
    """Who asked for what, and on which local day; none: today."""

    right: Right
    asked: Annotated[date, Field(ge=EARLIEST)] | None = None


class Answered(Body):
    """What became of it; `note` without personal data."""

    outcome: Outcome
    note: Text | None = None


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes."""
    desk = Desk(platform)
    register = platform.engine("requests")

    @routes.post("/privacy/requests", status_code=201)
    async def ask(body: Asking, caller: Keeper, key: Key) -> dict[str, Any]:
        """Notes a request, and says by when it is to be answered and done. The same key notes it once."""
        asked = body.asked or local_day(platform.clock())
        try:
            due = requests.due(body.right, asked, calendar.default())
        except LawDataError as error:
            raise Problem(422, "invalid", str(error), errors=[{"field": "asked", "problem": str(error)}]) from error
        found = sorted(dossier.id for dossier in await desk.of(body))
        request = dossier_id(f"request/{caller.sub}", key.key)
        command = OpenRequest(
            id=request,
            right=body.right,
            asked=asked,
            answer_by=due.answer_by,
            done_by=due.done_by,
            source=due.source,
            mark=due.mark.value,
            dossiers=tuple(found[:MAX_DOSSIERS]),
            more=len(found) > MAX_DOSSIERS,
            officer=caller.sub,
        )
        return dict(await send(register, request, command, key))

    @routes.post("/privacy/requests/{request}/answer")
    async def answer(request: DossierId, body: Answered, caller: Keeper) -> dict[str, Any]:
        """Says what became of it, once."""
        command = AnswerRequest(outcome=body.outcome, note=body.note, officer=caller.sub)
        return dict(await send(register, request, command, None))

    @routes.get("/privacy/requests")
    async def listed(
        _caller: Reader,
        *,
        answered: bool = False,
        after: Annotated[str | None, Query(max_length=50)] = None,
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """Those that wait, or that were answered: what is due first comes first."""
        found = [doc.state for doc in await register.page({"open": not answered}, after, limit, "order", FEW)]
        shown = [state for state in found if state is not None]
        last = f"{shown[-1].done_by.isoformat()}/{shown[-1].id}" if shown else None
        page = [state.model_dump(mode="json", exclude_none=True) for state in shown]
        return {"requests": page, "next": last if len(found) == limit else None}
