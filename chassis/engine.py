"""Load, fold, write once: every message of one kind of aggregate goes through here.

Whatever concerns the same aggregate (events, commands, outcomes, deadlines) waits in one mailbox and is folded
together: one `find`, one `bulk_write`. Two batches may be on their way at a time, never with an aggregate in common:
while one waits for the store the other is folded, and what comes meanwhile gathers for the next. A lone message is
never delayed to fill a batch.

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
from typing import Any, Final, Generic

from prometheus_client import Counter

from chassis.aside import Aside
from chassis.codec import Codec, EventTooLarge, Unloadable
from chassis.decision import Command, Refused, S
from chassis.delivery import Delivery, Dropped, Handled, Result, Unreadable
from chassis.document import AggregateType, Document
from chassis.fold import Folder, ParkingFull
from chassis.keyring import KeyNeeded, Keyring
from chassis.mailbox import Mailbox
from chassis.store import Collection, StoreUnavailable
from chassis.telemetry import FAULTS, MESSAGES, STALE, logger

MAX_BATCH: Final = 400
LANES: Final = 2
BACKOFF: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)

log = logger(__name__)
Clock = Callable[[], datetime]
Written = Callable[[Document[Any]], None]


@dataclass(slots=True)
class _Item:
    delivery: Delivery
    future: asyncio.Future[Result]
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
    ) -> None:
        self.kind = kind
        self.collection = collection
        self.healthy = True
        self._aside = aside
        self.unloadable = ""
        """Why this release cannot read a document it met; it stays so until the process is replaced."""
        self._keyring = keyring
        self._folder = folder
        self._codec = Codec(kind)
        self._clock = clock
        self._on_written = on_written
        self._mailbox: Mailbox[_Item] = Mailbox()
        self._arrived = asyncio.Event()
        self._counters: dict[str, Counter] = {}

    async def handle(self, delivery: Delivery) -> Result:
        """What became of one delivery, once it is durable.

        Raises:
            Refused: a command that may not be done now.
            ParkingFull: an event that must wait and for which there is no room.
            Unloadable: the document is of a newer release; nothing was done.
        """
        return await self.post(delivery)

    async def tell(self, aggregate: str, command: Command, trace: str | None) -> Mapping[str, Any]:
        """The answer of another aggregate of this service to a command that may be repeated."""
        result = await self.handle(Delivery(aggregate, command, trace=trace))
        return result.answer if isinstance(result, Handled) else {}

    def post(self, delivery: Delivery) -> asyncio.Future[Result]:
        """Puts a delivery into the mailbox; the order of calls is the order of handling."""
        item = _Item(delivery, asyncio.get_running_loop().create_future())
        self._mailbox.put(delivery.aggregate, item)
        self._arrived.set()
        return item.future

    async def read(self, aggregate: str) -> Document[S] | None:
        """The document as it is durably stored, for views."""
        found = await self.collection.load([aggregate])
        return self._codec.load(found[0]) if found else None

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
        await asyncio.gather(*(self._lane() for _ in range(LANES)))

    async def _lane(self) -> None:
        while True:
            await self._arrived.wait()
            if groups := self._mailbox.take(MAX_BATCH):
                await self._work(dict(groups))
                for aggregate in groups:
                    self._mailbox.release(aggregate)
            if self._mailbox.ready:
                self._arrived.set()
            else:
                self._arrived.clear()

    async def _work(self, groups: dict[str, list[_Item]]) -> None:
        failures = 0
        while groups:
            try:
                groups = await self._attempt(groups)
                self.healthy = True
                failures = 0
            except StoreUnavailable as error:
                self.healthy = False
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
        """Loads, folds and writes; returns the groups whose compare-and-set was lost."""
        loaded, unloadable = self._codec.load_all(await self.collection.load(list(groups)))
        for aggregate, error in unloadable.items():
            self._leave(groups[aggregate], error)
        groups = {aggregate: items for aggregate, items in groups.items() if aggregate not in unloadable}
        if self._aside is not None:
            await self._aside.fill(loaded, {i: [item.delivery for item in items] for i, items in groups.items()})
        now = self._clock()
        docs = {i: self._fold(loaded.get(i) or Document[S](i), items, now) for i, items in groups.items()}
        dirty = [doc for doc in docs.values() if doc.dirty]
        lost = {dirty[at].id for at in await self._save(dirty)} if dirty else set()
        STALE.labels(self.kind.name).inc(len(lost))
        for aggregate, items in groups.items():
            if aggregate in lost:
                continue
            doc = docs[aggregate]
            if doc.dirty:
                self._on_written(doc)
            for item in items:
                self._resolve(item)
        return {aggregate: items for aggregate, items in groups.items() if aggregate in lost}

    def _leave(self, items: Sequence[_Item], error: Unloadable) -> None:
        """Nothing is done about what this release cannot read, but to say so: the consumer does not commit it."""
        self.unloadable = str(error)
        log.error("left to another release", aggregate=self.kind.name, why=str(error))
        for _ in items:
            self._count(error)
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

    async def _save(self, dirty: Sequence[Document[S]]) -> set[int]:
        if self._aside is not None:
            await self._aside.keep(dirty)
        while True:
            try:
                writes = [(d.id, d.version, self._codec.update(d, self._keyring.sealer(d.id))) for d in dirty]
            except KeyNeeded:
                await self._keyring.ensure([d.id for d in dirty], new=[d.id for d in dirty if d.version == 0])
                continue
            return await self.collection.save(writes)

    def _resolve(self, item: _Item) -> None:
        result = item.result or Dropped()
        self._count(result)
        if isinstance(result, Exception):
            _fail([item], result)
        elif not item.future.done():
            item.future.set_result(result)

    def _count(self, result: Result | Exception) -> None:
        name = "repeated" if isinstance(result, Handled) and result.repeated else type(result).__name__.lower()
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = MESSAGES.labels(self.kind.name, name)
        counter.inc()


def _fail(items: Sequence[_Item], error: Exception) -> None:
    for item in items:
        if not item.future.done():
            item.future.set_exception(error)
