"""Topics read outside any group: where partitions begin and end, and all of their records up to given offsets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from chassis.kafka import Bootstrap, connection, new_rereader

STALLED: Final = 30.0
POLL_MS: Final = 1_000
Place = tuple[str, int]
"""Topic and partition."""
LOG_AWAY: Final = (KafkaError, TimeoutError)
"""What is raised where a topic cannot be read now."""


async def bounds(bootstrap: Bootstrap, client: str, places: Collection[Place]) -> dict[Place, tuple[int, int]]:
    """The offset of the first record of each partition, and that after its last. Raises KafkaError."""
    partitions = [TopicPartition(*place) for place in places]
    consumer = new_rereader(bootstrap, client, partitions[0].topic)  # aiokafka's stop() raises where it has no topic
    await consumer.start()
    try:
        first, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return {(p.topic, p.partition): (first[p], end[p]) for p in partitions}


async def committed(bootstrap: Bootstrap, group: str) -> dict[Place, int]:
    """The offsets a group committed. Raises KafkaError."""
    admin = AIOKafkaAdminClient(**connection(bootstrap))
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {(p.topic, p.partition): meta.offset for p, meta in found.items() if meta.offset >= 0}


async def reread(
    bootstrap: Bootstrap, client: str, until: Mapping[Place, int], since: Mapping[Place, int] | None = None
) -> AsyncIterator[list[Any]]:
    """The records of each partition from its beginning, or from `since`, up to the offset before `until`, as they come.

    Raises:
        TimeoutError: a record before `until` does not come within 30 seconds of the one before.
    """
    starts = since or {}
    ends = {TopicPartition(*place): end for place, end in until.items() if end > starts.get(place, 0)}
    if not ends:
        return
    # Assigned once: aiokafka may never stop a consumer whose assignment was changed a moment ago.
    consumer = new_rereader(bootstrap, client)
    await consumer.start()
    try:
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*(p for p in ends if not starts.get((p.topic, p.partition))))
        for p in ends:
            if start := starts.get((p.topic, p.partition)):
                consumer.seek(p, start)
        while ends:
            async with asyncio.timeout(STALLED):
                found = await consumer.getmany(timeout_ms=POLL_MS)
            for partition, records in found.items():
                yield [record for record in records if record.offset < ends[partition]]
            for partition in [p for p in ends if await consumer.position(p) >= ends[p]]:
                del ends[partition]
                consumer.pause(partition)
    finally:
        await consumer.stop()
