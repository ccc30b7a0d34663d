"""Closes gaps: reads a stream's partitions again from Kafka and hands the missing events to their aggregates in order.

They go through the engine as any event does, so a repair may race with the consumer, with operators and with itself:
what was seen meanwhile is dropped, what was parked behind the gap is handled in the same write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from aiokafka.structs import TopicPartition

from chassis.decision import Refused
from chassis.delivery import Delivery
from chassis.fold import ParkingFull
from chassis.kafka import Bootstrap, new_rereader, partition_of
from chassis.operations import Filter, Heard, Operations
from chassis.parking import Gap
from chassis.reading import Raw, Unidentifiable, deliver
from chassis.telemetry import logger

log = logger(__name__)
STALLED: Final = 30.0
POLL_MS: Final = 1_000


@dataclass(slots=True)
class Repaired:
    """The gaps of one stream of one aggregate; which of their events Kafka has; what is missing afterwards."""

    stream: str
    aggregate: str
    gaps: list[Gap]
    found: set[int] = field(default_factory=set)
    missing: list[Gap] = field(default_factory=list)


class Repair:
    """One service's gap repair; one at a time."""

    def __init__(self, operations: Operations, bootstrap: Bootstrap, replica: str) -> None:
        self._operations = operations
        self._bootstrap = bootstrap
        self._client = f"repair-{replica}"
        self._busy = asyncio.Lock()

    async def run(self, wanted: Filter, *, since: datetime | None, by: str, dry_run: bool) -> list[Repaired]:
        """Repairs the gaps of the aggregates that fit `wanted`, from records written at or after `since`.

        A dry run reads and hands over nothing.

        Raises:
            Refused: another repair is running.
                KafkaError, TimeoutError: the broker does not answer, or gave nothing for 30 seconds.
        """
        if self._busy.locked():
            raise Refused("busy", "another repair is running: wait for it")
        async with self._busy:
            done: list[Repaired] = []
            for heard in self._operations.streams.values():
                if wanted.stream in {None, heard.stream}:
                    done.extend(await self._stream(heard, wanted, since, dry_run=dry_run))
            if not dry_run:
                log.warning("an operator repaired gaps", by=by, aggregates=len(done))
            return done

    async def _stream(self, heard: Heard, wanted: Filter, since: datetime | None, *, dry_run: bool) -> list[Repaired]:
        chosen = None if wanted.aggregate is None else [wanted.aggregate]
        found = await self._operations.gaps(heard, chosen)
        work = {aggregate: Repaired(heard.stream, aggregate, missing) for aggregate, missing in found.items()}
        if work:
            await self._read(heard, work, since, dry_run=dry_run)
            left = found if dry_run else await self._operations.gaps(heard, list(work))
            for aggregate, repaired in work.items():
                repaired.missing = left.get(aggregate, [])
        return list(work.values())

    async def _read(self, heard: Heard, work: Mapping[str, Repaired], since: datetime | None, *, dry_run: bool) -> None:
        consumer = new_rereader(self._bootstrap, self._client, heard.topic)
        await consumer.start()
        try:
            count = len(consumer.assignment())
            partitions = [TopicPartition(heard.topic, p) for p in sorted({partition_of(a, count) for a in work})]
            consumer.unsubscribe()
            consumer.assign(partitions)
            await _seek(consumer, partitions, since)
            ends = await consumer.end_offsets(partitions)
            heard_from = asyncio.get_running_loop().time()
            while await _behind(consumer, ends):
                batch = await consumer.getmany(timeout_ms=POLL_MS)
                now = asyncio.get_running_loop().time()
                heard_from = now if batch else heard_from
                if now - heard_from > STALLED:
                    raise TimeoutError(f"{heard.topic} gave no record for {STALLED:.0f} s")
                records = [record for tp in sorted(batch) for record in batch[tp]]
                await self._hand_over(heard, work, records, dry_run=dry_run)
        finally:
            await consumer.stop()

    async def _hand_over(
        self, heard: Heard, work: Mapping[str, Repaired], records: list[Any], *, dry_run: bool
    ) -> None:
        posted: list[asyncio.Future[Any]] = []
        for record in records:
            if (record.key or b"").decode(errors="replace") not in work:
                continue
            delivery = _delivery(heard, record)
            repaired = work.get(delivery.aggregate) if delivery else None
            if delivery is None or delivery.position is None or repaired is None:
                continue
            if any(gap.first <= delivery.position.sequence <= gap.last for gap in repaired.gaps):
                repaired.found.add(delivery.position.sequence)
                if not dry_run:
                    posted.append(heard.engine.post(delivery))
        for result in await asyncio.gather(*posted, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, ParkingFull):
                raise result


def _delivery(heard: Heard, record: Any) -> Delivery | None:
    headers = tuple((name, bytes(value)) for name, value in record.headers)
    try:
        return deliver(heard.reader, Raw(record.topic, record.key, record.value or b"", headers))
    except Unidentifiable:
        return None


async def _behind(consumer: Any, ends: Mapping[TopicPartition, int]) -> bool:
    return any([await consumer.position(tp) < end for tp, end in ends.items()])


async def _seek(consumer: Any, partitions: list[TopicPartition], since: datetime | None) -> None:
    if since is None:
        await consumer.seek_to_beginning(*partitions)
        return
    millis = int(since.timestamp() * 1000)
    for tp, found in (await consumer.offsets_for_times(dict.fromkeys(partitions, millis))).items():
        if found is None:
            await consumer.seek_to_end(tp)
        else:
            consumer.seek(tp, found.offset)
