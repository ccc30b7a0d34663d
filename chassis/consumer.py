"""The consumer: records in, deliveries to the engines, offsets committed only for what is durable.

Invariants:
    - An offset is committed only after its record was handled, dropped as seen, or durably parked.
    - While a batch is worked on its partitions are paused and polling goes on: the membership is kept.
    - A record left to a newer release holds its partition's commits up, not the records behind it: those are handled,
      and dropped as seen when they come again.
    - On revoke the batch in hand is drained, then the epoch is fenced: nothing of it is committed afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from chassis.codec import Unloadable
from chassis.delivery import WasParked
from chassis.engine import Engine
from chassis.fold import ParkingFull
from chassis.kafka import new_consumer
from chassis.reading import Raw, Reader, Unidentifiable
from chassis.relay import Publisher, PublishFailed
from chassis.telemetry import COMMITS, DEAD_LETTERS, LAG, logger

POLL_MS: Final = 200
DRAIN: Final = 8.0
BACKOFF: Final = 1.0
log = logger(__name__)


class Route:
    """Where the records of one topic go."""

    def __init__(self, reader: Reader, engine: Engine[Any]) -> None:
        self.reader = reader
        self.engine = engine


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """One member of the service's consumer group."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        publisher: Publisher,
        *,
        bootstrap: str,
        group: str,
        replica: str,
        dead_letters: str,
    ) -> None:
        self._routes = routes
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._bootstrap = bootstrap
        self._group = group
        self._replica = replica
        self._client: Any = None
        self._epoch = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._stuck: set[TopicPartition] = set()
        self._left: set[TopicPartition] = set()
        self.healthy = False

    async def run(self) -> None:
        """Works until cancelled; joins again after trouble with the broker."""
        while True:
            self._client = new_consumer(self._bootstrap, self._group, f"{self._group}-{self._replica}")
            self._client.subscribe(list(self._routes), listener=self)
            try:
                await self._client.start()
                self.healthy = True
                while True:
                    await self._poll()
            except (KafkaError, OSError) as error:
                log.warning("broker unavailable, joining again", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(BACKOFF)
            finally:
                self.healthy = False
                with suppress(Exception):
                    await asyncio.wait_for(asyncio.shield(self._client.stop()), 5)

    async def on_partitions_revoked(self, revoked: object) -> None:  # noqa: ARG002 - the listener's signature
        """Drains the batch in hand, then fences its epoch."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN)
        self._epoch += 1

    async def on_partitions_assigned(self, assigned: object) -> None:
        """A new epoch begins from the committed offsets: what was left comes again, to whoever has the partition."""
        self._left.clear()
        log.info("partitions assigned", partitions=len(list(assigned)))  # type: ignore[call-overload]

    async def _poll(self) -> None:
        records: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]] = await self._client.getmany(
            timeout_ms=POLL_MS
        )
        if not records:
            return
        epoch = self._epoch
        self._idle.clear()
        work = asyncio.create_task(self._work(records))
        try:
            self._client.pause(*self._client.assignment())
            while not work.done():
                await asyncio.wait([work], timeout=1.0)
                if not work.done():
                    await self._client.getmany(timeout_ms=0)
            offsets = work.result()
            if epoch == self._epoch:
                await self._commit(offsets)
        finally:
            if not work.done():
                work.cancel()
            self._idle.set()
            self._client.resume(*(self._client.assignment() - self._stuck))

    async def _work(self, records: Mapping[TopicPartition, list[Any]]) -> dict[TopicPartition, int]:
        """Handles a batch; returns the offsets up to which all is durable."""
        posted = {tp: [(r, await self._post(r)) for r in batch] for tp, batch in records.items()}
        offsets: dict[TopicPartition, int] = {}
        for tp, pairs in posted.items():
            for record, future in pairs:
                try:
                    settled = await self._settled(record, future)
                except Unloadable:
                    self._left.add(tp)
                    continue
                if not settled:
                    self._stuck.add(tp)
                    break
                if tp not in self._left:
                    offsets[tp] = record.offset + 1
        return offsets

    async def _post(self, record: Any) -> asyncio.Future[Any] | None:
        route = self._routes[record.topic]
        raw = Raw(record.topic, record.key, record.value or b"", tuple((k, bytes(v)) for k, v in record.headers))
        try:
            delivery = route.reader.read(raw)
        except Unidentifiable as error:
            await self._bury(raw, "unidentifiable", str(error), secret=error.secret)
            return None
        return route.engine.post(delivery)

    async def _settled(self, record: Any, future: asyncio.Future[Any] | None) -> bool:
        if future is None:
            return True
        raw = Raw(record.topic, record.key, record.value or b"", tuple((k, bytes(v)) for k, v in record.headers))
        try:
            result = await future
        except ParkingFull as error:
            log.critical("partition stopped: a person must look", topic=record.topic, why=str(error))
            return False
        except Unloadable:
            raise
        except Exception as error:  # noqa: BLE001 - a message without a sequence that no handler can take
            await self._bury(raw, "bug", f"{type(error).__name__}: {error}", secret=False)
            return True
        if isinstance(result, WasParked) and result.reason not in {"gap", "blocked"}:
            await self._bury(raw, result.reason, result.detail, secret=False)
        return True

    async def _bury(self, raw: Raw, reason: str, detail: str, *, secret: bool) -> None:
        """Copies a record to the dead letters; keeps on until Kafka has it."""
        DEAD_LETTERS.labels(reason).inc()
        log.error("dead letter", topic=raw.topic, reason=reason, detail=detail)
        digest = hashlib.sha256(raw.value).hexdigest()
        value = json.dumps({"sha256": digest}).encode() if secret else raw.value
        headers = [*raw.headers, ("hoso-topic", raw.topic.encode()), ("hoso-reason", reason.encode())]
        headers.append(("hoso-detail", detail[:1000].encode()))
        key = (raw.key or digest.encode()).decode(errors="replace")
        while True:
            try:
                await self._publisher.publish(self._dead_letters, [(key, value, headers)])
            except PublishFailed as error:
                log.warning("dead letter not acknowledged, trying again", error=str(error))
                await asyncio.sleep(BACKOFF)
            else:
                return

    async def _commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if not offsets:
            return
        try:
            await self._client.commit(dict(offsets))
        except (CommitFailedError, IllegalStateError) as error:
            log.info("offsets not committed; the records come again and are dropped", error=str(error))
            return
        COMMITS.inc()
        for tp, offset in offsets.items():
            end = self._client.highwater(tp)
            if end is not None:
                LAG.labels(tp.topic, str(tp.partition)).set(max(0, end - offset))
