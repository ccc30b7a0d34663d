"""A database copied while it changes, and put back, on a real store."""

from __future__ import annotations

import asyncio
import io
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import bson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis import backup
from chassis.archive import BadArchive
from chassis.backup import NotEmpty
from chassis.delivery import Delivery
from chassis.groups import in_use, rewind
from chassis.kafka import new_consumer, new_producer
from chassis.keyadmin import Erasure, KeyAdmin
from chassis.rereading import committed
from chassis.store import Store
from deploy.local.platform import Backbone

from .conftest import Add, Bench, person
from .test_engine import running

KEY = b"b" * 32
ABOUT = {"what": "tally", "at": "2026-11-30T08:00:00+00:00"}


@asynccontextmanager
async def another(backbone: Backbone) -> AsyncIterator[Store]:
    """An empty database."""
    store = Store(backbone.store_url, f"r{uuid.uuid4().hex[:12]}")
    yield store
    store.close()


async def copied(store: Store, offsets: dict[str, int] | None = None) -> io.BytesIO:
    out = io.BytesIO()
    await backup.take(store.copying(), out, KEY, about=ABOUT, offsets=offsets or {})
    return out


async def everything(store: Store) -> dict[str, dict[Any, Any]]:
    """Every document by collection and id."""
    copying = store.copying()
    found: dict[str, dict[Any, Any]] = {}
    for name in await copying.names():
        documents = [bson.decode(document) async for document in copying.read(name)]
        if documents:
            found[name] = {document["_id"]: document for document in documents}
    return found


async def test_documents_files_and_offsets_come_back_as_they_were(bench: Bench, backbone: Backbone) -> None:
    engine = bench.engine("one")
    large = os.urandom(700_000)
    await bench.store.files("documents").put("d1", large, {"dossier": "x"})
    async with running(engine):
        await asyncio.gather(
            *(engine.handle(Delivery(str(uuid.uuid4()), Add(owner=person("Vàng")))) for _ in range(300))
        )
    before = await everything(bench.store)
    out = await copied(bench.store, {"dossier.events.v1/3": 17})
    assert b"Vang" not in out.getvalue()
    contents = backup.check(out, KEY)
    assert contents.documents["tallies"] == 300
    async with another(backbone) as store:
        found = await backup.restore(store.copying(), out, KEY, what="tally")
        assert found.offsets == {"dossier.events.v1/3": 17}
        assert await everything(store) == before
        content = await store.files("documents").get("d1")
        assert content is not None
        assert content[0] == large


async def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(bench: Bench, backbone: Backbone) -> None:
    engine, aggregates = bench.engine("one"), [str(uuid.uuid4()) for _ in range(200)]
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            await asyncio.gather(*(engine.handle(Delivery(a, Add())) for a in aggregates))

    async with running(engine):
        await asyncio.gather(*(engine.handle(Delivery(a, Add())) for a in aggregates))
        writing = asyncio.create_task(write())
        out = await copied(bench.store)
        stop.set()
        await writing
    async with another(backbone) as store:
        await backup.restore(store.copying(), out, KEY, what="tally")
        documents = (await everything(store))["tallies"]
    assert set(documents) == set(aggregates)
    for document in documents.values():
        assert document["state"]["total"] == document["last"] == document["version"] == len(document["outbox"])


async def test_nothing_is_written_where_something_is_or_from_what_is_not_whole(
    bench: Bench, backbone: Backbone
) -> None:
    engine = bench.engine("one")
    async with running(engine):
        await engine.handle(Delivery(str(uuid.uuid4()), Add()))
    out = await copied(bench.store)
    before = await everything(bench.store)
    with pytest.raises(NotEmpty):
        await backup.restore(bench.store.copying(), out, KEY, what="tally")
    assert await everything(bench.store) == before
    async with another(backbone) as store:
        cut = io.BytesIO(out.getvalue()[:-20])
        with pytest.raises(BadArchive):
            await backup.restore(store.copying(), cut, KEY, what="tally")
        with pytest.raises(BadArchive, match="of 'tally', not of 'payment'"):
            await backup.restore(store.copying(), out, KEY, what="payment")
        assert await everything(store) == {}
        with pytest.raises(BadArchive):
            await backup.restore(bench.store.copying(), cut, KEY, what="tally", replace=True)
        assert await everything(bench.store) == before


async def test_a_restore_that_was_broken_off_shows_and_can_be_done_again(bench: Bench, backbone: Backbone) -> None:
    engine = bench.engine("one")
    async with running(engine):
        await asyncio.gather(*(engine.handle(Delivery(str(uuid.uuid4()), Add())) for _ in range(1_200)))
    out, before = await copied(bench.store), await everything(bench.store)
    steps = iter(range(10**9))

    def stop(_size: int) -> None:
        if next(steps) > 1_300 + 700:  # the whole file was checked, and part of it written
            raise KeyboardInterrupt

    async with another(backbone) as store:
        with pytest.raises(KeyboardInterrupt):
            await backup.restore(store.copying(), out, KEY, what="tally", progress=stop)
        left = await everything(store)
        assert backup.FILLING in left[backup.KEPT]
        assert 0 < len(left["tallies"]) < 1_200
        with pytest.raises(NotEmpty):
            await backup.restore(store.copying(), out, KEY, what="tally")
        await backup.restore(store.copying(), out, KEY, what="tally", replace=True)
        assert await everything(store) == before


async def test_a_keyring_is_only_added_to_and_what_was_erased_stays_so(bench: Bench) -> None:
    await bench.keyring.ensure(["kept", "erased", "lost"])
    old = await everything(bench.keys)
    out = await copied(bench.keys)
    await KeyAdmin(bench.keys).erase(Erasure("erased", bench.clock(), "somebody", "asked for"))
    await bench.keys.collection("keys").remove(["lost"])
    await bench.keyring.ensure(["new"])
    await backup.restore(bench.keys.copying(), out, KEY, what="tally", merge=True)
    found = (await everything(bench.keys))["keys"]
    assert set(found) == {"kept", "erased", "lost", "new"}
    assert found["lost"] == old["keys"]["lost"]
    assert "wrapped" not in found["erased"]


async def test_consumers_are_put_back_to_where_they_were_but_not_while_they_read(backbone: Backbone) -> None:
    topic = group = f"g{uuid.uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=backbone.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])
    await admin.close()
    producer = new_producer(backbone.kafka, "p")
    await producer.start()
    for at in range(10):
        await producer.send_and_wait(topic, b"%d" % at, partition=at % 2)
    await producer.stop()
    consumer = new_consumer(backbone.kafka, group, "c")
    await consumer.start()
    consumer.subscribe([topic])
    seen = 0
    while seen < 10:
        seen += sum(len(found) for found in (await consumer.getmany(timeout_ms=1_000)).values())
    await consumer.commit()
    assert await in_use(backbone.kafka, [group, f"{group}-unknown"]) == [group]
    await consumer.stop()
    assert await in_use(backbone.kafka, [group]) == []
    assert await committed(backbone.kafka, group) == {(topic, 0): 5, (topic, 1): 5}
    await rewind(backbone.kafka, group, {(topic, 0): 2})
    assert await committed(backbone.kafka, group) == {(topic, 0): 2, (topic, 1): 0}
