"""The consumer on a real broker and store: what it commits, who takes over, how it stops."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from chassis import consumer as module
from chassis import kafka
from chassis.burial import Burial
from chassis.consumer import Consumer
from chassis.decision import Decision
from chassis.document import MAX_PARKED, AggregateType
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.kafka import partition_of
from chassis.reading import StreamReader, decoder
from chassis.relay import Publisher
from chassis.route import Route
from chassis.watchdog import Stagnation
from deploy.local.platform import Backbone
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import until
from schemas.envelope import Envelope
from schemas.event import Catalogue, DossierEvent, Record

from .conftest import Bench

PARTITIONS = 3
WINDOW = 2.0
"""Seconds in which fetches are counted."""


class Stepped(DossierEvent):
    STREAM = "steps"
    TYPE = "steps.stepped"


class Walk(Record):
    steps: int = 0


def step(walk: Walk | None, _event: Stepped, _now: datetime) -> Decision[Walk]:
    return Decision(Walk(steps=(walk.steps if walk else 0) + 1))


KIND = AggregateType(name="walks", state=Walk, handlers={Stepped: step})
READER = StreamReader("steps", Catalogue([Stepped]), KIND.handlers)


class Member:
    """One replica: engine and consumer."""

    def __init__(self, bench: Bench, group: str, name: str, *, works: bool = True, instance: str | None = None) -> None:
        self.engine = Engine(
            KIND,
            bench.store.collection("walks"),
            bench.keyring,
            Folder(KIND, name, decoder({"steps": READER})),
            clock=bench.clock,
            on_written=lambda _doc: None,
        )
        self.publisher = Publisher(bench.kafka, group, name)
        self.consumer = Consumer(
            {group: Route(READER, self.engine)},
            Burial(self.publisher, f"{group}.deadletter.v1"),
            bootstrap=bench.kafka,
            group=group,
            replica=name,
            instance=instance,
        )
        self._works = works
        self._tasks: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> Self:
        if self._works:
            self._tasks.append(asyncio.create_task(self.engine.run()))
        self.consuming = asyncio.create_task(self.consumer.run())
        return self

    async def leave(self) -> None:
        self.consumer.stop()
        await asyncio.wait_for(self.consuming, 30)

    async def die(self) -> None:
        """As kill -9 would: nothing is drained, nothing committed."""
        for task in self._tasks:
            task.cancel()
        self.consumer._frontier.fence(self.consumer._frontier.partitions)
        self.consuming.cancel()
        await asyncio.gather(self.consuming, return_exceptions=True)

    async def __aexit__(self, *_: object) -> None:
        self.consumer.stop()
        await asyncio.gather(self.consuming, return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.publisher.close()


@asynccontextmanager
async def topic_of(bench: Bench) -> AsyncIterator[str]:
    """A topic that is named as the group that reads it, and its dead letters."""
    name = f"g{uuid.uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1), NewTopic(f"{name}.deadletter.v1", 1, 1)])
    await admin.close()
    yield name


def walks(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


async def produce(
    bootstrap: str, topic: str, steps: Iterable[tuple[str, int]], body: Callable[[str], bytes] | None = None
) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        sent = []
        for walk, n in steps:
            envelope = Envelope(
                id=f"steps/{walk}/{n}",
                source="/test",
                type=Stepped.type_name(),
                subject=walk,
                time=datetime.fromisoformat("2026-11-25T00:00:00Z"),
                sequence=n,
            )
            value = body(walk) if body else Stepped(dossier_id=walk).dump_json()
            sent.append(await producer.send(topic, value, key=walk.encode(), headers=envelope.headers()))
        await asyncio.gather(*sent)


async def committed(bootstrap: str, group: str) -> dict[int, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {tp.partition: max(0, at.offset) for tp, at in found.items()}


async def steps_of(engine: Engine[Walk], names: list[str]) -> dict[str, int]:
    docs = [await engine.read(name) for name in names]
    return {doc.id: doc.state.steps for doc in docs if doc is not None and doc.state is not None}


async def all_committed(bench: Bench, group: str, records: int) -> None:
    async def there() -> bool:
        try:
            return sum((await committed(bench.kafka, group)).values()) == records
        except KafkaError:
            return False  # the coordinator is not there yet

    await until(there, 60)


async def test_where_it_is_quiet_the_broker_is_asked_seldom_and_under_traffic_it_gathers(bench: Bench) -> None:
    async with topic_of(bench) as topic, Member(bench, topic, "a") as member:
        paces: list[tuple[int, int]] = []

        async def calm() -> bool:
            fetcher = member.consumer._client._fetcher
            paces.append((fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes))
            return kafka.TRAFFIC in paces and paces[-1] == kafka.QUIET

        await produce(bench.kafka, topic, [(walks(1)[0], 1)])
        await all_committed(bench, topic, 1)
        await until(calm, 30)
        client = member.consumer._client._client
        send, asked = client.send, []

        async def counted(node: Any, request: Any, **how: Any) -> Any:
            asked.append(type(request).__name__)
            return await send(node, request, **how)

        client.send = counted
        await asyncio.sleep(WINDOW)
        assert 0 < sum("Fetch" in name for name in asked) <= 1.5 * WINDOW / (kafka.QUIET[0] / 1000), asked


async def test_every_record_is_handled_once_while_members_come_leave_and_die(bench: Bench) -> None:
    names = walks(60)
    async with topic_of(bench) as topic:
        for n in (1, 2):
            await produce(bench.kafka, topic, [(w, n) for w in names])
        async with Member(bench, topic, "one") as one:
            await all_committed(bench, topic, 120)
            async with Member(bench, topic, "two") as two, Member(bench, topic, "three") as three:
                await produce(bench.kafka, topic, [(w, n) for n in range(3, 9) for w in names])
                await two.leave()
                await three.die()
                await produce(bench.kafka, topic, [(w, n) for n in range(9, 11) for w in names])
                await all_committed(bench, topic, 600)
            assert await steps_of(one.engine, names) == dict.fromkeys(names, 10)


async def test_a_partition_without_room_to_park_stops_alone_and_is_not_committed_past_it(bench: Bench) -> None:
    blocked, *others = walks(30)
    partition = partition_of(blocked, PARTITIONS)
    elsewhere = [w for w in others if partition_of(w, PARTITIONS) != partition]
    async with topic_of(bench) as topic, Member(bench, topic, "one") as one:
        gap = [(blocked, n) for n in range(2, MAX_PARKED + 3)]
        await produce(bench.kafka, topic, [*gap, *((w, 1) for w in others)])

        async def stopped() -> bool:
            return bool(one.consumer._frontier.stopped)

        await until(stopped, 30)
        await all_committed(bench, topic, MAX_PARKED + len(elsewhere))
        assert (await committed(bench.kafka, topic))[partition] == MAX_PARKED
        assert await steps_of(one.engine, elsewhere) == dict.fromkeys(elsewhere, 1)


async def test_in_hand_is_bounded_under_a_backlog_and_standing_still_ends_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STAGNATION", 3.0)
    async with topic_of(bench) as topic:
        await produce(bench.kafka, topic, [(w, 1) for w in walks(6_000)])
        async with Member(bench, topic, "one", works=False) as one:
            with pytest.raises(Stagnation, match="stands still at None"):
                await asyncio.wait_for(asyncio.shield(one.consuming), 60)
            waiting = one.engine._lanes._mailbox._free
            assert module.MAX_IN_HAND <= len(waiting) < module.MAX_IN_HAND + module.MAX_POLL
            assert sum((await committed(bench.kafka, topic)).values()) == 0


async def test_a_run_of_dead_letters_stops_it_before_the_backlog_is_gone(bench: Bench) -> None:
    backlog = module.MAX_IN_HAND + module.MAX_POLL + 500
    async with topic_of(bench) as topic, Member(bench, topic, "one") as one:
        await produce(bench.kafka, topic, [(w, 1) for w in walks(backlog)], body=lambda _walk: b"{}")

        async def stopped() -> bool:
            return one.consumer._opened() is not None and not one.consumer.healthy

        await until(stopped, 60)
        assert not one.consuming.done()
        assert sum((await committed(bench.kafka, topic)).values()) < backlog


async def test_a_named_member_that_comes_back_disturbs_nobody(bench: Bench) -> None:
    names = walks(30)
    async with topic_of(bench) as topic, Member(bench, topic, "two", instance="second") as two:
        one = await Member(bench, topic, "one", instance="first").__aenter__()

        async def shared() -> bool:
            return {len(m.consumer._frontier.partitions) for m in (one, two)} == {1, 2}

        await until(shared, 60)
        epoch, held = two.consumer._frontier._epoch, two.consumer._frontier.partitions
        await one.die()
        await produce(bench.kafka, topic, [(w, 1) for w in names])
        async with Member(bench, topic, "one again", instance="first"):
            await all_committed(bench, topic, 30)
            assert (two.consumer._frontier._epoch, two.consumer._frontier.partitions) == (epoch, held)


async def test_it_stops_within_its_grace_while_the_broker_hangs(tmp_path: Path, bench: Bench) -> None:
    async with Backbone(tmp_path / "own") as own:
        theirs = Bench(own.kafka, bench.store, bench.keys, bench.keyring, "unused")
        async with topic_of(theirs) as topic, Member(theirs, topic, "one") as one:
            await produce(own.kafka, topic, [(w, 1) for w in walks(50)])
            await all_committed(theirs, topic, 50)
            pid = own.supervisor.pid("kafka")
            os.kill(pid, signal.SIGSTOP)
            try:
                await one.leave()
            finally:
                os.kill(pid, signal.SIGCONT)


async def test_what_could_not_be_buried_before_it_stopped_comes_again_and_is_buried_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DRAIN", 0.5)
    async with topic_of(bench) as topic:
        async with AIOKafkaProducer(bootstrap_servers=bench.kafka, acks="all") as producer:
            await producer.send_and_wait(topic, b"of nobody")
        async with Member(bench, topic, "a") as member:
            nowhere = Publisher(f"{LOOPBACK}:{free_ports(1)[0]}", topic, "a")
            member.consumer._burial = Burial(nowhere, f"{topic}.deadletter.v1")

            async def tried() -> bool:
                return bool(member.consumer._burying)

            await until(tried, 30)
            await member.leave()
            await asyncio.gather(*member.consumer._burying, return_exceptions=True)
            assert not member.consumer._burying
        assert sum((await committed(bench.kafka, topic)).values()) == 0
        async with Member(bench, topic, "b"):
            await all_committed(bench, topic, 1)
        async with AIOKafkaConsumer(
            f"{topic}.deadletter.v1", bootstrap_servers=bench.kafka, auto_offset_reset="earliest"
        ) as letters:
            found = await letters.getmany(timeout_ms=10_000)
        assert [record.value for records in found.values() for record in records] == [b"of nobody"]
