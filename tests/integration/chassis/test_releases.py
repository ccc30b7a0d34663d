"""Replicas of two releases side by side on the same documents, and the documents of one made those of the other."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from chassis.delivery import Delivery, Handled
from chassis.migrate import outdated, rewrite
from chassis.store import Collection
from schemas.versions import Form

from .conftest import Bench
from .test_engine import running
from .walkers import BEFORE, CONTRACT, EXPAND, PersonV1, PersonV2, Rename, Step, engine, state_of


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
