"""Replicas of two releases in one consumer group: a rolling upgrade, and a release that must leave what it meets."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis.burial import Burial
from chassis.codec import NewerSchema
from chassis.consumer import Consumer
from chassis.delivery import Delivery
from chassis.document import AggregateType
from chassis.engine import Engine
from chassis.relay import Publisher
from chassis.route import Route
from chassis.service import Platform
from deploy.local.probes import until
from schemas.envelope import Envelope
from services.tracking.main import SERVICE
from services.tracking.settings import TrackingSettings

from .conftest import Bench
from .test_engine import running
from .walkers import BEFORE, CONTRACT, EXPAND, Step, WalkedV2, engine, reader, state_of


@dataclass
class Replica:
    engine: Engine[Any]
    consumer: Consumer
    publisher: Publisher


@asynccontextmanager
async def replica(bench: Bench, kind: AggregateType[Any], name: str) -> AsyncIterator[Replica]:
    """One member of the group, as it runs in a service."""
    own = engine(bench, kind, name)
    publisher = Publisher(bench.kafka, "walkers", name)
    consumer = Consumer(
        {bench.topic: Route(reader(kind), own)},
        Burial(publisher, "walkers.deadletter.v1"),
        bootstrap=bench.kafka,
        group=bench.topic,
        replica=name,
    )
    working, consuming = asyncio.create_task(own.run()), asyncio.create_task(consumer.run())
    try:
        yield Replica(own, consumer, publisher)
    finally:
        consumer.stop()
        await asyncio.gather(consuming, return_exceptions=True)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await publisher.close()


async def say(bench: Bench, aggregates: Sequence[str], sequences: Sequence[int], partition: int | None = None) -> None:
    """One kilometre an event, as both releases publish it."""
    producer = AIOKafkaProducer(bootstrap_servers=bench.kafka, acks="all")
    await producer.start()
    try:
        for sequence in sequences:
            for aggregate in aggregates:
                event = WalkedV2(dossier_id=aggregate, metres=1000)
                envelope = Envelope(
                    id=f"walks/{aggregate}/{sequence}",
                    source="/test",
                    type=event.type_name(),
                    subject=aggregate,
                    time=datetime(2026, 11, 24, tzinfo=UTC),
                    sequence=sequence,
                )
                value, headers = event.dump_json(), envelope.headers()
                await producer.send(bench.topic, value, key=aggregate.encode(), headers=headers, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


async def all_at(engine: Engine[Any], aggregates: Sequence[str], way: int) -> None:
    """Kilometres of the release before, metres of this one."""

    async def there() -> bool:
        docs = [await engine.read(a) for a in aggregates]
        states = [doc.state for doc in docs if doc]
        return len(states) == len(docs) and all(way in {getattr(s, "km", 0), getattr(s, "metres", 0)} for s in states)

    await until(there, 60)


async def committed(bench: Bench, partition: int) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(bench.topic)
    finally:
        await admin.close()
    known = offsets.get(TopicPartition(bench.topic, partition))
    return known.offset if known else 0


async def test_a_rolling_upgrade_loses_no_event(bench: Bench) -> None:
    aggregates = [str(uuid.uuid4()) for _ in range(12)]
    async with replica(bench, EXPAND, "after") as after:
        async with replica(bench, BEFORE, "before"):
            await say(bench, aggregates, range(1, 11))
            await all_at(after.engine, aggregates, 10_000)
            await say(bench, aggregates, range(11, 16))
        await say(bench, aggregates, range(16, 21))
        await all_at(after.engine, aggregates, 20_000)
        docs = [await after.engine.read(a) for a in aggregates]
        assert [(doc.seen, doc.parked) for doc in docs if doc] == [({"walks": 20}, [])] * 12


async def test_the_release_before_leaves_what_a_newer_one_wrote_and_it_is_handled_later(bench: Bench) -> None:
    newer, *others = [str(uuid.uuid4()) for _ in range(4)]
    contract = engine(bench, CONTRACT, "contract")
    async with running(contract):
        await contract.handle(Delivery(newer, Step()))
    async with replica(bench, BEFORE, "before") as before:
        await say(bench, [*others, newer, *others], [1, 2], partition=1)
        await all_at(before.engine, others, 2)
        await say(bench, others, [3], partition=1)
        await all_at(before.engine, others, 3)
        assert before.engine.unloadable.endswith("has version 2, this release reads up to 1")

        async def up_to_the_newer_one() -> bool:
            return await committed(bench, 1) == 3

        await until(up_to_the_newer_one, 30)
    assert (await state_of(contract, newer)).metres == 1_000
    async with replica(bench, CONTRACT, "after") as after:
        await all_at(after.engine, [newer, *others], 3_000)
        doc = await after.engine.read(newer)
        assert doc is not None
        assert doc.seen == {"walks": 2}


async def test_readiness_names_newer_schemas_and_missing_indexes(bench: Bench, backbone: Any) -> None:
    settings = TrackingSettings.model_validate(
        {
            "port": 0,
            "KAFKA_BOOTSTRAP_SERVERS": backbone.kafka,
            "MONGODB_URL": backbone.store_url,
            "HOSO_DATABASE_PREFIX": bench.topic.partition(".")[0],
            "HOSO_MASTER_KEY": "bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0=",
            "OIDC_ISSUER": "http://127.0.0.1:9",
        }
    )
    platform, aggregate = Platform(SERVICE, settings), str(uuid.uuid4())
    dossiers = platform.engine("dossiers")
    try:
        assert "pending, wake" in (await platform.ready())["indexes dossiers"]
        await dossiers.collection.ensure_indexes(dossiers.kind.indexes)
        assert (await platform.ready()).keys() == {"broker", "guard"}
        newer = {"$set": {"v": 99, "version": 1, "at": datetime(2026, 11, 24, tzinfo=UTC)}}
        await dossiers.collection.save([(aggregate, 0, newer)])
        async with running(dossiers):
            with pytest.raises(NewerSchema):
                await dossiers.handle(Delivery(aggregate, Step()))
        assert (await platform.ready())["newer schema dossiers"].startswith(f"dossiers/{aggregate} has version 99")
    finally:
        await platform.disconnect()
