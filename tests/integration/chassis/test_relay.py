"""The relay on a real broker and store: order, sequences, clearing, and what a crash leaves behind."""

from __future__ import annotations

import asyncio
import uuid
from typing import cast

from confluent_kafka import Consumer

from chassis.delivery import Delivery
from chassis.relay import Publisher, Relay
from deploy.local.probes import until
from schemas import envelope

from .conftest import Add, Bench
from .test_engine import running


def consume(bootstrap: str, topic: str, count: int) -> list[tuple[str, envelope.Envelope]]:
    """Reads with an independent client (librdkafka)."""
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    client.subscribe([topic])
    found: list[tuple[str, envelope.Envelope]] = []
    try:
        while len(found) < count:
            message = client.poll(20)
            assert message is not None, f"{len(found)} of {count} records came"
            assert message.error() is None
            pairs = cast("list[tuple[str, bytes]]", message.headers() or [])
            headers = [(k, v) for k, v in pairs if isinstance(v, bytes)]
            found.append(((message.key() or b"").decode(), envelope.read(headers)))
    finally:
        client.close()
    return found


async def test_events_arrive_in_order_and_the_outbox_empties(bench: Bench) -> None:
    publisher = Publisher(bench.kafka, "tally", "one")
    engine = bench.engine("one", on_written=lambda doc: relay.written(doc.id, doc.kept))
    relay = Relay(engine, publisher)
    aggregates = [str(uuid.uuid4()) for _ in range(5)]
    relaying = asyncio.create_task(relay.run())
    async with running(engine):
        await asyncio.gather(*(engine.handle(Delivery(a, Add())) for _ in range(20) for a in aggregates))
        found = await asyncio.to_thread(consume, bench.kafka, bench.topic, 100)
        for aggregate in aggregates:
            assert [e.sequence for key, e in found if key == aggregate] == list(range(1, 21))
        assert {e.id for _, e in found} == {
            f"{bench.topic.partition('.')[0]}/{a}/{n}" for a in aggregates for n in range(1, 21)
        }

        async def empty() -> bool:
            return not await engine.collection.unpublished(10)

        await until(empty, 20)
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    await publisher.close()


async def test_the_sweep_publishes_what_a_crash_left_behind(bench: Bench) -> None:
    crashed = bench.engine("crashed", on_written=lambda _doc: None)
    await crashed.collection.ensure_indexes(())
    aggregate = str(uuid.uuid4())
    async with running(crashed):
        await crashed.handle(Delivery(aggregate, Add()))
        await crashed.handle(Delivery(aggregate, Add()))
    publisher = Publisher(bench.kafka, "tally", "two")
    engine = bench.engine("two")
    relay = Relay(engine, publisher)
    relaying = asyncio.create_task(relay.run())
    await relay.sweep(everything=True)
    found = await asyncio.to_thread(consume, bench.kafka, bench.topic, 2)
    assert [e.sequence for _, e in found] == [1, 2]
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    await publisher.close()
