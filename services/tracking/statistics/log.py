"""The streams as statistics read them: one record at a time, or all of them again up to given positions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis.decision import Handlers
from chassis.delivery import Delivery
from chassis.kafka import new_rereader
from chassis.reading import Raw, StreamReader, Unidentifiable, deliver
from schemas.event import DossierEvent
from schemas.topics import CATALOGUES, heard_by
from services.tracking.domain.counted import COUNTED, Cell, Counted, cells, count

SERVICE: Final = "tracking"
TOPICS: Final = {topic.name: stream for stream, topic in heard_by(SERVICE).items()}
PLACES: Final = tuple((topic.name, p) for topic in heard_by(SERVICE).values() for p in range(topic.partitions))
SECONDS: Final = 30.0
Place = tuple[str, int]
"""Topic and partition."""
Positions = Mapping[Place, int]
"""The offset of the next record of each partition; 0 where it is not named."""
_HANDLED: Final[Handlers] = cast("Handlers", COUNTED)  # a reader looks at the types alone
_READERS: Final = {topic: StreamReader(stream, CATALOGUES[stream], _HANDLED) for topic, stream in TOPICS.items()}


def read(raw: Raw) -> Delivery:
    """What a record says of which dossier.

    Its message is an event that is counted, or says why it is none. Raises Unidentifiable.
    """
    return deliver(_READERS[raw.topic], raw)


def counted(before: Counted, delivery: Delivery) -> Counted:
    """The dossier after what was read of it; the same object where nothing changed."""
    if delivery.position is None or not isinstance(delivery.message, DossierEvent):
        return before
    return count(before, delivery.position.stream, delivery.position.sequence, delivery.message)


def totals(dossiers: Iterable[Counted]) -> Counter[Cell]:
    """The sum of what each of them adds."""
    found: Counter[Cell] = Counter()
    for one in dossiers:
        found.update(cells(one))
    return found


async def recount(bootstrap: str, until: Positions) -> Counter[Cell]:
    """All totals from the log, read from its beginning up to `until`: no table, no group, nothing remembered.

    Raises:
        TimeoutError: a record before `until` does not come within 30 seconds of the one before.
    """
    dossiers: dict[str, Counted] = {}
    places = {place: end for place, end in until.items() if end}
    if not places:
        return Counter()
    # Not subscribed first: aiokafka may never stop a consumer that changed its assignment a moment ago.
    consumer = new_rereader(bootstrap, "statistics-recount")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(*place) for place in places])
        for place in places:
            await consumer.seek_to_beginning(TopicPartition(*place))
        while places:
            async with asyncio.timeout(SECONDS):
                found = await consumer.getmany(timeout_ms=1_000)
            for partition, records in found.items():
                _count_all(dossiers, [r for r in records if r.offset < until[partition.topic, partition.partition]])
            for place, end in [*places.items()]:
                if await consumer.position(TopicPartition(*place)) >= end:
                    del places[place]
                    consumer.pause(TopicPartition(*place))
    finally:
        await consumer.stop()
    return totals(dossiers.values())


def _count_all(dossiers: dict[str, Counted], records: Iterable[Any]) -> None:
    for record in records:
        try:
            delivery = read(Raw(record.topic, record.key, record.value or b"", tuple(record.headers)))
        except Unidentifiable:
            continue
        known = dossiers.get(delivery.aggregate, Counted())
        dossiers[delivery.aggregate] = counted(known, delivery)


async def bounds(bootstrap: str, places: Iterable[Place] = PLACES) -> dict[Place, tuple[int, int]]:
    """The offset of the first record of each partition, and that after its last."""
    partitions = [TopicPartition(*place) for place in places]
    consumer = new_rereader(bootstrap, "statistics-bounds", next(iter(TOPICS)))  # without any, stop() raises
    await consumer.start()
    try:
        first, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return {(p.topic, p.partition): (first[p], end[p]) for p in partitions}


async def ends(bootstrap: str) -> dict[Place, int]:
    """The offset after the last record of each partition."""
    return {place: end for place, (_, end) in (await bounds(bootstrap)).items()}


async def committed(bootstrap: str, group: str) -> dict[Place, int]:
    """What a group committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {(p.topic, p.partition): meta.offset for p, meta in found.items() if meta.offset >= 0}
