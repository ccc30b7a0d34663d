"""Numbers taken by two processes on a real store; one dies without a word of what is written down."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chassis.decision import Command, Decision, Effect
from chassis.delivery import Delivery, Sweep
from chassis.document import AggregateType, Document
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.mailbox import Patience
from chassis.runner import Adapter, Runner
from chassis.series import CHECK_AFTER, NAME, SERIES, NumberTaken, Series, Take, TakeNumber, TakesNumber, adapters
from schemas.event import Record

from .conftest import Bench
from .partner import stop

PATIENCE = 60.0
HOLDERS = 5


class Ask(Command):
    """Asks for a number."""


class Paper(Record):
    number: int | None = None


def ask(state: Paper | None, _command: Ask, _now: object) -> Decision[Paper]:
    return Decision(state or Paper(), effects=(TakeNumber(series="papers"),))


def numbered(state: Paper, outcome: NumberTaken, _now: object) -> Decision[Paper]:
    return Decision(state.model_copy(update={"number": outcome.number}))


PAPERS = AggregateType(name="papers", state=Paper, handlers={Ask: ask, NumberTaken: numbered}, effects=(TakeNumber,))


class Deaf:
    """Takes numbers and does not want to hear what became of them."""

    def __init__(self, takes: TakesNumber) -> None:
        self.execute = takes.execute


class Process:
    """Papers and their series in one replica, as if it died each time it had written something down (`deaf`), or
    before it asked for a number (`idle`)."""

    def __init__(self, bench: Bench, name: str, *, deaf: bool = False, idle: bool = False) -> None:
        self.bench = bench
        self.engines: dict[str, Engine[Any]] = {}
        self.runners: dict[str, Runner] = {}
        self.idle = idle
        works: dict[type[Effect], Adapter] = dict(adapters(self, PAPERS.name))
        if deaf:
            works[TakeNumber] = Deaf(TakesNumber(self, Patience.NONE))
        for kind in (PAPERS, SERIES):
            engine = self.engines[kind.name] = Engine(
                kind,
                bench.store.collection(kind.name),
                bench.keyring,
                Folder(kind, name, lambda _position: pytest.fail("nothing is parked here")),
                clock=bench.clock,
                on_written=partial(self._written, kind.name),
            )
            self.runners[kind.name] = Runner(
                engine,
                works,
                bench.keyring,
                clock=bench.clock,
                jitter=random.Random(name),  # noqa: S311 - it spreads retries
            )

    def engine(self, name: str) -> Engine[Any]:
        return self.engines[name]

    def _written(self, of: str, doc: Document[Any]) -> None:
        for pending in () if self.idle and of == PAPERS.name else doc.newborn:
            self.runners[of].start(doc.id, pending)

    async def number(self, paper: str) -> int:
        """Asks for one and waits until the paper has it."""
        await self.engine("papers").handle(Delivery(paper, Ask()))
        return await self.written_down(paper)

    async def written_down(self, paper: str) -> int:
        """Waits until the paper has its number."""
        async with asyncio.timeout(PATIENCE):
            while True:
                doc = await self.engine("papers").read(paper)
                if doc is not None and doc.state is not None and doc.state.number is not None:
                    return int(doc.state.number)

    async def series(self) -> tuple[int, Series]:
        """Version and state of the series."""
        doc = await self.engine(NAME).read("papers")
        assert doc is not None
        assert doc.state is not None
        return doc.version, doc.state

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Process]:
        for engine in self.engines.values():
            await engine.collection.ensure_indexes(())
        tasks = [asyncio.create_task(engine.run()) for engine in self.engines.values()]
        try:
            yield self
        finally:
            await stop([*tasks, *(task for runner in self.runners.values() for task in runner._tasks)])


async def test_that_a_number_is_written_down_costs_no_write(bench: Bench) -> None:
    async with Process(bench, "one").running() as one:
        assert [await one.number(f"p{n}") for n in range(HOLDERS)] == [*range(1, HOLDERS + 1)]
        version, series = await one.series()
    assert version == HOLDERS
    assert set(series.holders) <= {f"p{n}" for n in range(HOLDERS - 2, HOLDERS)}, "all but the last are spoken for"


async def test_those_of_a_dead_process_are_found_by_looking(bench: Bench) -> None:
    async with Process(bench, "one", deaf=True).running() as one:
        assert [await one.number(f"p{n}") for n in range(HOLDERS)] == [*range(1, HOLDERS + 1)]
    async with Process(bench, "two", idle=True).running() as two:
        await two.engine("papers").handle(Delivery("late", Ask()))
        await two.engine(NAME).handle(Delivery("papers", Take(holder="late")))
        _, series = await two.series()
        assert len(series.holders) == HOLDERS + 1
        bench.offset += CHECK_AFTER
        await two.engine(NAME).handle(Delivery("papers", Sweep()))
        async with asyncio.timeout(PATIENCE):
            while set(series.holders) != {"late"}:
                _, series = await two.series()
    assert series.check_at is not None, "it is looked at again"
    async with Process(bench, "three").running() as three:
        bench.offset += timedelta(minutes=1)  # the lease of the dead lapses
        await three.engine("papers").handle(Delivery("late", Sweep()))
        assert await three.written_down("late") == HOLDERS + 1
