"""The relay: takes decided events from the outboxes to Kafka, in order, at least once.

Invariants:
    - Of one aggregate the whole pending outbox is published in order; after a failure nothing later of it is sent.
    - Only the acknowledged prefix is cleared, and clearing leaves `version` as it is.
    - What is acknowledged is cleared by the aggregate's next write, or after `LINGER` by a write of its own: a crash
      between publishes it again. This process does not: what Kafka has is remembered after the clear, since a batch
      that read before it hands in the same outbox once more.
    - Another replica may publish the same events again; a repeat is dropped by the reader's `seen`.
    - Where there is a journal, the document that decided an event is in it before the event is sent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from itertools import islice, takewhile
from typing import Any, Final

from aiokafka.errors import KafkaError

from chassis.codec import entry
from chassis.document import OutboxEntry
from chassis.engine import Engine
from chassis.kafka import MAX_RECORD_BYTES, Bootstrap, new_producer, partition_of
from chassis.store import StoreUnavailable
from chassis.telemetry import PUBLISHED, PUBLISHES, logger
from schemas.envelope import Envelope

SEND_TIMEOUT: Final = 15.0
BACKOFF: Final = 0.5
MAX_CLEARED: Final = 1_000
SWEPT: Final = 1_000
REMEMBERED: Final = 10_000
"""Aggregates of which it is known at most how far Kafka has them, besides those that are to be cleared."""
LINGER: Final = 0.75
"""Seconds for which the next write of an aggregate is awaited: it clears what was acknowledged at no cost."""
log = logger(__name__)


class PublishFailed(Exception):
    """Kafka did not acknowledge; it may or may not have the records."""


class Publisher:
    """One producer, rebuilt when it stops answering: an idempotent one never gives up a batch by itself."""

    def __init__(self, bootstrap: Bootstrap, service: str, replica: str) -> None:
        self._bootstrap = bootstrap
        self._client = f"{service}-{replica}"
        self.source = f"/hoso/{service}"
        self._producer: Any = None
        self._starting = asyncio.Lock()

    async def publish(self, topic: str, records: Sequence[tuple[str, bytes, list[tuple[str, bytes]]]]) -> None:
        """Sends (key, value, headers) in order within each key, and returns when all are acknowledged.

        Raises:
            PublishFailed: not acknowledged in time; the producer was thrown away.
        """
        async with self._patience(topic):
            await self._send(topic, records)

    async def append(
        self, topic: str, partition: int, records: Sequence[tuple[str, bytes, list[tuple[str, bytes]]]]
    ) -> None:
        """As `publish`, all to one partition in their order. Raises PublishFailed."""
        if records:
            async with self._patience(topic):
                await self._connected()
                await self._send_partition(topic, partition, records)

    @asynccontextmanager
    async def _patience(self, topic: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                yield
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise PublishFailed(f"{topic}: {type(error).__name__}: {error}") from error

    async def _connected(self) -> None:
        async with self._starting:
            if self._producer is None:
                self._producer = new_producer(self._bootstrap, self._client)
                await self._producer.start()  # `_patience` closes one that does not start

    async def _send(self, topic: str, records: Sequence[tuple[str, bytes, list[tuple[str, bytes]]]]) -> None:
        await self._connected()
        count = len(await self._producer.partitions_for(topic))
        by_partition: dict[int, list[tuple[str, bytes, list[tuple[str, bytes]]]]] = {}
        for record in records:
            by_partition.setdefault(partition_of(record[0], count), []).append(record)
        await asyncio.gather(*(self._send_partition(topic, p, rs) for p, rs in by_partition.items()))

    async def _send_partition(self, topic: str, partition: int, records: Sequence[Any]) -> None:
        """One batch after the other, each when the one before is acknowledged."""
        batch = self._producer.create_batch()
        for key, value, headers in records:
            if batch.append(key=key.encode(), value=value, timestamp=None, headers=headers) is None:
                await self._send_batch(batch, topic, partition)
                batch = self._producer.create_batch()
                if batch.append(key=key.encode(), value=value, timestamp=None, headers=headers) is None:
                    raise PublishFailed(f"{topic}: a record is over {MAX_RECORD_BYTES} bytes")
        await self._send_batch(batch, topic, partition)

    async def _send_batch(self, batch: Any, topic: str, partition: int) -> None:
        PUBLISHES.inc()
        batch.close()
        await (await self._producer.send_batch(batch, topic, partition=partition))

    async def close(self) -> None:
        """Stops the producer, waiting for nothing that does not answer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(producer.stop(), 3)


class Relay:
    """Publishes the outboxes of one engine. `settled`: returns once what was written so far is in the journal."""

    def __init__(
        self,
        engine: Engine[Any],
        publisher: Publisher,
        *,
        linger: float = LINGER,
        settled: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._engine = engine
        self._settled = settled
        self._publisher = publisher
        self._linger = linger
        self._offered: dict[str, Sequence[OutboxEntry]] = {}
        self._acknowledged = engine.acknowledged
        self._uncleared: dict[str, float] = {}
        """Aggregates whose acknowledged events are still in the store, since when; the oldest first."""
        self._work = asyncio.Event()
        self._lingering = asyncio.Event()
        self._left_behind: set[tuple[str, int]] = set()
        self._oldest: datetime | None = None
        self.waiting = 0
        """Aggregates with unacknowledged events in the last sweep, at most `SWEPT`."""
        self.healthy = True

    def offer(self, aggregate: str, entries: Sequence[OutboxEntry]) -> None:
        """The whole outbox of a document as it was found; it replaces an earlier, shorter offer."""
        known = self._offered.get(aggregate)
        if entries and (known is None or known[-1].n <= entries[-1].n):
            self._offered[aggregate] = entries
            self._work.set()

    def written(self, aggregate: str, entries: Sequence[OutboxEntry]) -> None:
        """The whole outbox of a document as it was just written."""
        if aggregate in self._uncleared and (not entries or entries[0].n > self._acknowledged[aggregate]):
            del self._uncleared[aggregate]
        self.offer(aggregate, entries)

    async def run(self) -> None:
        """Works until cancelled."""
        await asyncio.gather(self._publishing(), self._clearing())

    async def _publishing(self) -> None:
        while True:
            await self._work.wait()
            offered = self._taken()
            self._work.clear()
            try:
                if offered:
                    await self._publish(offered)
                self.healthy = True
            except (PublishFailed, StoreUnavailable) as error:
                self.healthy = False
                log.warning("events wait in the outbox, trying again", error=str(error)[:200])
                for aggregate, entries in offered.items():
                    self.offer(aggregate, entries)
                await asyncio.sleep(BACKOFF)

    def _taken(self) -> dict[str, list[OutboxEntry]]:
        """What is offered and not yet acknowledged: an offer may be older than the acknowledgement."""
        offered, self._offered = self._offered, {}
        known = self._acknowledged
        fresh = {a: [e for e in entries if e.n > known.get(a, 0)] for a, entries in offered.items()}
        return {aggregate: entries for aggregate, entries in fresh.items() if entries}

    async def _publish(self, offered: Mapping[str, list[OutboxEntry]]) -> None:
        if self._settled is not None:
            await self._settled()
        by_topic: dict[str, list[tuple[str, bytes, list[tuple[str, bytes]]]]] = {}
        for aggregate, entries in offered.items():
            for e in entries:
                by_topic.setdefault(e.topic, []).append((aggregate, e.data, self._headers(aggregate, e)))
        for topic, records in by_topic.items():
            await self._publisher.publish(topic, records)
        for (topic, kind), count in Counter((e.topic, e.type) for es in offered.values() for e in es).items():
            PUBLISHED.labels(topic, kind).inc(count)
        now = asyncio.get_running_loop().time()
        for aggregate, entries in offered.items():
            self._acknowledged.pop(aggregate, None)
            self._acknowledged[aggregate] = entries[-1].n
            self._uncleared.setdefault(aggregate, now)
        self._forget()
        self._lingering.set()

    def _forget(self) -> None:
        """The oldest go first."""
        for aggregate in list(islice(self._acknowledged, max(0, len(self._acknowledged) - REMEMBERED))):
            if aggregate not in self._uncleared:
                del self._acknowledged[aggregate]

    async def _clearing(self) -> None:
        while True:
            await self._lingering.wait()
            oldest = next(iter(self._uncleared.values()), 0.0)
            await asyncio.sleep(max(0.0, oldest + self._linger - asyncio.get_running_loop().time()))
            try:
                await self.clear(self._linger / 2)
            except StoreUnavailable as error:
                log.warning("published events stay in the outbox, trying again", error=str(error)[:200])
                await asyncio.sleep(BACKOFF)
            if not self._uncleared:
                self._lingering.clear()

    async def clear(self, age: float) -> None:
        """Takes what was acknowledged `age` seconds ago or before, and is still there, out of the store."""
        until = asyncio.get_running_loop().time() - age
        due = list(takewhile(lambda a: self._uncleared[a] <= until, self._uncleared))[:MAX_CLEARED]
        done = [(aggregate, self._acknowledged[aggregate]) for aggregate in due]
        if done:
            await self._engine.clear(done)
        for aggregate, n in done:
            if self._acknowledged.get(aggregate) == n:
                self._uncleared.pop(aggregate, None)

    def _headers(self, aggregate: str, entry: OutboxEntry) -> list[tuple[str, bytes]]:
        envelope = Envelope(
            id=f"{entry.topic.partition('.')[0]}/{aggregate}/{entry.n}",
            source=self._publisher.source,
            type=entry.type,
            subject=aggregate,
            time=entry.time,
            sequence=entry.n,
            traceparent=entry.trace,
            content_type=self._engine.kind.content_type,
        )
        return envelope.headers()

    async def sweep(self, *, everything: bool = False) -> None:
        """Offers what a crash left behind: what was unpublished in the last sweep too, or at the start all of it."""
        found = await self._engine.collection.unpublished(limit=SWEPT)
        now = {(d["_id"], d["pending"]) for d in found}
        again = [d for d in found if everything or (d["_id"], d["pending"]) in self._left_behind]
        left = [d for d in again if d["_id"] not in self._engine.behind]
        await self._engine.journal_again([d["_id"] for d in left])
        for stored in left:
            self.offer(stored["_id"], [entry(e) for e in stored.get("outbox", [])])
        self._left_behind = now
        unsaid = [at for stored in found if (at := self._unsaid_since(stored)) is not None]
        self.waiting, self._oldest = len(unsaid), min(unsaid, default=None)

    def _unsaid_since(self, stored: Mapping[str, Any]) -> datetime | None:
        known = self._acknowledged.get(stored["_id"], 0)
        return next((e.time for e in map(entry, stored.get("outbox", [])) if e.n > known), None)

    def age(self, now: datetime) -> float:
        """Seconds since the oldest event of the last sweep that Kafka had not acknowledged was decided; 0 if none."""
        return 0.0 if self._oldest is None else max(0.0, (now - self._oldest).total_seconds())
