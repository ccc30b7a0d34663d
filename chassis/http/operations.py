"""Operators' routes of every service: parked records and gaps (docs/decisions/0010).

They need no Idempotency-Key: a replay or a repair that comes again finds nothing left to do, and a drop names the very
events it gives up.
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any, Final

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.decision import ParkReason
from chassis.http.answers import refusals
from chassis.http.auth import Caller, allow
from chassis.http.problems import Problem, unavailable
from chassis.http.routing import new_router
from chassis.operations import Filter, Held, Operations, Report
from chassis.parking import Gap
from chassis.repair import Repair
from schemas.envelope import MAX_ATTRIBUTE, MAX_SEQUENCE_DIGITS
from schemas.event import Instant, format_instant

MAX_EVENTS: Final = 100
MAX_REPORTS: Final = 500
Word = Annotated[str, Field(min_length=1, max_length=MAX_ATTRIBUTE)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wanted(_Strict):
    """A filter; what is left out matches all."""

    reason: ParkReason | None = None
    stream: Word | None = None
    aggregate: Word | None = None
    type: Word | None = None
    since: Instant | None = None

    def filter(self) -> Filter:
        """As the chassis takes it."""
        return Filter(self.reason, self.stream, self.aggregate, self.type, self.since)


class ReplayRequest(Wanted):
    """Try again."""

    dry_run: bool = False


class EventName(_Strict):
    """One event: `stream/aggregate/sequence`."""

    stream: Word
    aggregate: Word
    sequence: Annotated[int, Field(ge=1, lt=10**MAX_SEQUENCE_DIGITS)]


class DropRequest(_Strict):
    """Give up; `because` is kept for ever with the aggregate."""

    events: Annotated[tuple[EventName, ...], Field(min_length=1, max_length=MAX_EVENTS)]
    because: Annotated[str, Field(min_length=3, max_length=200)]
    missing: bool = False
    dry_run: bool = False


class RepairRequest(_Strict):
    """Read again, from records written at or after `since`."""

    stream: Word | None = None
    aggregate: Word | None = None
    since: Instant | None = None
    dry_run: bool = False


Looker = Annotated[Caller, Depends(allow("operator", "auditor"))]
Operator = Annotated[Caller, Depends(allow("operator"))]


def operators(operations: Operations, repair: Repair) -> APIRouter:
    """The routes."""
    routes = new_router(prefix="/operations")

    @routes.get("/parked")
    async def parked(_caller: Looker, wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
        """What is parked and fits, without its bytes."""
        held, more = await operations.parked(wanted.filter())
        return {"parked": [_summary(h) for h in held], "more": more}

    @routes.get("/parked/{stream}/{aggregate:path}/{sequence}")
    async def one(_caller: Looker, stream: str, aggregate: str, sequence: int) -> dict[str, Any]:
        """One parked record with its headers and bytes (they hold sealed fields only)."""
        held = await operations.show(stream, aggregate, sequence)
        if held is None:
            raise Problem(404, "not_found", "There is no such parked record; it may have been handled since")
        headers = {name: value.decode(errors="replace") for name, value in held.parked.headers}
        return {**_summary(held), "headers": headers, "value": base64.b64encode(held.parked.value).decode()}

    @routes.post("/replay", responses=refusals(404))
    async def replay(caller: Operator, request: ReplayRequest) -> dict[str, Any]:
        """Tries again what is next in each stream that holds a record that fits; all are counted, 500 are shown."""
        counts: Counter[str] = Counter()
        shown: list[Report] = []
        async for report in operations.replay(request.filter(), by=caller.sub, dry_run=request.dry_run):
            counts[report.result] += 1
            if len(shown) < MAX_REPORTS:
                shown.append(report)
        return {"counts": counts, "reports": [asdict(report) for report in shown]}

    @routes.post("/drop", responses=refusals(404, 409))
    async def drop(caller: Operator, request: DropRequest) -> dict[str, Any]:
        """Gives up the named events; what follows them is handled in the same write."""
        events = [(e.stream, e.aggregate, e.sequence) for e in request.events]
        reports = await operations.drop(
            events, by=caller.sub, because=request.because, missing=request.missing, dry_run=request.dry_run
        )
        return {"reports": [asdict(report) for report in reports]}

    @routes.post("/repair", responses=refusals(404, 409))
    async def close_gaps(caller: Operator, request: RepairRequest) -> dict[str, Any]:
        """Reads partitions again and hands over what is missing; takes as long as reading them takes."""
        wanted = Filter(stream=request.stream, aggregate=request.aggregate)
        try:
            done = await repair.run(wanted, since=request.since, by=caller.sub, dry_run=request.dry_run)
        except (KafkaError, TimeoutError) as error:
            raise unavailable(f"the broker did not answer ({error})") from error
        return {
            "repaired": [
                {
                    "stream": r.stream,
                    "aggregate": r.aggregate,
                    "gaps": _spans(r.gaps),
                    "found": len(r.found),
                    "missing": _spans(r.missing),
                }
                for r in done
            ]
        }

    return routes


def _spans(found: list[Gap]) -> list[list[int]]:
    return [[gap.first, gap.last] for gap in found]


def _summary(held: Held) -> dict[str, Any]:
    p = held.parked
    return {
        "id": held.id,
        "stream": p.stream,
        "aggregate": held.aggregate,
        "sequence": p.sequence,
        "type": p.type,
        "reason": p.reason,
        "detail": p.detail,
        "attempts": p.attempts,
        "since": format_instant(p.at),
        "bytes": p.size,
        "next": held.following,
    }
