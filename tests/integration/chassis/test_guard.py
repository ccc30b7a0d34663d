"""A store that was put back to an older state: brought up to the journal, or refused; on a real store and broker."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from prometheus_client import REGISTRY

from chassis import backup
from chassis.codec import Behind
from chassis.cover import Cover
from chassis.decision import Refused
from chassis.delivery import Delivery, Handled, IdempotencyKey, Sweep
from chassis.document import AggregateType
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.guard import Guard, Restoring
from chassis.journal import Journal
from chassis.keyadmin import Erasure, KeyAdmin
from chassis.keyring import Keyring
from chassis.relay import Publisher, Relay
from chassis.rereading import bounds, reread
from chassis.series import SERIES, Take
from deploy.local.platform import Backbone
from deploy.local.probes import until
from schemas.topics import PARTITIONS

from .conftest import Add, Bench, Tally, kind
from .test_backup import everything

KEY = b"b" * 32
FORGOTTEN = {"account": ""}


def view(state: Tally) -> dict[str, Any]:
    return {"account": state.account, "total": state.total}


@dataclass
class Process:
    """What the chassis wires for one process: engines, relay, journal and guard."""

    bench: Bench
    topic: str
    journal_topic: str
    journalled: bool = True
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.bench.kafka, "tally", self.name)
        tallies = replace(kind(self.topic), says=(self.topic,), view=view, forgets=FORGOTTEN)
        cover = Cover(self.bench.keyring, [tallies])
        self.journal = Journal(self.publisher, self.journal_topic, int(self.name, 16) % PARTITIONS, cover)
        self.engine: Engine[Tally] = self._engine(tallies)
        self.series = self._engine(SERIES)
        self.journal.reload_from({e.kind.name: e.collection for e in (self.engine, self.series)})
        settled = self.journal.settled if self.journalled else None
        self.relay = Relay(self.engine, self.publisher, settled=settled)
        if self.journalled:
            self.bench.store.on_file = self.journal.file
        engines = [self.engine, self.series]
        self.guard = Guard(
            self.bench.store,
            engines,
            journal=self.journal_topic,
            cover=cover,
            source=self.publisher.source,
            bootstrap=self.bench.kafka,
            client=self.name,
        )

    def _engine(self, aggregate: AggregateType[Any]) -> Engine[Any]:
        return Engine(
            aggregate,
            self.bench.store.collection(aggregate.name),
            self.bench.keyring,
            Folder(aggregate, self.name, lambda _position: pytest.fail("nothing is parked here")),
            clock=self.bench.clock,
            on_written=lambda doc: self.relay.written(doc.id, doc.kept) if aggregate is not SERIES else None,
            journal=self.journal if self.journalled else None,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Process]:
        """As after its guard passed."""
        work = (self.engine.run(), self.series.run(), self.relay.run(), self.journal.run())
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.publisher.close()

    async def published(self) -> None:
        """Returns when nothing waits any more, but for what is refused."""

        async def quiet() -> bool:
            left = await self.engine.collection.unpublished(1_000)
            return not self.journal.waiting and not [d for d in left if d["_id"] not in self.engine.behind]

        await until(quiet, 20)


@dataclass
class Site:
    """Processes of one service, one after the other, and the copy of its store that is put back."""

    bench: Bench
    topic: str
    journal: str
    copy: io.BytesIO = field(default_factory=io.BytesIO)

    def process(self, *, journalled: bool = True) -> Process:
        return Process(self.bench, self.topic, self.journal, journalled)

    async def take(self) -> None:
        self.copy = io.BytesIO()
        await backup.take(self.bench.store.copying(), self.copy, KEY, about={"what": "tally"}, offsets={})

    async def put_back(self) -> None:
        await backup.restore(self.bench.store.copying(), self.copy, KEY, what="tally", replace=True)


@pytest.fixture
async def site(bench: Bench, backbone: Backbone) -> Site:
    name = f"g{uuid.uuid4().hex[:12]}"
    topics = [f"{name}.events.v1", f"{name}.journal.v1"]
    admin = AIOKafkaAdminClient(bootstrap_servers=backbone.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1) for topic in topics])
    await admin.close()
    return Site(bench, topics[0], topics[1])


async def said(site: Site) -> dict[str, list[int]]:
    """Sequences by aggregate in the order of the log; what is said again is the same to the byte, and left out."""
    places = [(site.topic, partition) for partition in range(PARTITIONS)]
    ends = {place: end for place, (_, end) in (await bounds(site.bench.kafka, "said", places)).items()}
    found: dict[str, dict[int, Any]] = {}
    async for records in reread(site.bench.kafka, "said", ends):
        for record in records:
            sequence = int(dict(record.headers)["ce_sequence"])
            first = found.setdefault(record.key.decode(), {}).setdefault(sequence, record)
            assert (first.headers, first.value) == (record.headers, record.value)
    return {aggregate: list(sequences) for aggregate, sequences in found.items()}


async def test_a_store_that_was_put_back_is_brought_up_to_the_journal(site: Site) -> None:
    old, new = str(uuid.uuid4()), str(uuid.uuid4())
    once = IdempotencyKey("k1", "digest")
    async with site.process().running() as one:
        await one.guard.look()
        for _ in range(3):
            await one.engine.handle(Delivery(old, Add()))
        await site.take()
        for aggregate in (old, new, new, old):
            await one.engine.handle(Delivery(aggregate, Add()))
        await one.engine.handle(Delivery(new, Add(amount=5), key=once))
        taken = await one.series.handle(Delivery("codes", Take(holder=new)))
        await site.bench.store.files("documents").put("d1", b"sealed" * 100_000, {"dossier": new})
        await one.published()
        before = await everything(site.bench.store)
    await site.put_back()
    assert (await everything(site.bench.store))["tallies"].keys() == {old}
    async with site.process().running() as two:
        await two.guard.look()
        now = await everything(site.bench.store)
        assert {i: d["version"] for i, d in now["tallies"].items()} == {
            i: d["version"] for i, d in before["tallies"].items()
        }
        assert {i: d["state"] for i, d in now["tallies"].items()} == {
            i: d["state"] for i, d in before["tallies"].items()
        }
        content = await site.bench.store.files("documents").get("d1")
        assert content is not None
        assert content[0] == b"sealed" * 100_000
        assert two.engine.behind == {}
        repeated = await two.engine.handle(Delivery(new, Add(amount=5), key=once))
        assert isinstance(repeated, Handled)
        assert repeated.repeated
        assert isinstance(taken, Handled)
        again = await two.series.handle(Delivery("codes", Take(holder=new)))
        other = await two.series.handle(Delivery("codes", Take(holder=old)))
        assert isinstance(again, Handled)
        assert isinstance(other, Handled)
        assert (again.answer, other.answer) == (taken.answer, {"number": taken.answer["number"] + 1})
        await two.relay.sweep(everything=True)
        await two.engine.handle(Delivery(old, Add()))
        await two.published()
    found = await said(site)
    assert found == {old: [1, 2, 3, 4, 5, 6], new: [1, 2, 3]}


async def test_the_journal_tells_of_nobody_who_was_erased(site: Site) -> None:
    known, gone, account = str(uuid.uuid4()), str(uuid.uuid4()), f"account-{uuid.uuid4()}"
    async with site.process().running() as one:
        await one.guard.look()
        await site.take()
        for aggregate in (known, gone):
            await one.engine.handle(Delivery(aggregate, Add(account=account)))
            await one.engine.handle(Delivery(aggregate, Add()))
        await one.published()
        before = (await everything(site.bench.store))["tallies"]
    assert {doc["state"]["account"] for doc in before.values()} == {account}
    journal = [(site.journal, partition) for partition in range(PARTITIONS)]
    ends = {place: end for place, (_, end) in (await bounds(site.bench.kafka, "look", journal)).items()}
    kept = [record async for records in reread(site.bench.kafka, "look", ends) for record in records]
    assert {name for record in kept for name in (known, gone) if name.encode() in record.key} == {known, gone}
    assert [record.key for record in kept if account.encode() in record.value] == []
    erasure = Erasure(gone, site.bench.clock(), "operator1", "asked")
    assert await KeyAdmin(site.bench.keys).erase(erasure)
    await site.put_back()
    site.bench.keyring = Keyring(site.bench.keys, b"k" * 32)
    async with site.process().running() as two:
        await two.guard.look()
        assert two.engine.behind == {}
        now = (await everything(site.bench.store))["tallies"]
    for name in ("version", "state", "view"):
        assert now[known][name] == before[known][name]
    assert [now[gone][name] for name in ("state", "view")] == [before[gone][n] | FORGOTTEN for n in ("state", "view")]
    assert now[gone]["version"] == before[gone]["version"]


async def test_without_the_journal_what_was_published_since_is_refused_and_the_rest_goes_on(site: Site) -> None:
    ahead, level = str(uuid.uuid4()), str(uuid.uuid4())
    async with site.process(journalled=False).running() as one:
        await one.guard.look()
        await one.engine.handle(Delivery(ahead, Add()))
        await one.engine.handle(Delivery(level, Add()))
        await one.published()
        await site.take()
        await one.engine.handle(Delivery(ahead, Add()))
        await one.engine.handle(Delivery(ahead, Add()))
        await one.published()
    await site.put_back()
    async with site.process(journalled=False).running() as two:
        await two.guard.look()
        assert two.engine.behind == {ahead: 3}
        for message in (Add(), Sweep()):
            with pytest.raises(Behind, match="is behind event 3 of its own"):
                await two.engine.handle(Delivery(ahead, message))
        with pytest.raises(Behind):
            await two.series.handle(Delivery("codes", Take(holder=level)))
        await two.relay.sweep(everything=True)
        await two.engine.handle(Delivery(level, Add()))
        await two.published()
    async with site.process(journalled=False).running() as three:
        await three.guard.look()
        assert three.engine.behind == {ahead: 3}  # it stays so, however often it is started
    found = await said(site)
    assert found == {ahead: [1, 2, 3], level: [1, 2]}


async def test_an_event_is_published_only_when_its_write_is_in_the_journal(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = site.process()
    writing = one.publisher.append
    held = asyncio.Event()

    async def slow(*given: Any) -> None:
        await held.wait()
        await writing(*given)

    monkeypatch.setattr(one.publisher, "append", slow)
    aggregate = str(uuid.uuid4())
    async with one.running():
        await one.engine.handle(Delivery(aggregate, Add()))  # the answer waits a moment, not for ever
        assert len(await one.engine.collection.unpublished(1)) == 1
        assert one.relay.healthy
        published = REGISTRY.get_sample_value(
            "hoso_events_published_total", {"topic": site.topic, "type": "tally.added.v1"}
        )
        assert published is None
        held.set()
        await one.published()
    assert await said(site) == {aggregate: [1]}


async def test_what_a_process_wrote_and_did_not_live_to_say_is_in_the_journal_when_another_says_it(site: Site) -> None:
    aggregate = str(uuid.uuid4())
    await site.take()
    dead = site.process(journalled=False)
    working = asyncio.create_task(dead.engine.run())
    await dead.engine.handle(Delivery(aggregate, Add()))
    working.cancel()
    async with site.process().running() as heir:
        await heir.engine.collection.ensure_indexes(())
        await heir.guard.look()
        await heir.relay.sweep(everything=True)
        await heir.published()
    await site.put_back()
    async with site.process().running() as next_one:
        await next_one.guard.look()
        assert next_one.engine.behind == {}
        result = await next_one.engine.handle(Delivery(aggregate, Add()))
        assert isinstance(result, Handled)
        assert result.answer == {"total": 2}


async def test_nothing_starts_on_a_store_that_is_being_filled(site: Site) -> None:
    one = site.process()
    await site.bench.store.collection(backup.KEPT).insert_missing([{"_id": backup.FILLING}])
    with pytest.raises(Restoring):
        await one.guard.look()
    done: list[str] = []

    async def work() -> None:
        done.append("worked")

    guarding = asyncio.create_task(one.guard.run())
    held = asyncio.create_task(one.guard.after(work()))

    async def noticed() -> bool:
        return "hoso restore" in one.guard.why

    await until(noticed, 20)
    assert done == []
    await site.bench.store.copying().remove(backup.KEPT, backup.FILLING)
    await asyncio.wait_for(held, 30)
    assert done == ["worked"]
    guarding.cancel()
    await asyncio.gather(guarding, return_exceptions=True)
    await one.publisher.close()


async def test_many_writes_while_kafka_does_not_take_them_are_kept_by_name(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.journal.HELD", 10)
    aggregates = [str(uuid.uuid4()) for _ in range(60)]
    await site.take()
    one = site.process()
    async with one.running():
        await one.guard.look()
        await asyncio.gather(*(one.engine.handle(Delivery(a, Add())) for a in aggregates for _ in range(3)))
        await one.published()
    await site.put_back()
    two = site.process()
    await two.guard.look()
    documents = (await everything(site.bench.store))["tallies"]
    assert {i: d["state"]["total"] for i, d in documents.items()} == dict.fromkeys(aggregates, 3)
    await two.publisher.close()


def test_a_refusal_says_where_to_read_on() -> None:
    assert "docs/backup.md" in str(Behind("tallies", "a", 3))
    assert not isinstance(Behind("tallies", "a", 3), Refused)
