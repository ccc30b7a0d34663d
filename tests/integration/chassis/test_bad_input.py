"""Bad input on the real broker: each ends in the dead letters with its reason; no other dossier and no memory minds."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import MessageSizeTooLargeError
from confluent_kafka import Consumer as Librdkafka

from chassis.burial import Burial
from chassis.consumer import Consumer
from chassis.relay import Publisher
from chassis.route import Route
from deploy.local.platform import Backbone
from deploy.local.probes import until
from schemas.event import MAX_EVENT_BYTES
from schemas.topics import UPSTREAM, declared

from .parking_bench import ParkingBench, Replica, headers, parking_bench, value
from .test_engine import running

MIB = 1024 * 1024
PAGE = 4096
Record = tuple[bytes, list[tuple[str, bytes]]]


@pytest.fixture
async def bench(backbone: Backbone) -> AsyncIterator[ParkingBench]:
    async with parking_bench(backbone) as bench:
        yield bench


def bad(a: str) -> dict[str, tuple[str, Record]]:
    """Name to (reason, record); each is the first event of its own dossier."""
    good, head = value(a, 1), headers(a, 1)
    return {
        "not UTF-8": ("undecodable", (b"\xff\xfe" + good, head)),
        "not JSON": ("undecodable", (good[:-1], head)),
        "nested deeply": ("undecodable", (b"[" * 100_000 + b"]" * 100_000, head)),
        "out of its schema": ("invalid", (good.replace(b'"n":1', b'"n":"one"'), head)),
        "another dossier's": ("invalid", (value(str(uuid.uuid4()), 1), head)),
        "a wrong version": ("wrong_version", (good, headers(a, 1, ce_type="counted.up.v0"))),
        "a future version": ("future_version", (good, headers(a, 1, ce_type="counted.up.v2"))),
        "another envelope": ("unidentifiable", (good, headers(a, 1, ce_specversion="2.0"))),
        "a sequence without end": ("unidentifiable", (good, headers(a, 1, ce_sequence="9" * 5_000))),
        "a header that is no UTF-8": ("unidentifiable", (good, [*head, ("note", b"\xff")])),
        "too many headers": ("unidentifiable", (good, [*head, *((f"h{n}", b"") for n in range(200))])),
        "a huge header": ("unidentifiable", (good, [*head, ("h", b"x" * MAX_EVENT_BYTES)])),
        "2 MB": ("too_large", (b" " * 2 * MIB + good, head)),
        "endless": ("too_large", (b'{"dossier_id":"' + b"0" * (15 * MIB), head)),
    }


ROOM = 150 * MIB
"""Less than the flood has: what one fetch holds, and what the broker's client and the copies need for it."""
NAMES = list(bad(str(uuid.UUID(int=0))))


@asynccontextmanager
async def consuming(bench: ParkingBench, replica: Replica) -> AsyncIterator[None]:
    publisher = Publisher(bench.kafka, "test", "one")
    consumer = Consumer(
        {bench.topic: Route(replica.reader, replica.engine)},
        Burial(publisher, bench.dead_letters),
        bootstrap=bench.kafka,
        group=f"{bench.topic}-group",
        replica="one",
    )
    task = asyncio.create_task(consumer.run())
    try:
        async with running(replica.engine):
            yield
            assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await publisher.close()


async def until_heard(replica: Replica, aggregate: str, last: int) -> None:
    async def heard() -> bool:
        doc = await replica.engine.read(aggregate)
        return doc is not None and doc.seen.get("counted") == last

    await until(heard, 40)


def letters(bench: ParkingBench, count: int) -> list[tuple[bytes, bytes, dict[str, bytes]]]:
    client = Librdkafka(
        {"bootstrap.servers": bench.kafka, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    )
    client.subscribe([bench.dead_letters])
    found: list[tuple[bytes, bytes, dict[str, bytes]]] = []
    try:
        while len(found) < count:
            message = client.poll(10)
            assert message is not None, f"{len(found)} of {count} dead letters came"
            assert message.error() is None
            head = cast("list[tuple[str, bytes]]", message.headers() or [])
            found.append((message.key() or b"", message.value() or b"", dict(head)))
    finally:
        client.close()
    return found


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


@pytest.mark.parametrize("name", NAMES)
async def test_it_ends_in_the_dead_letters_with_its_reason_and_other_dossiers_go_on(
    bench: ParkingBench, name: str
) -> None:
    a, other, replica = str(uuid.uuid4()), str(uuid.uuid4()), bench.replica()
    reason, (content, head) = bad(a)[name]
    good: list[tuple[str, bytes, list[tuple[str, bytes]]]] = [
        (other, value(other, n), headers(other, n)) for n in (1, 2)
    ]
    expected = [(2, "gap")] if reason == "unidentifiable" else [(1, reason), (2, "blocked")]

    async def parked() -> bool:
        doc = await replica.engine.read(a)
        return doc is not None and len(doc.parked) == len(expected)

    await bench.publish([good[0], (a, content, head), (a, value(a, 2), headers(a, 2)), good[1]])
    async with consuming(bench, replica):
        await until_heard(replica, other, 2)
        await until(parked, 40)
        assert await replica.numbers(other) == (1, 2)
        [(key, copy, said)] = await asyncio.to_thread(letters, bench, 1)
    assert (key.decode(), said["hoso-reason"].decode(), said["hoso-topic"].decode()) == (a, reason, bench.topic)
    assert said["hoso-detail"]
    if len(content) > MAX_EVENT_BYTES:
        assert json.loads(copy)["bytes"] == len(content)
    else:
        assert copy == content
    doc = await replica.doc(a)
    assert [(p.sequence, p.reason) for p in doc.parked] == expected
    assert doc.state is None


async def test_a_flood_of_endless_events_does_not_fill_memory(bench: ParkingBench) -> None:
    other, replica = str(uuid.uuid4()), bench.replica()
    flood = [str(uuid.uuid4()) for _ in range(20)]
    records: list[tuple[str, bytes, list[tuple[str, bytes]]]] = [
        (a, bad(a)["endless"][1][0], headers(a, 1)) for a in flood
    ]
    await bench.publish([*records, *((other, value(other, n), headers(other, n)) for n in (1, 2))])
    del records
    before = resident()
    most = 0

    async def watched() -> None:
        nonlocal most
        while True:
            most = max(most, resident())
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watched())
    async with consuming(bench, replica):
        await until_heard(replica, other, 2)
        found = await asyncio.to_thread(letters, bench, len(flood))
    watching.cancel()
    assert {said["hoso-reason"] for _, _, said in found} == {b"too_large"}
    assert most - before < ROOM


async def test_the_broker_refuses_what_unpacks_to_more_than_it_would_take(backbone: Backbone) -> None:
    """100 MB of zeros are some 100 KB when packed: to the readers of a foreign topic they would be 100 MB."""
    declared_topic = next(topic for topic in declared(("a-portal",)) if topic.name == UPSTREAM)
    name = f"p{uuid.uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=backbone.kafka)
    await admin.start()
    config = dict(declared_topic.config(replication=1))
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs=config)])
    await admin.close()
    large = 200 * MIB
    producer = AIOKafkaProducer(
        bootstrap_servers=backbone.kafka, compression_type="gzip", max_request_size=large, max_batch_size=large
    )
    await producer.start()
    try:
        await producer.send_and_wait(name, b"0" * MAX_EVENT_BYTES)
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(name, b"0" * (100 * MIB))
    finally:
        await producer.stop()
