"""What operators do with parked records: look, replay, drop; and what pages them. `chassis.repair` closes gaps.

Everything goes through the engine: a replay or a drop is one more delivery to its aggregate, folded and written with
compare-and-set like all others, so it may race with events, commands and other replicas. A dry run folds into a copy
of the stored document and writes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, get_args

from chassis.aside import Aside
from chassis.codec import parked_records
from chassis.decision import ParkReason, Refused
from chassis.delivery import Delivery, Drop, Dropped, Handled, Replay, Result, WasParked
from chassis.document import Document, Parked
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.parking import Gap, gaps
from chassis.reading import StreamReader
from chassis.store import StoreUnavailable
from chassis.telemetry import OLDEST_GAP, PARKED, logger

LOOKED_AT: Final = 500
"""Aggregates of a kind that a list, or a look at the gauges, goes through: those held longest, by the index."""
PAGE: Final = 200
REPAIRED_AT: Final = 10_000
"""Aggregates one repair takes care of."""
FIELDS: Final = ("seen", "parked")
WATCH_SECONDS: Final = 10.0
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """One stream a service hears: its topic, and the way its events go."""

    stream: str
    topic: str
    reader: StreamReader
    engine: Engine[Any]
    folder: Folder[Any]
    aside: Aside


@dataclass(frozen=True, slots=True)
class Filter:
    """None matches all. `since`: first parked at or after."""

    reason: ParkReason | None = None
    stream: str | None = None
    aggregate: str | None = None
    type: str | None = None
    since: datetime | None = None

    def fits(self, p: Parked) -> bool:
        """Whether a record of the aggregate fits the rest."""
        wanted = ((self.reason, p.reason), (self.stream, p.stream), (self.type, p.type))
        return all(want in {None, has} for want, has in wanted) and (self.since is None or p.at >= self.since)


@dataclass(frozen=True, slots=True)
class Held:
    """One parked record. `following`: it is the next of its stream, the one to replay or to drop."""

    aggregate: str
    parked: Parked
    following: bool

    @property
    def id(self) -> str:
        """The id of its event."""
        return f"{self.parked.stream}/{self.aggregate}/{self.parked.sequence}"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one stream of one aggregate, or would become of it.

    `result`: *handled* (with how many), *dropped*, *parked* (it failed again, `detail` says why), *nothing* (there is
    nothing left to do), *refused* (`detail` says why).
    """

    stream: str
    aggregate: str
    result: str
    detail: str
    dropped: int = 0
    handled: int = 0
    seen: int | None = None


class Operations:
    """The parked records of one service."""

    def __init__(self, streams: Sequence[Heard], clock: Callable[[], datetime]) -> None:
        self.streams: Mapping[str, Heard] = {heard.stream: heard for heard in streams}
        self._clock = clock

    async def parked(self, wanted: Filter) -> tuple[list[Held], bool]:
        """The records that fit, by aggregate, stream and sequence, and whether there may be more of them."""
        found: list[Held] = []
        more = False
        for engine in self._engines():
            stored = await engine.collection.select(_query(wanted), FIELDS, LOOKED_AT)
            more = more or len(stored) == LOOKED_AT
            for document in stored:
                found.extend(h for h in _held(document) if wanted.fits(h.parked))
        return sorted(found, key=lambda h: (h.aggregate, h.parked.stream, h.parked.sequence)), more

    async def show(self, stream: str, aggregate: str, sequence: int) -> Held | None:
        """One parked record with its headers and bytes."""
        heard = self._heard(stream)
        for document in await heard.engine.collection.select({"_id": aggregate}, FIELDS, 1):
            for held in _held(document):
                if (held.parked.stream, held.parked.sequence) == (stream, sequence):
                    return replace(held, parked=await heard.aside.fetch(held.parked))
        return None

    async def replay(self, wanted: Filter, *, by: str, dry_run: bool) -> AsyncIterator[Report]:
        """Tries again what is next in each stream that holds a record that fits; those that follow go with it.

        Goes through all there are, a page at a time, so that one write takes many.
        """
        for engine in self._engines():
            async for page in engine.collection.stream(_query(wanted), FIELDS, PAGE):
                fits = {(h.parked.stream, h.aggregate) for d in page for h in _held(d) if wanted.fits(h.parked)}
                work = (self._do(self._heard(s), a, Replay(s), by=by, dry_run=dry_run) for s, a in sorted(fits))
                for report in await asyncio.gather(*work):
                    yield report

    async def drop(
        self, events: Sequence[tuple[str, str, int]], *, by: str, because: str, missing: bool, dry_run: bool
    ) -> list[Report]:
        """Gives up exactly these (stream, aggregate, sequence): a repeat of the request drops nothing else."""
        places: dict[tuple[str, str], set[int]] = {}
        for stream, aggregate, sequence in events:
            places.setdefault((stream, aggregate), set()).add(sequence)
        reports: list[Report] = []
        for (stream, aggregate), sequences in sorted(places.items()):
            message = Drop(stream, frozenset(sequences), by, because, missing)
            reports.append(await self._do(self._heard(stream), aggregate, message, by=by, dry_run=dry_run))
        return reports

    async def watch(self) -> None:
        """Keeps the gauges and empties the side stores; works until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("parked records not counted: store unavailable", error=str(error)[:200])
            await asyncio.sleep(WATCH_SECONDS)

    async def look(self) -> None:
        """One round: counts by reason and the age of the oldest gap, each over at most 500 aggregates of a kind."""
        now = self._clock()
        for engine in self._engines():
            name = engine.kind.name
            found = await engine.collection.select(_query(Filter()), ("parked.reason", "parked.at"), LOOKED_AT)
            records = [p for document in found for p in document.get("parked", [])]
            for reason in get_args(ParkReason):
                PARKED.labels(name, reason).set(sum(p["reason"] == reason for p in records))
            gaps = [p["at"] for p in records if p["reason"] == "gap"]
            OLDEST_GAP.labels(name).set(max(0.0, (now - min(gaps)).total_seconds()) if gaps else 0)
        for aside in {id(heard.aside): heard.aside for heard in self.streams.values()}.values():
            await aside.collect()

    async def gaps(self, heard: Heard, aggregates: Sequence[str] | None) -> dict[str, list[Gap]]:
        """What `aggregates` (None: all) miss of a stream; those that miss nothing are left out."""
        query = _query(Filter()) if aggregates is None else {"_id": {"$in": list(aggregates)}}
        found: dict[str, list[Gap]] = {}
        async for page in heard.engine.collection.stream(query, FIELDS, PAGE):
            for stored in page:
                doc = Document[Any](stored["_id"], seen=stored["seen"], parked=parked_records(stored))
                missing = [gap for gap in gaps(doc) if gap.stream == heard.stream]
                if missing and len(found) < REPAIRED_AT:
                    found[doc.id] = missing
        return found

    async def _do(self, heard: Heard, aggregate: str, message: Replay | Drop, *, by: str, dry_run: bool) -> Report:
        delivery = Delivery(aggregate, message)
        try:
            if dry_run:
                result = await self._rehearsed(heard, delivery)
            else:
                result = await heard.engine.handle(delivery)
                log.warning("an operator acted", by=by, aggregate=aggregate, what=repr(message), result=repr(result))
        except Refused as error:
            return Report(heard.stream, aggregate, "refused", error.detail)
        return _report(heard.stream, aggregate, result)

    async def _rehearsed(self, heard: Heard, delivery: Delivery) -> Result:
        doc = await heard.engine.read(delivery.aggregate) or Document[Any](delivery.aggregate)
        await heard.aside.fill({doc.id: doc}, {doc.id: [delivery]})
        return heard.folder.fold(doc, delivery, self._clock())

    def _engines(self) -> list[Engine[Any]]:
        return list({heard.engine.kind.name: heard.engine for heard in self.streams.values()}.values())

    def _heard(self, stream: str) -> Heard:
        heard = self.streams.get(stream)
        if heard is None:
            raise Refused("not_found", f"this service hears {', '.join(self.streams) or 'no stream'}, not {stream}")
        return heard


def _query(wanted: Filter) -> dict[str, Any]:
    return {"_id": wanted.aggregate} if wanted.aggregate else {"held": {"$gt": _EVER}}


def _held(stored: Mapping[str, Any]) -> list[Held]:
    seen = stored.get("seen", {})
    records = parked_records(dict(stored))
    return [Held(stored["_id"], p, following=p.sequence == seen.get(p.stream, 0) + 1) for p in records]


def _report(stream: str, aggregate: str, outcome: Result) -> Report:
    match outcome:
        case WasParked(reason, detail):
            return Report(stream, aggregate, "parked", f"{reason}: {detail}")
        case Handled(answer):
            dropped = answer.get("dropped", 0)
            result = "dropped" if dropped else "handled"
            return Report(stream, aggregate, result, answer["left"], dropped, answer["handled"], answer["seen"])
        case Dropped():
            return Report(stream, aggregate, "nothing", "what is next is not parked here; perhaps it was handled since")
