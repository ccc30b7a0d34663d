"""An operator has everything that is due counted again, after the calendar was changed (docs/decisions/0022).

No Idempotency-Key is needed: whoever asks again finds nothing left to move.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field

from chassis.http import Caller, Problem, allow, refusals
from chassis.service import Platform
from chassis.telemetry import TRACE
from law import calendar
from schemas.event import Text
from services.submission.api.common import Body
from services.submission.domain import timing
from services.submission.domain.dossier import Dossier
from services.submission.messages import RecountDates

LISTS: Final[tuple[dict[str, str], ...]] = (
    *({"stage": stage} for stage in ("filed", "awaiting_fee", "assigning", "examining", "deciding", "issuing")),
    {"inbox": "leader"},
)
"""Where dossiers are of which something is due; the last one holds those with a complaint."""
Operator = Annotated[Caller, Depends(allow("operator"))]


class Recount(Body):
    """One page. `calendar`: the version the caller means, so that two replicas with different data are noticed."""

    calendar: Text | None = None
    cursor: Annotated[str, Field(pattern=r"^[0-6]:.{0,100}$")] = "0:"
    limit: Annotated[int, Field(ge=1, le=400)] = 200


def add(routes: APIRouter, platform: Platform) -> None:
    """The route of operators."""
    dossiers = platform.engine("dossiers")

    @routes.post("/calendar/recount", responses=refusals(409))
    async def recount(_caller: Operator, body: Recount) -> dict[str, Any]:
        """Counts one page of open dossiers by the calendar in use; `next` is the cursor of the following page."""
        version = calendar.default().version
        if body.calendar not in {None, version}:
            raise Problem(409, "other_calendar", f"the calendar in use here is {version}, not {body.calendar}")
        at, after = int(body.cursor[0]), body.cursor[2:] or None
        view = LISTS[at]
        order = "order" if "inbox" in view else None
        bounds = timing.orders(platform.clock()) if order else None
        found = await dossiers.page(view, after, body.limit, order, bounds)
        due = [doc for doc in found if order is None or (doc.state and doc.state.grievance)]
        trace = TRACE.get()
        answers = await asyncio.gather(*(dossiers.tell(doc.id, RecountDates(), trace) for doc in due))
        following: str | None = f"{at + 1}:" if at + 1 < len(LISTS) else None
        if len(found) == body.limit:
            following = f"{at}:{_key(found[-1].id, found[-1].state, order)}"
        moved = sum(answer["moved"] for answer in answers)
        return {"calendar": version, "looked_at": len(due), "moved": moved, "next": following}


def _key(dossier: str, state: Dossier | None, order: str | None) -> str:
    return timing.order(state) if order and state else dossier
