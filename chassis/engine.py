"""Load, fold, write once: every message of one kind of aggregate goes through here.

Whatever concerns the same aggregate (events, commands, outcomes, deadlines) waits in one mailbox and is folded
together: one `find`, one `bulk_write`. A lone message is never delayed to fill a batch; events that follow a write of
their aggregate closely are written together, and what only says that it was seen goes with them (`chassis.lanes`,
`chassis.mailbox`). Commands and outcomes are not made to wait, unless they say they may.

Invariants:
    - A future is resolved only after the write it reports on is durable.
    - Deliveries of one aggregate are folded in the order they were handed in.
    - Trouble with the store resolves nothing: the batch is loaded and folded again until the store is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, Protocol

from chassis.aside import Aside
from chassis.codec import Behind, Codec, EventTooLarge, Unloadable
from chassis.decision import Command, Refused, S
from chassis.delivery import Delivery, Dropped, Handled, Result, Unreadable
from chassis.document import AggregateType, Document
from chassis.fold import Folder, ParkingFull
from chassis.gather import Gather
from chassis.keyring import KeyNeeded, Keyring
from chassis.lanes import Lanes
from chassis.mailbox import Patience
from chassis.measures import HandlerTimes
from chassis.recent import Recent
from chassis.store import Collection, Stored, StoreUnavailable
from chassis.telemetry import FAULTS, STALE, logger
from chassis.tracing import TRACER
from chassis.turns import turns

CLEARED_BESIDE: Final = 25
"""Outboxes cleared by one call while people come to the door: their writes wait for it in the store."""
BACKOFF: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)

log = logger(__name__)
Clock = Callable[[], datetime]
Written = Callable[[Document[Any]], None]


class Journaling(Protocol):
    """Where documents go besides the store (`chassis.journal`)."""

    def document(self, kind: str, stored: Stored) -> None:
        """One that was just written."""

    async def soon(self) -> None:
        """Returns once everything that was written is there, or a moment later without it."""


@dataclass(slots=True)
class _Item:
    delivery: Delivery
    future: asyncio.Future[Result]
    since: float
    result: Result | Exception | None = None


class Engine(Generic[S]):
    """The write path of one kind of aggregate in one replica. `on_written` hears of every document written."""

    def __init__(
        self,
        kind: AggregateType[S],
        collection: Collection,
        keyring: Keyring,
        folder: Folder[S],
        *,
        clock: Clock,
        on_written: Written,
        aside: Aside | None = None,
        recent: Recent | None = None,
        journal: Journaling | None = None,
    ) -> None:
        self.kind = kind
        self.collection = collection
        self.healthy = True
        self._aside = aside
        self._journal = journal
        self._uncertain: set[str] = set()
        """Aggregates whose last write got no answer: perhaps it was made, and is in no journal."""
        self.behind: Mapping[str, int] = {}
        """Aggregates whose stored state is older than what Kafka has of them, up to which event: nothing is done."""
        self.halted = False
        """Nothing is done for any aggregate: what was given out here may be given out again."""
        self._recent = Recent() if recent is None else recent
        self.unloadable = ""
        """Why this release cannot read a document it met; it stays so until the process is replaced."""
        self.acknowledged: dict[str, int] = {}
        """Up to which event Kafka has what may still be in an outbox: the relay says it, the next write clears it."""
        self._keyring = keyring
        self._folder = folder
        self._codec = Codec(kind)
        self._clock = clock
        self._on_written = on_written
        self._stored: Gather[str] = Gather(self._load)
        self._lanes: Lanes[_Item] = Lanes(kind.rest, self._work)
        self.times = HandlerTimes()

    async def handle(self, delivery: Delivery) -> Result:
        """What became of one delivery, once it is durable.

        Raises:
            Refused: a command that may not be done now.
            ParkingFull: an event that must wait and for which there is no room.
            Unloadable: the document is of a newer release, or behind what was published; nothing was done.
        """
        result = await self.post(delivery)
        if self._journal is not None and isinstance(delivery.message, Command):
            await self._journal.soon()
        return result

    async def tell(
        self, aggregate: str, command: Command, trace: str | None, patience: Patience = Patience.NONE
    ) -> Mapping[str, Any]:
        """The answer of another aggregate of this service to a command that may be repeated."""
        result = await self.handle(Delivery(aggregate, command, trace=trace, patience=patience))
        return result.answer if isinstance(result, Handled) else {}

    def post(self, delivery: Delivery) -> asyncio.Future[Result]:
        """Puts a delivery into the mailbox; the order of calls is the order of handling."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        item = _Item(delivery, loop.create_future(), now)
        if self.halted or delivery.aggregate in self.behind:
            published = self.behind.get(delivery.aggregate, 0)
            item.future.set_exception(Behind(self.kind.name, delivery.aggregate, published))
            return item.future
        self._lanes.put(delivery.aggregate, item, delivery.patience)
        return item.future

    async def clear(self, acknowledged: Sequence[tuple[str, int]]) -> None:
        """Takes the events up to n out of each outbox; a few at a time while people come to the door."""
        size = CLEARED_BESIDE if self._lanes.visited else max(1, len(acknowledged))
        for at in range(0, len(acknowledged), size):
            some = acknowledged[at : at + size]
            await self.collection.clear(some)
            self._recent.forget(aggregate for aggregate, _ in some)

    async def read(self, aggregate: str) -> Document[S] | None:
        """The document as it is durably stored, for views. Raises Behind where it is not what people were told."""
        if aggregate in self.behind:
            raise Behind(self.kind.name, aggregate, self.behind[aggregate])
        found = await self._stored(aggregate)
        return None if found is None else self._codec.load(found)

    async def _load(self, aggregates: Sequence[str]) -> list[Stored | None]:
        found = {stored["_id"]: stored for stored in await self.collection.load(aggregates)}
        return [found.get(aggregate) for aggregate in aggregates]

    async def page(
        self,
        view: Mapping[str, Any],
        after: str | None,
        limit: int,
        order: str | None = None,
        bounds: Iterable[str] | None = None,
    ) -> list[Document[S]]:
        """One page of documents by their view fields, ascending by id, or by the view field `order`.

        `bounds`: values of what it is ordered by, ascending, between which about a page lies.
        """
        return [self._codec.load(stored) for stored in await self.collection.list(view, after, limit, order, bounds)]

    async def run(self) -> None:
        """Works until cancelled."""
        await self._lanes.run()

    def hurry(self) -> None:
        """Handles what is patient without waiting any longer."""
        self._lanes.hurry()

    async def _work(self, groups: dict[str, list[_Item]]) -> None:
        failures = 0
        while groups:
            try:
                groups = await self._attempt(groups)
                self.healthy = True
                failures = 0
            except StoreUnavailable as error:
                self.healthy = False
                self._uncertain.update(groups)
                log.warning("store unavailable, trying again", aggregate=self.kind.name, error=str(error)[:200])
                await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
                failures += 1
            except Exception as error:
                FAULTS.labels("engine").inc()
                log.exception("a batch could not be handled", aggregate=self.kind.name)
                await self._single_out([item for items in groups.values() for item in items], error)
                return

    async def _single_out(self, items: Sequence[_Item], error: Exception) -> None:
        """What cannot be written fails alone: each is tried by itself, and an event that cannot be is parked."""
        if len(items) > 1:
            for item in items:
                await self._work({item.delivery.aggregate: [item]})
            return
        (item,) = items
        if item.delivery.position is None or isinstance(item.delivery.message, Unreadable):
            _fail(items, Refused("too_large", str(error)) if isinstance(error, EventTooLarge) else error)
            return
        item.delivery = replace(item.delivery, message=Unreadable("bug", f"{type(error).__name__}: {error}"))
        await self._work({item.delivery.aggregate: [item]})

    async def _attempt(self, groups: dict[str, list[_Item]]) -> dict[str, list[_Item]]:
        """Loads, folds and writes; returns the groups to do again.

        Those are the ones whose compare-and-set was lost, and the ones that were folded on what this replica wrote
        last and gave nothing to write: there no compare-and-set tells whether that was still true.
        """
        clock = asyncio.get_running_loop().time
        recent = {stored["_id"]: stored for stored in self._recent.take(groups, clock())}
        unread = [aggregate for aggregate in groups if aggregate not in recent]
        found = await self.collection.load(unread) if unread else []
        if self._uncertain:
            self._journal_found(found)
            self._uncertain.difference_update(unread)
        loaded: dict[str, Document[S]] = {}
        async for stored in turns([*recent.values(), *found]):
            doc = self._codec.try_load(stored)
            if isinstance(doc, Unloadable):
                self._leave(groups.pop(stored["_id"]), doc)
            else:
                loaded[doc.id] = doc
        if self._aside is not None:
            await self._aside.fill(loaded, {i: [item.delivery for item in items] for i, items in groups.items()})
        now = self._clock()
        docs = {i: self._fold(loaded.get(i) or Document[S](i), items, now) async for i, items in turns(groups.items())}
        dirty = [doc for doc in docs.values() if doc.dirty]
        lost = {dirty[at].id for at in await self._save(dirty, clock)} if dirty else set()
        STALE.labels(self.kind.name).inc(len(lost))
        settled = clock()
        again = lost | {aggregate for aggregate in recent if not docs[aggregate].dirty}
        for aggregate, items in groups.items():
            if aggregate in again:
                continue
            doc = docs[aggregate]
            if doc.dirty:
                self._on_written(doc)
            for item in items:
                self._resolve(item, settled)
        return {aggregate: items for aggregate, items in groups.items() if aggregate in again}

    def _leave(self, items: Sequence[_Item], error: Unloadable) -> None:
        """Nothing is done about what this release cannot read, but to say so: the consumer does not commit it."""
        self.unloadable = str(error)
        log.error("left to another release", aggregate=self.kind.name, why=str(error))
        now = asyncio.get_running_loop().time()
        for item in items:
            self._count(item, error, now)
        _fail(items, error)

    def _fold(self, doc: Document[S], items: Sequence[_Item], now: datetime) -> Document[S]:
        for item in items:
            try:
                item.result = self._folder.fold(doc, item.delivery, now)
            except (Refused, ParkingFull) as error:
                item.result = error
            except Exception as error:  # noqa: BLE001 - a bug fails its own message and no other
                item.result = error
                doc.faults.append(f"{type(item.delivery.message).__name__}: {type(error).__name__}: {error}")
        for fault in doc.faults:
            FAULTS.labels(self.kind.name).inc()
            log.error("a handler failed", aggregate=f"{self.kind.name}/{doc.id}", fault=fault)
        return doc

    async def _save(self, dirty: Sequence[Document[S]], clock: Callable[[], float]) -> set[int]:
        """Writes all that the fold changed; the indexes of those whose compare-and-set was lost."""
        if self._aside is not None:
            await self._aside.keep(dirty)
        while True:
            try:
                writes = [(d.id, d.version, self._update(d)) async for d in turns(dirty)]
            except KeyNeeded:
                await self._keyring.ensure([d.id for d in dirty], new=[d.id for d in dirty if d.version == 0])
                continue
            break
        lost = await self.collection.save(writes)
        now = clock()
        for at, (doc, (_, _, update)) in enumerate(zip(dirty, writes, strict=True)):
            if at in lost:
                self._recent.contested(doc.id)
                continue
            stored = self._codec.stored(doc, update)
            if doc.closed is None:
                self._recent.put(stored, now)
            if self._journal is not None:
                self._journal.document(self.kind.name, stored)
        return lost

    async def journal_again(self, aggregates: Sequence[str]) -> None:
        """Puts documents into the journal as they are: whoever wrote them perhaps died before he could."""
        if self._journal is not None and aggregates:
            for stored in await self.collection.load(aggregates):
                self._journal.document(self.kind.name, stored)

    def _journal_found(self, found: Iterable[Stored]) -> None:
        for stored in found:
            if stored["_id"] in self._uncertain and self._journal is not None:
                self._journal.document(self.kind.name, stored)

    def _update(self, doc: Document[S]) -> Stored:
        return self._codec.update(doc, self._keyring.sealer(doc.id), self.acknowledged.get(doc.id, 0))

    def _resolve(self, item: _Item, now: float) -> None:
        result = item.result or Dropped()
        self._count(item, result, now)
        if isinstance(result, Exception):
            _fail([item], result)
        elif not item.future.done():
            item.future.set_result(result)

    def _count(self, item: _Item, result: Result | Exception, now: float) -> None:
        name = "repeated" if isinstance(result, Handled) and result.repeated else type(result).__name__.lower()
        seconds = now - item.since
        self.times.add(type(item.delivery.message).__name__, name, seconds)
        if TRACER.tell is not None:
            TRACER.handled(self.kind.name, item.delivery, name, seconds)


def _fail(items: Sequence[_Item], error: Exception) -> None:
    for item in items:
        if not item.future.done():
            item.future.set_exception(error)
