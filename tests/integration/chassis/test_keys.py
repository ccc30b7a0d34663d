"""The keyring on a real store: rotation while dossiers are written, erasure, and what a batch costs."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from prometheus_client import REGISTRY

from chassis import readings
from chassis.decision import Command, Decision, Effect, FailureReason, Outcome, Policy
from chassis.delivery import Delivery, Handled, Position
from chassis.document import AggregateType
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.keyadmin import Erasure, Held, Hold, KeyAdmin, Restriction
from chassis.keyring import Keyring, Masters, Restricted, Unopenable
from chassis.runner import Call, Runner
from chassis.store import Store
from deploy.local.platform import Backbone
from deploy.local.probes import until
from schemas.event import DossierEvent, Record
from schemas.personal import Name, Personal

from .conftest import Add, Bench, person
from .test_engine import running, state_of

OLD = Masters({"1": b"1" * 32})
BOTH = Masters({"1": b"1" * 32, "2": b"2" * 32}, "2")
NEW = Masters({"2": b"2" * 32}, "2")


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def keys(backbone: Backbone) -> Any:
    store = Store(backbone.store_url, f"k{uuid.uuid4().hex[:12]}")
    yield store
    store.close()


async def make(keys: Store, masters: Masters, count: int) -> dict[str, Personal]:
    ring = Keyring(keys, masters)
    dossiers = [str(uuid.uuid4()) for _ in range(count)]
    await ring.ensure(dossiers)
    return {d: Personal(token=ring.sealer(d)("name", d)) for d in dossiers}


async def test_every_key_is_rotated_while_dossiers_are_written(keys: Store) -> None:
    admin, sealed = KeyAdmin(keys), await make(keys, OLD, 300)
    stop = asyncio.Event()

    async def write(masters: Masters) -> None:
        while not stop.is_set():
            sealed.update(await make(keys, masters, 5))

    writers = [asyncio.create_task(write(masters)) for masters in (OLD, BOTH)]
    reached = asyncio.Event()
    try:
        rotating = asyncio.create_task(admin.rotate(BOTH, batch=20, progress=lambda _n: reached.set()))
        await reached.wait()
        assert await rotating >= 300
    finally:
        stop.set()
        await asyncio.gather(*writers)
    await admin.rotate(BOTH)
    assert await admin.count() == {"2": len(sealed)}
    ring = Keyring(keys, NEW)
    assert {d: await ring.open(d, value) for d, value in sealed.items()} == {d: d for d in sealed}


async def test_a_rotation_that_was_stopped_goes_on(keys: Store) -> None:
    admin = KeyAdmin(keys)
    await make(keys, OLD, 50)

    def stop(_n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await admin.rotate(BOTH, batch=20, progress=stop)
    assert await admin.count() == {"1": 30, "2": 20}
    assert await admin.rotate(BOTH, batch=20) == 30
    assert await admin.rotate(BOTH, batch=20) == 0
    assert await admin.count() == {"2": 50}


async def test_a_rotation_undoes_no_erasure(keys: Store) -> None:
    admin, sealed = KeyAdmin(keys), await make(keys, OLD, 40)
    dossiers = list(sealed)
    erased: list[asyncio.Task[bool]] = []

    def erase(_n: int) -> None:
        if not erased:
            erased.extend([asyncio.create_task(admin.erase(erasure(d))) for d in dossiers[:10]])

    await admin.rotate(BOTH, batch=7, progress=erase)
    await asyncio.gather(*erased)
    await admin.rotate(BOTH)
    assert await admin.count() == {"2": 30, "erased": 10}


def erasure(dossier: str, reason: str = "asked for by the holder") -> Erasure:
    return Erasure(dossier, datetime(2026, 11, 24, 8, 30, tzinfo=UTC), "operator1", reason)


async def test_an_erasure_is_recorded_once_and_holds_for_a_dossier_that_had_no_key_yet(keys: Store) -> None:
    admin, dossier = KeyAdmin(keys), str(uuid.uuid4())
    assert await admin.erase(erasure(dossier))
    assert not await admin.erase(erasure(dossier, "again"))
    assert await admin.erasure(dossier) == erasure(dossier)
    ring = Keyring(keys, OLD)
    await ring.ensure([dossier])
    with pytest.raises(Unopenable):
        await ring.open(dossier, Personal(token=ring.sealer(dossier)("name", "late")))
    assert await admin.count() == {"erased": 1}


async def test_what_was_erased_is_unreadable_in_documents_events_dead_letters_and_files(bench: Bench) -> None:
    engine, aggregate = bench.engine("one"), str(uuid.uuid4())
    admin, files = KeyAdmin(bench.keys), bench.store.files("documents")
    time = Time()
    elsewhere = Keyring(bench.keys, b"k" * 32, monotonic=time)
    async with running(engine):
        await engine.handle(Delivery(aggregate, Add(owner=person("Lò Thị Ví Dụ"))))
        stored = (await state_of(engine, aggregate)).owner
        assert stored is not None
        event = Personal(token=json.loads((await outbox(engine, aggregate))[0])["owner"])
        letter = Personal(token=json.loads(json.dumps({"owner": event.token}))["owner"])
        await files.put(aggregate, bench.keyring.encrypt(aggregate, aggregate, b"a result"), {"dossier": aggregate})
        for value in (stored, event, letter):
            assert await elsewhere.open(aggregate, value) == "Lò Thị Ví Dụ"

        assert await admin.erase(erasure(aggregate))
        time.now += 60
        fresh = Keyring(bench.keys, b"k" * 32)
        for ring in (elsewhere, fresh):
            for value in (stored, event, letter):
                with pytest.raises(Unopenable):
                    await ring.open(aggregate, value)
            kept = await files.get(aggregate)
            assert kept is not None
            await ring.fetch([aggregate])
            with pytest.raises(Unopenable):
                ring.decrypt(aggregate, aggregate, kept[0])
    raw = str((await engine.collection.load([aggregate]))[0]) + str(
        await bench.keys.collection("keys").load([aggregate])
    )
    assert "Ví Dụ" not in raw
    assert "wrapped" not in raw


async def outbox(engine: Engine[Any], aggregate: str) -> list[bytes]:
    doc = await engine.read(aggregate)
    assert doc is not None
    return [entry.data for entry in doc.outbox]


class Registered(DossierEvent):
    STREAM = "people"
    TYPE = "people.registered"
    name: Name


class Person(Record):
    name: Name | None = None
    heard: int = 0
    greeted: str = ""


class Register(Command):
    name: Name


class Greet(Effect):
    TYPE: ClassVar[str] = "greet"
    POLICY: ClassVar[Policy] = "repeat"
    LEASE: ClassVar[timedelta] = timedelta(seconds=60)
    name: Name

    def failed(self, reason: FailureReason) -> Outcome:
        return Greeted(result=reason)


class Greeted(Outcome):
    result: str


def register(state: Person | None, command: Register, _now: datetime) -> Decision[Person]:
    return Decision((state or Person()).model_copy(update={"name": command.name}), effects=(Greet(name=command.name),))


def hear(state: Person | None, event: Registered, _now: datetime) -> Decision[Person]:
    state = state or Person()
    return Decision(state.model_copy(update={"name": event.name, "heard": state.heard + 1}))


def greeted(state: Person, outcome: Greeted, _now: datetime) -> Decision[Person]:
    return Decision(state.model_copy(update={"greeted": outcome.result}))


PEOPLE = AggregateType(
    name="people", state=Person, handlers={Register: register, Registered: hear, Greeted: greeted}, effects=(Greet,)
)


class Greets:
    async def execute(self, effect: Greet, call: Call) -> Outcome:
        return Greeted(result=await call.open(effect.name))


def people(bench: Bench, ring: Keyring) -> Engine[Person]:
    def written(doc: Any) -> None:
        for pending in doc.newborn:
            runner.start(doc.id, pending)

    folder = Folder(PEOPLE, "one", lambda _position: pytest.fail("nothing is parked here"))
    engine = Engine(PEOPLE, bench.store.collection("people"), ring, folder, clock=bench.clock, on_written=written)
    runner = Runner(engine, {Greet: Greets()}, ring, clock=bench.clock, jitter=random.Random(1))  # noqa: S311
    return engine


async def greeting(engine: Engine[Person], aggregate: str) -> str:
    found: list[str] = []

    async def there() -> bool:
        doc = await engine.read(aggregate)
        found.append(doc.state.greeted if doc and doc.state else "")
        return bool(found[-1])

    await until(there, 10)
    return found[-1]


async def test_an_erased_dossier_goes_on_without_personal_data(bench: Bench) -> None:
    ring, aggregate = Keyring(bench.keys, b"k" * 32), str(uuid.uuid4())
    engine, admin = people(bench, ring), KeyAdmin(bench.keys)
    async with running(engine):
        await engine.handle(Delivery(aggregate, Register(name=person("Lò Thị Ví Dụ"))))
        assert await greeting(engine, aggregate) == "Lò Thị Ví Dụ"
        doc = await engine.read(aggregate)
        assert doc is not None
        assert doc.state is not None
        assert doc.state.name is not None
        await admin.erase(erasure(aggregate))
    late = people(bench, Keyring(bench.keys, b"k" * 32))
    async with running(late):
        event = Registered(dossier_id=aggregate, name=doc.state.name)
        assert isinstance(await late.handle(Delivery(aggregate, event, position=Position("people", 1))), Handled)
        await late.handle(Delivery(aggregate, Register(name=person("Tên Đến Muộn"))))

        async def ended() -> bool:
            return await greeting(late, aggregate) == "erased"

        await until(ended, 10)
        again = await late.read(aggregate)
        assert again is not None
        assert (again.effects, again.state and again.state.heard) == ([], 1)
    assert await admin.count() == {"erased": 1}


def reads() -> float:
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "hoso_store_calls_total" and sample.labels["collection"] == "keys"
    )


@pytest.mark.parametrize("per_aggregate", [1, 8])
async def test_a_batch_costs_one_call_for_new_dossiers_and_none_for_known_ones(
    bench: Bench, per_aggregate: int
) -> None:
    engine = bench.engine("one")
    aggregates = [str(uuid.uuid4()) for _ in range(40)]
    batch = [Delivery(a, Add(owner=person("Lò Thị Ví Dụ"))) for a in aggregates for _ in range(per_aggregate)]
    costs = []
    for _ in range(3):
        before = reads()
        futures = [engine.post(delivery) for delivery in batch]
        async with running(engine):
            await asyncio.gather(*futures)
        costs.append(reads() - before)
    assert costs == [1, 0, 0]


async def test_a_held_dossier_is_not_erased_until_the_hold_ends(keys: Store) -> None:
    admin, now = KeyAdmin(keys), datetime(2026, 11, 24, 8, tzinfo=UTC)
    dossier, value = next(iter((await make(keys, OLD, 1)).items()))
    hold = Hold(dossier, now, "court", "case 12")
    assert await admin.hold(hold)
    assert not await admin.hold(Hold(dossier, now, "another", "again")), "the first hold stays"
    with pytest.raises(Held, match="case 12"):
        await admin.erase(Erasure(dossier, now, "operator", "request"))
    assert await Keyring(keys, OLD).open(dossier, value) == dossier
    assert await admin.held(dossier) == hold
    assert await admin.release(dossier)
    assert not await admin.release(dossier)
    assert await admin.erase(Erasure(dossier, now, "operator", "request"))
    assert not await admin.hold(hold), "there is nothing left to hold"


async def test_a_hold_survives_the_rotation_of_the_master_key(keys: Store) -> None:
    admin, now = KeyAdmin(keys), datetime(2026, 11, 24, 8, tzinfo=UTC)
    dossier = next(iter(await make(keys, OLD, 1)))
    await admin.hold(Hold(dossier, now, "court", "case 12"))
    assert await admin.rotate(BOTH) == 1
    with pytest.raises(Held):
        await admin.erase(Erasure(dossier, now, "operator", "request"))


async def test_a_restriction_is_recorded_once_survives_a_rotation_and_ends(keys: Store) -> None:
    admin, now = KeyAdmin(keys), datetime(2026, 11, 24, 8, tzinfo=UTC)
    dossier, value = next(iter((await make(keys, OLD, 1)).items()))
    restriction = Restriction(dossier, now, "operator", "request 4")
    assert await admin.restrict(restriction)
    assert not await admin.restrict(Restriction(dossier, now, "another", "again")), "the first one stays"
    await admin.rotate(BOTH)
    assert await admin.restricted(dossier) == restriction
    assert await Keyring(keys, BOTH).open(dossier, value) == dossier

    async def looks() -> str:
        readings.begin()
        readings.bound()
        return await Keyring(keys, BOTH).open(dossier, value)

    with pytest.raises(Restricted):
        await asyncio.create_task(looks())
    assert await admin.lift(dossier)
    assert not await admin.lift(dossier)
    assert await Keyring(keys, BOTH).open(dossier, value) == dossier
    await admin.erase(Erasure(dossier, now, "operator", "request"))
    assert not await admin.restrict(restriction), "there is nothing left to restrict"
