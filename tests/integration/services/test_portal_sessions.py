"""Sessions of the portal on a real store: over in time, worth nothing under another key, and then removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from chassis.store import Store
from deploy.local.platform import Backbone
from deploy.local.probes import until
from services.portal.sessions import RECORDS, Account, Sessions

KEY = b"k" * 32
ACCOUNT = Account("citizen1", "Lò Thị Mẫu", "token")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def store(backbone: Backbone) -> AsyncIterator[Store]:
    opened = Store(backbone.store_url, "portal_sessions")
    (kind,) = RECORDS
    await opened.collection(kind.name).ensure_indexes(kind.indexes, plain=True)
    yield opened
    opened.close()


async def test_a_session_is_its_person_s_until_its_time_is_over(store: Store) -> None:
    clock = Clock()
    sessions = Sessions(store, KEY, clock)
    name = await sessions.begin(ACCOUNT, 60)
    assert await sessions.find(name) == ACCOUNT
    clock.now += timedelta(seconds=59)
    assert await sessions.find(name) == ACCOUNT
    clock.now += timedelta(seconds=1)
    assert await sessions.find(name) is None


async def test_it_opens_with_the_key_it_was_sealed_under_and_the_name_it_was_given(store: Store) -> None:
    clock = Clock()
    name = await Sessions(store, KEY, clock).begin(ACCOUNT, 60)
    assert await Sessions(store, b"x" * 32, clock).find(name) is None
    sessions = Sessions(store, KEY, clock)
    for other in (None, "", "x" * 43, name[:-1], "x" * 10_000):
        assert await sessions.find(other) is None
    assert len({name, await sessions.begin(ACCOUNT, 60)}) == 2


async def test_one_that_was_ended_is_no_more_and_the_others_are(store: Store) -> None:
    sessions = Sessions(store, KEY, Clock())
    one, other = [await sessions.begin(ACCOUNT, 60) for _ in range(2)]
    await sessions.end(one)
    await sessions.end(one)
    assert await sessions.find(one) is None
    assert await sessions.find(other) == ACCOUNT


async def test_what_has_ended_is_removed_and_nothing_else(store: Store) -> None:
    clock = Clock()
    sessions = Sessions(store, KEY, clock)
    lasting = await sessions.begin(ACCOUNT, 3600)
    await sessions.begin(ACCOUNT, 60)
    clock.now += timedelta(seconds=61)
    over = {"until": {"$lt": clock.now}}
    records = store.collection("sessions")
    assert await records.select(over, ("_id",), 1)

    async def none_left() -> bool:
        return not await records.select(over, ("_id",), 1)

    pruning = asyncio.create_task(sessions.prune())
    await until(none_left, 20)
    pruning.cancel()
    assert await sessions.find(lasting) == ACCOUNT
