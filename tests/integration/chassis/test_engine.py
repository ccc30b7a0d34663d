"""The engine on a real store: one write, compare-and-set, idempotency keys, sealing, leases, deadlines."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from chassis.decision import Refused
from chassis.delivery import Delivery, Dropped, EffectDone, Handled, IdempotencyKey, Sweep
from chassis.engine import Engine

from .conftest import Add, AddAndRing, AddUntil, Bench, Rung, Tally, person


@asynccontextmanager
async def running(*engines: Engine[Any]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(engine.run()) for engine in engines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def state_of(engine: Engine[Tally], aggregate: str) -> Tally:
    doc = await engine.read(aggregate)
    assert doc is not None
    assert doc.state is not None
    return doc.state


async def test_two_replicas_lose_no_command(bench: Bench) -> None:
    one, two = bench.engine("one"), bench.engine("two")
    aggregate = str(uuid.uuid4())
    async with running(one, two):
        results = await asyncio.gather(
            *(engine.handle(Delivery(aggregate, Add())) for _ in range(50) for engine in (one, two))
        )
    totals = sorted(r.answer["total"] for r in results if isinstance(r, Handled))
    assert totals == list(range(1, 101))
    doc = await one.read(aggregate)
    assert doc is not None
    assert doc.last == 100
    assert [e.n for e in doc.outbox] == list(range(1, 101))


def reads() -> float:
    return REGISTRY.get_sample_value("hoso_store_calls_total", {"collection": "tallies", "operation": "find"}) or 0.0


async def test_what_was_just_written_is_not_read_again(bench: Bench) -> None:
    engine, aggregate = bench.engine("one"), str(uuid.uuid4())
    async with running(engine):
        await engine.handle(Delivery(aggregate, Add(owner=person("Lò Thị Ví Dụ"))))
        before = reads()
        for total in range(2, 6):
            handled = await engine.handle(Delivery(aggregate, Add()))
            assert isinstance(handled, Handled)
            assert handled.answer == {"total": total}
        assert reads() == before
        owner = (await state_of(engine, aggregate)).owner
        assert owner is not None
        assert await bench.keyring.open(aggregate, owner) == "Lò Thị Ví Dụ"


async def test_what_is_remembered_refuses_and_drops_nothing(bench: Bench) -> None:
    """Another replica wrote it since: only a compare-and-set or a read may decide."""
    one, two, aggregate = bench.engine("one"), bench.engine("two"), str(uuid.uuid4())
    async with running(one, two):
        await one.handle(Delivery(aggregate, Add()))
        await two.handle(Delivery(aggregate, AddUntil(seconds=1)))
        bench.offset = timedelta(seconds=2)
        assert isinstance(await one.handle(Delivery(aggregate, Sweep())), Handled)


async def test_a_key_answers_the_same_and_another_body_is_a_conflict(bench: Bench) -> None:
    engine, aggregate = bench.engine("one"), str(uuid.uuid4())
    async with running(engine):
        first = await engine.handle(Delivery(aggregate, Add(), key=IdempotencyKey("k", "d")))
        again = await engine.handle(Delivery(aggregate, Add(), key=IdempotencyKey("k", "d")))
        with pytest.raises(Refused, match="Idempotency-Key"):
            await engine.handle(Delivery(aggregate, Add(amount=2), key=IdempotencyKey("k", "other")))
        assert isinstance(first, Handled)
        assert again == Handled(first.answer, repeated=True)
        assert (await state_of(engine, aggregate)).total == 1


async def test_a_refused_command_writes_nothing(bench: Bench) -> None:
    engine, aggregate = bench.engine("one"), str(uuid.uuid4())
    async with running(engine):
        with pytest.raises(Refused):
            await engine.handle(Delivery(aggregate, Add(amount=-1)))
        assert await engine.read(aggregate) is None


async def test_personal_values_are_stored_sealed_and_open_again(bench: Bench) -> None:
    engine, aggregate = bench.engine("one"), str(uuid.uuid4())
    async with running(engine):
        await engine.handle(Delivery(aggregate, Add(owner=person("Lò Thị Ví Dụ"))))
        stored = (await engine.collection.load([aggregate]))[0]
        assert "Ví Dụ" not in str(stored)
        owner = (await state_of(engine, aggregate)).owner
        assert owner is not None
        assert repr(owner) == "***"
        assert await bench.keyring.open(aggregate, owner) == "Lò Thị Ví Dụ"


async def test_an_effect_whose_lease_lapsed_is_never_run_again_but_unknown(bench: Bench) -> None:
    engine, other = bench.engine("one"), bench.engine("two")
    aggregate = str(uuid.uuid4())
    async with running(engine, other):
        await engine.handle(Delivery(aggregate, AddAndRing()))
        born = bench.written[-1].newborn
        assert [p.holder for p in born] == ["one"]
        assert isinstance(await other.handle(Delivery(aggregate, Sweep())), Dropped)
        bench.offset = timedelta(seconds=3)
        await other.handle(Delivery(aggregate, Sweep()))
        assert (await state_of(engine, aggregate)).unknown == 1
        late = Delivery(aggregate, EffectDone(born[0].id, Rung(known=True)))
        assert isinstance(await engine.handle(late), Handled)
        assert isinstance(await engine.handle(late), Dropped)


async def test_a_deadline_falls_due_once(bench: Bench) -> None:
    engine, aggregate = bench.engine("one"), str(uuid.uuid4())
    await engine.collection.ensure_indexes(())
    async with running(engine):
        await engine.handle(Delivery(aggregate, AddUntil(seconds=60)))
        assert aggregate not in await engine.collection.sleeping_until(bench.clock(), 10)
        bench.offset = timedelta(seconds=61)
        assert aggregate in await engine.collection.sleeping_until(bench.clock(), 10)
        assert isinstance(await engine.handle(Delivery(aggregate, Sweep())), Handled)
        assert isinstance(await engine.handle(Delivery(aggregate, Sweep())), Dropped)
        assert (await state_of(engine, aggregate)).expired
        assert aggregate not in await engine.collection.sleeping_until(bench.clock(), 10)
