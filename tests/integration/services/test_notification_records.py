"""Plain records of notification on a real store: how often who asked, and what is removed when nobody needs it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.store import Store
from deploy.local.platform import Backbone
from schemas.event import to_instant
from services.notification.effects.parts import Parts, Receipt
from services.notification.effects.pruning import LATE, PAGE, RECORDS, Pruning
from services.notification.effects.quotas import Quotas

from .partners import ID, eventually

NOW = to_instant(datetime.now(UTC))
KEPT = timedelta(hours=48)
PHONE = "+84912345678"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
async def store(backbone: Backbone) -> AsyncIterator[Store]:
    store = Store(backbone.store_url, f"records_{uuid.uuid4().hex[:8]}")
    for records in RECORDS:
        await store.collection(records.name).ensure_indexes(records.indexes, plain=True)
    yield store
    store.close()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def test_a_quota_is_one_for_all_who_ask_at_once_and_is_free_again_after_an_hour(store: Store) -> None:
    clock = Clock()
    replicas = [Quotas(store, clock), Quotas(store, clock)]
    answers = await asyncio.gather(*(replicas[n % 2].spend("number:t", 3) for n in range(8)))
    assert sum(answers) == 3
    assert await replicas[0].spend("number:other", 3)
    clock.now += timedelta(minutes=59)
    assert not await replicas[0].spend("number:t", 3)
    clock.now += timedelta(minutes=1)
    assert [await replicas[0].spend("number:t", 3) for _ in range(4)] == [True, True, True, False]


async def ids(store: Store, name: str) -> set[str]:
    return {record["_id"] for record in await store.collection(name).select({}, ("_id",), 5_000)}


async def test_what_may_still_be_asked_for_stays_and_all_else_goes(store: Store) -> None:
    clock = Clock()
    pruning = Pruning(store, clock, KEPT)
    limits = {"parts": ("at", KEPT + LATE), "doubtful": ("until", KEPT + LATE), "asked": ("at", timedelta(hours=2))}
    for name, (field, age) in {**limits, "quotas": ("at", LATE)}.items():
        ages = {"fresh": timedelta(0), "needed": age - SECOND, "old": age + SECOND, "ancient": 100 * DAY}
        await store.collection(name).insert_missing([{"_id": i, field: NOW - old} for i, old in ages.items()])
    assert await pruning.sweep() is False
    for name in (*limits, "quotas"):
        assert await ids(store, name) == {"fresh", "needed"}, name
    clock.now += 100 * DAY
    await pruning.sweep()
    assert [await ids(store, name) for name in limits] == [set(), set(), set()]


async def test_a_receipt_that_comes_as_late_as_a_carrier_may_send_it_finds_its_message(store: Store) -> None:
    heard: list[Any] = []

    async def handle(delivery: Any) -> None:
        heard.append(delivery.message)

    engine = SimpleNamespace(handle=handle)
    platform: Any = SimpleNamespace(store=store, engine=lambda _name: engine)
    parts = Parts(platform, b"k" * 16, patience=timedelta(0))
    sent = NOW - KEPT - LATE + timedelta(minutes=1)
    owner = {"dossier": ID, "message": f"{ID}/accepted/sms", "kind": "dossiers"}
    await store.collection("parts").insert_missing([{"_id": "c:1", **owner, "at": sent}])
    await parts.seek(ID, f"{ID}/lost/sms", PHONE, sent)
    await store.collection("doubtful").change([({"_id": f"{ID}/lost/sms"}, {"$set": {"until": sent + SECOND}})])
    await Pruning(store, lambda: NOW, KEPT).sweep()
    await parts.receipt(Receipt("c", "1", "delivered", "000", to=PHONE, submitted=sent))
    await parts.receipt(Receipt("c", "2", "delivered", "000", to=PHONE, submitted=sent))
    await eventually(parts.match)
    assert [(r.part, r.message.partition("/")[2]) for r in heard] == [("1", "accepted/sms"), ("2", "lost/sms")]


async def test_a_long_backlog_goes_page_by_page_and_what_changed_meanwhile_stays(store: Store) -> None:
    clock = Clock()
    pruning = Pruning(store, clock, KEPT)
    old = NOW - KEPT - LATE - DAY
    parts = store.collection("parts")
    await parts.insert_missing([{"_id": f"c:{n:05d}", "at": old} for n in range(PAGE + 10)])
    assert await pruning.sweep() is True
    assert len(await ids(store, "parts")) == 10
    assert await pruning.sweep() is False
    asked = store.collection("asked")
    await asked.insert_missing([{"_id": "t", "n": 1, "times": [old], "at": old}])
    assert await Quotas(store, clock).spend("t", 1)
    await pruning.sweep()
    assert await ids(store, "asked") == {"t"}


@pytest.mark.parametrize(
    ("name", "query", "index"),
    [
        ("parts", {"at": {"$lt": NOW}}, "at"),
        ("doubtful", {"until": {"$lt": NOW}}, "until"),
        ("doubtful", {"to": "t"}, "to"),
        ("unmatched", {"at": {"$lt": NOW}}, "at"),
        ("asked", {"at": {"$lt": NOW}}, "at"),
    ],
)
async def test_nothing_is_looked_for_by_going_through_all(
    store: Store, name: str, query: dict[str, Any], index: str
) -> None:
    records = store.collection(name)
    await records.insert_missing([{"_id": f"{n}", "at": NOW, "until": NOW, "to": f"{n}"} for n in range(50)])
    explained = await records._raw.find(query).explain()
    assert f"'indexName': '{index}'" in str(explained["queryPlanner"]["winningPlan"]), explained["queryPlanner"]
