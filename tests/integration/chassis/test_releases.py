"""Replicas of two releases side by side on the same aggregates, on a real store and broker.

The release before knows people by one name; this one by two, and sums in metres instead of kilometres.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis.codec import NewerSchema
from chassis.consumer import Consumer, Route
from chassis.decision import Command, Decision, Handlers
from chassis.delivery import Delivery, Handled
from chassis.document import AggregateType
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.migrate import outdated, rewrite
from chassis.reading import StreamReader, decoder
from chassis.relay import Publisher
from chassis.service import Platform
from chassis.store import Collection
from deploy.local.probes import until
from schemas.envelope import Envelope
from schemas.event import Catalogue, DossierEvent, Record
from schemas.versions import Form, Versions
from services.tracking.main import SERVICE
from services.tracking.settings import TrackingSettings

from .conftest import Bench
from .test_engine import running


class WalkedV1(DossierEvent):
    STREAM = "walks"
    TYPE = "walks.walked"
    km: int


class WalkedV2(DossierEvent):
    STREAM = "walks"
    TYPE = "walks.walked"
    VERSIONS = Versions(
        2,
        writes=1,
        up={1: lambda form: {"dossier_id": form["dossier_id"], "metres": form["km"] * 1000}},
        down={2: lambda form: {"dossier_id": form["dossier_id"], "km": form["metres"] // 1000}},
    )
    metres: int


class PersonV1(Record):
    name: str = "Lò Mẫu"
    km: int = 0


class PersonV2(Record):
    given: str = "Lò"
    family: str = "Mẫu"
    metres: int = 0


class Rename(Command):
    given: str
    family: str


class Step(Command):
    """Walks one kilometre."""


def split(form: Form) -> Form:
    given, _, family = form["name"].partition(" ")
    return {"given": given, "family": family, "metres": form["km"] * 1000}


def join(form: Form) -> Form:
    return {"name": f"{form['given']} {form['family']}", "km": form["metres"] // 1000}


def step_v1(state: PersonV1 | None, _message: Step, _now: datetime) -> Decision[PersonV1]:
    state = state or PersonV1()
    return Decision(state.model_copy(update={"km": state.km + 1}), answer={"km": state.km + 1})


def step_v2(state: PersonV2 | None, _message: Step, _now: datetime) -> Decision[PersonV2]:
    state = state or PersonV2()
    return Decision(state.model_copy(update={"metres": state.metres + 1000}), answer={"km": state.metres // 1000 + 1})


def rename_v1(state: PersonV1 | None, message: Rename, _now: datetime) -> Decision[PersonV1]:
    return Decision((state or PersonV1()).model_copy(update={"name": f"{message.given} {message.family}"}))


def rename_v2(state: PersonV2 | None, message: Rename, _now: datetime) -> Decision[PersonV2]:
    return Decision((state or PersonV2()).model_copy(update={"given": message.given, "family": message.family}))


def walk_v1(state: PersonV1 | None, event: WalkedV1, _now: datetime) -> Decision[PersonV1]:
    state = state or PersonV1()
    return Decision(state.model_copy(update={"km": state.km + event.km}))


def walk_v2(state: PersonV2 | None, event: WalkedV2, _now: datetime) -> Decision[PersonV2]:
    state = state or PersonV2()
    return Decision(state.model_copy(update={"metres": state.metres + event.metres}))


def kind(state: type[Any], handlers: Handlers, versions: Versions) -> AggregateType[Any]:
    return AggregateType(name="walkers", state=state, handlers=handlers, versions=versions)


V1_HANDLERS: Handlers = {Step: step_v1, Rename: rename_v1, WalkedV1: walk_v1}
V2_HANDLERS: Handlers = {Step: step_v2, Rename: rename_v2, WalkedV2: walk_v2}
BEFORE = kind(PersonV1, V1_HANDLERS, Versions())
EXPAND = kind(PersonV2, V2_HANDLERS, Versions(2, writes=1, up={1: split}, down={2: join}))
CONTRACT = kind(PersonV2, V2_HANDLERS, Versions(2, up={1: split}))


def engine(bench: Bench, kind: AggregateType[Any], replica: str) -> Engine[Any]:
    folder = Folder(kind, replica, decoder({"walks": reader(kind)}))
    collection = bench.store.collection(kind.name)
    return Engine(kind, collection, bench.keyring, folder, clock=bench.clock, on_written=lambda _doc: None)


def reader(kind: AggregateType[Any]) -> StreamReader:
    event: type[DossierEvent] = WalkedV1 if kind is BEFORE else WalkedV2
    return StreamReader("walks", Catalogue([event]), kind.handlers)


async def state_of(engine: Engine[Any], aggregate: str) -> Any:
    doc = await engine.read(aggregate)
    return doc.state if doc else None


async def test_two_releases_in_turn_lose_nothing(bench: Bench) -> None:
    before, after = engine(bench, BEFORE, "before"), engine(bench, EXPAND, "after")
    aggregate = str(uuid.uuid4())
    async with running(before, after):
        for number, one in enumerate([before, after] * 5, 1):
            result = await one.handle(Delivery(aggregate, Step()))
            assert isinstance(result, Handled)
            assert result.answer == {"km": number}
        await after.handle(Delivery(aggregate, Rename(given="Giàng", family="Ví Dụ")))
        assert await state_of(before, aggregate) == PersonV1(name="Giàng Ví Dụ", km=10)
        await before.handle(Delivery(aggregate, Rename(given="Vàng", family="Thử")))
        assert await state_of(after, aggregate) == PersonV2(given="Vàng", family="Thử", metres=10_000)


async def test_two_releases_at_once_lose_nothing(bench: Bench) -> None:
    before, after = engine(bench, BEFORE, "before"), engine(bench, EXPAND, "after")
    aggregates = [str(uuid.uuid4()) for _ in range(5)]
    async with running(before, after):
        results = await asyncio.gather(
            *(e.handle(Delivery(a, Step())) for _ in range(20) for e in (before, after) for a in aggregates)
        )
    answers = sorted(r.answer["km"] for r in results if isinstance(r, Handled))
    assert answers == sorted(list(range(1, 41)) * 5)
    for aggregate in aggregates:
        assert await state_of(before, aggregate) == PersonV1(km=40)
        assert await state_of(after, aggregate) == PersonV2(metres=40_000)


async def test_documents_are_rewritten_while_they_change_and_a_stopped_rewrite_goes_on(bench: Bench) -> None:
    before, after = engine(bench, BEFORE, "before"), engine(bench, CONTRACT, "after")
    aggregates = [str(uuid.uuid4()) for _ in range(60)]
    async with running(before):
        await asyncio.gather(*(before.handle(Delivery(a, Step())) for a in aggregates))
    assert await outdated(after.collection, CONTRACT) == 60

    def stop(_n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rewrite(after.collection, CONTRACT, batch=10, progress=stop)
    assert await outdated(after.collection, CONTRACT) == 50
    async with running(after):
        rewriting = asyncio.create_task(rewrite(after.collection, CONTRACT, batch=7))
        await asyncio.gather(*(after.handle(Delivery(a, Step())) for a in aggregates for _ in range(2)))
        assert (await rewriting).unreadable == {}
        assert await outdated(after.collection, CONTRACT) == 0
        for aggregate in aggregates:
            assert await state_of(after, aggregate) == PersonV2(metres=3_000)


class Raced:
    """A collection whose documents are changed by somebody else between the first reading and the writing back."""

    def __init__(self, collection: Collection, race: Callable[[], Awaitable[object]]) -> None:
        self._collection = collection
        self._race = [race]
        self.save = collection.save

    async def scan(self, query: Form, after: str, limit: int) -> list[Form]:
        found = await self._collection.scan(query, after, limit)
        if self._race:
            await self._race.pop()()
        return found


async def test_a_document_that_was_changed_meanwhile_is_looked_at_again(bench: Bench) -> None:
    before, after = engine(bench, EXPAND, "before"), engine(bench, CONTRACT, "after")
    aggregates = sorted(str(uuid.uuid4()) for _ in range(4))
    async with running(before):
        await asyncio.gather(*(before.handle(Delivery(a, Step())) for a in aggregates))
        raced = Raced(after.collection, lambda: before.handle(Delivery(aggregates[1], Step())))
        result = await rewrite(cast("Collection", raced), CONTRACT, batch=2)
    assert (result.written, await outdated(after.collection, CONTRACT)) == (4, 0)
    assert [(await state_of(after, a)).metres for a in aggregates] == [1000, 2000, 1000, 1000]


# -- with the broker ------------------------------------------------------------------------------------------------


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
        publisher,
        bootstrap=bench.kafka,
        group=bench.topic,
        replica=name,
        dead_letters="walkers.deadletter.v1",
    )
    tasks = [asyncio.create_task(own.run()), asyncio.create_task(consumer.run())]
    try:
        yield Replica(own, consumer, publisher)
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
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
        assert (await platform.ready()).keys() == {"broker"}
        newer = {"$set": {"v": 99, "version": 1, "at": datetime(2026, 11, 24, tzinfo=UTC)}}
        await dossiers.collection.save([(aggregate, 0, newer)])
        async with running(dossiers):
            with pytest.raises(NewerSchema):
                await dossiers.handle(Delivery(aggregate, Step()))
        assert (await platform.ready())["newer schema dossiers"].startswith(f"dossiers/{aggregate} has version 99")
    finally:
        await platform.disconnect()
