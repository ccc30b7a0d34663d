"""Consumer groups seen from outside: who is in them, and putting them back to where they were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis.kafka import Bootstrap, connection, new_consumer
from chassis.rereading import Place, bounds, committed

EMPTY: Final = frozenset({"Empty", "Dead"})


async def in_use(bootstrap: Bootstrap, groups: Collection[str]) -> list[str]:
    """Those of `groups` that have members. Raises KafkaError."""
    admin = AIOKafkaAdminClient(**connection(bootstrap))
    await admin.start()
    try:
        # One at a time: aiokafka 0.14 misreads an answer about several (its v3 is decoded as v2).
        answers = [answer for group in groups for answer in await admin.describe_consumer_groups([group])]
    finally:
        await admin.close()
    states = {found[1]: found[2] for answer in answers for found in answer.groups}
    return sorted(group for group, state in states.items() if state not in EMPTY)


async def rewind(bootstrap: Bootstrap, group: str, offsets: Mapping[Place, int]) -> dict[Place, int]:
    """Sets what a group without members has committed; returns what it is now.

    A partition it has read since, and that is not in `offsets`, begins at its beginning. Nothing is set before what is
    kept. Raises KafkaError, which a group with members causes.
    """
    now = await committed(bootstrap, group)
    places = offsets.keys() | now.keys()
    if not places:
        return {}
    kept = await bounds(bootstrap, f"rewind-{group}", places)
    wanted = {place: min(max(offsets.get(place, 0), kept[place][0]), kept[place][1]) for place in places}
    consumer = new_consumer(bootstrap, group, f"rewind-{group}")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(*place) for place in wanted])
        await consumer.commit({TopicPartition(*place): offset for place, offset in wanted.items()})
    finally:
        await consumer.stop()
    return wanted
