"""What the chassis takes for granted of a document store, on every store at hand and on the proof's stand-in.

The stores: MONGODB_URL where it is set; else mongod, secantusd-rs and secantusd-py, each as a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient, UpdateOne

from chassis.store import Collection, StoreUnavailable
from chassis.store import Store as Connection
from deploy.local import store as local
from deploy.local.paths import RUNS
from deploy.local.processes import Supervisor
from deploy.local.rundir import RunDir, sweep
from tests.core.durable import DurableWorld
from tests.core.store import Act, Raw

STAND_IN: Final = "stand-in"
KINDS: Final = ["external"] if os.environ.get(local.VARIABLE) else [program.kind for program in local.at_hand()]
NOW: Final = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


class AtOnce:
    """Runs the stand-in's steps without a scheduler."""

    def __init__(self) -> None:
        self._durable = DurableWorld()

    async def step(self, act: Act, rest: Sequence[Act] = (), *, faults: Sequence[str] = ()) -> Any:  # noqa: ARG002
        return act[1](self._durable)

    async def replicated(self, collection: str, document: str) -> None:
        """There is one member."""


@dataclass
class Server:
    """A store that runs. `url` is None for the stand-in, `supervisor` for a store that is not ours to kill."""

    url: str | None = None
    supervisor: Supervisor | None = None

    def connect(self, database: str) -> tuple[Callable[[str], Collection], Callable[[], None]]:
        if self.url is None:
            scheduled = AtOnce()
            return lambda name: Collection(Raw(scheduled, name, majority=True), name), lambda: None
        connection = Connection(self.url, database)
        return connection.collection, connection.close


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[STAND_IN, *KINDS])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    if request.param == STAND_IN:
        yield Server()
        return
    sweep(RUNS, "contract-*")
    run = RunDir.open(RUNS / f"contract-{request.param}-{os.getpid()}")
    program = next((p for p in local.at_hand() if p.kind == request.param), None)
    store = local.Store(run.path, program=program)
    supervisor = Supervisor(run)
    try:
        process = await store.prepare()
        if process is not None:
            await supervisor.start([process])
        yield Server(store.url, supervisor if process is not None else None)
    finally:
        await supervisor.stop()
        run.close(remove=True)


@pytest.fixture
async def collection(server: Server) -> AsyncIterator[Collection]:
    open_collection, close = server.connect(f"c{uuid.uuid4().hex[:12]}")
    yield open_collection("things")
    close()


def real(server: Server) -> str:
    if server.url is None:
        pytest.skip("only a server has this")
    return server.url


def write(version: int, *events: int, **fields: Any) -> dict[str, Any]:
    """An update as `chassis.codec` makes them."""
    update: dict[str, Any] = {"$set": {"version": version + 1, **fields}}
    if events:
        update["$set"]["pending"] = events[-1]
        update["$push"] = {"outbox": {"$each": [{"n": n} for n in events]}}
    return update


async def outbox(collection: Collection, document: str) -> tuple[list[int], int | None]:
    (found,) = await collection.load([document])
    return [e["n"] for e in found.get("outbox", [])], found.get("pending")


async def test_stale_writes_fail_at_their_indexes_among_many_that_succeed(collection: Collection) -> None:
    ids = [f"d{n:03d}" for n in range(400)]
    assert await collection.save([(i, 0, write(0, at=0)) for i in ids]) == set()
    mixed = [(i, 0 if n % 3 == 0 else 1, write(1, at=n)) for n, i in enumerate(ids)]
    mixed += [(f"new{n}", 0, write(0, at=n)) for n in range(50)]
    stale = {n for n in range(400) if n % 3 == 0}
    assert await collection.save(mixed) == stale
    found = {d["_id"]: d for d in await collection.load([i for i, _, _ in mixed])}
    assert len(found) == 450
    assert all(found[i]["version"] == (1 if n in stale else 2) for n, i in enumerate(ids))
    assert all(found[i]["at"] == (0 if n in stale else n) for n, i in enumerate(ids))


async def test_a_write_that_appends_may_keep_only_the_end_of_the_outbox(collection: Collection) -> None:
    def keeping(version: int, kept: int, *events: int) -> dict[str, Any]:
        update = write(version, *events)
        update["$push"] = {"outbox": {"$each": [{"n": n} for n in events], "$slice": -kept}}
        return update

    await collection.save([("a", 0, write(0, 1, 2, 3))])
    await collection.save([("a", 1, keeping(1, 2, 4))])
    assert await outbox(collection, "a") == ([3, 4], 4)
    await collection.clear([("a", 3)])
    await collection.save([("a", 2, keeping(2, 3, 5))])  # it was read before the clear
    assert await outbox(collection, "a") == ([4, 5], 5)
    await collection.save([("a", 3, keeping(3, 1))])
    assert await outbox(collection, "a") == ([5], 5)
    await collection.save([("a", 4, {**keeping(4, 0), "$unset": {"pending": ""}})])
    assert await outbox(collection, "a") == ([], None)


async def test_all_stale_and_one_alone(collection: Collection) -> None:
    await collection.save([("a", 0, write(0)), ("b", 0, write(0))])
    assert await collection.save([("a", 0, write(0)), ("b", 7, write(7))]) == {0, 1}
    assert await collection.save([("a", 2, write(2))]) == {0}
    assert await collection.save([("a", 1, write(1))]) == set()


async def test_a_write_of_a_version_that_never_was_makes_a_document_only_where_there_is_none(
    collection: Collection,
) -> None:
    """Why documents are never deleted: an upsert cannot tell a stale writer from a new aggregate."""
    assert await collection.save([("gone", 3, write(3))]) == set()
    assert await collection.save([("gone", 3, write(3))]) == {0}


async def test_of_two_writers_of_one_version_one_wins(collection: Collection) -> None:
    await collection.save([("a", 0, write(0))])
    lost = await asyncio.gather(*(collection.save([("a", 1, write(1, by=n))]) for n in range(8)))
    assert sorted(map(len, lost)) == [0, *[1] * 7]
    (found,) = await collection.load(["a"])
    assert (found["version"], lost[found["by"]]) == (2, set())


async def test_of_two_creators_one_wins(collection: Collection) -> None:
    lost = await asyncio.gather(*(collection.save([("new", 0, write(0, n + 1))]) for n in range(8)))
    assert sorted(map(len, lost)) == [0, *[1] * 7]
    assert len((await outbox(collection, "new"))[0]) == 1


async def test_a_push_on_an_insert_makes_the_list_and_on_an_update_appends(collection: Collection) -> None:
    await collection.save([("a", 0, write(0, 1, 2)), ("b", 0, write(0))])
    await collection.save([("a", 1, write(1, 3)), ("b", 1, write(1, 1))])
    assert await outbox(collection, "a") == ([1, 2, 3], 3)
    assert await outbox(collection, "b") == ([1], 1)


async def test_a_clear_takes_what_is_acknowledged_and_says_what_is_left(collection: Collection) -> None:
    await collection.save([("a", 0, write(0, 1, 2, 3)), ("b", 0, write(0, 1)), ("c", 0, write(0))])
    await collection.clear([("a", 2), ("b", 1), ("c", 5), ("unknown", 1)])
    assert await outbox(collection, "a") == ([3], 3)
    assert await outbox(collection, "b") == ([], None)
    assert await outbox(collection, "c") == ([], None)
    assert await collection.load(["unknown"]) == []
    assert {d["version"] for d in await collection.load(["a", "b", "c"])} == {1}
    await collection.clear([("a", 1)])
    assert await outbox(collection, "a") == ([3], 3)


async def test_the_clear_by_two_updates_does_the_same(collection: Collection) -> None:
    await collection.save([("a", 0, write(0, 1, 2, 3)), ("b", 0, write(0, 1)), ("c", 0, write(0))])
    for document, n in (("a", 2), ("b", 1), ("c", 5)):
        whole = UpdateOne(
            {"_id": document, "pending": {"$lte": n}}, {"$set": {"outbox": []}, "$unset": {"pending": ""}}
        )
        part = UpdateOne({"_id": document}, {"$pull": {"outbox": {"n": {"$lte": n}}}})
        for update in (whole, part):
            await collection._raw.bulk_write([update], ordered=False)
    assert await outbox(collection, "a") == ([3], 3)
    assert await outbox(collection, "b") == ([], None)
    assert await outbox(collection, "c") == ([], None)


async def test_a_clear_and_a_write_race_and_neither_undoes_the_other(collection: Collection) -> None:
    await collection.save([("a", 0, write(0, 1))])
    for n in range(1, 20):
        await asyncio.gather(collection.clear([("a", n)]), collection.save([("a", n, write(n, n + 1))]))
        assert await outbox(collection, "a") == ([n + 1], n + 1)


async def test_the_sweeper_finds_what_is_pending_and_what_is_due(collection: Collection) -> None:
    await collection.save(
        [
            ("a", 0, write(0, 1, 2)),
            ("b", 0, write(0, wake=NOW)),
            ("c", 0, write(0, wake=NOW + timedelta(milliseconds=1))),
            ("d", 0, write(0)),
        ]
    )
    (found,) = await collection.unpublished(limit=10)
    assert (found["_id"], found["pending"], [e["n"] for e in found["outbox"]]) == ("a", 2, [1, 2])
    assert await collection.sleeping_until(NOW, limit=10) == {"b": NOW}
    assert sorted(await collection.sleeping_until(NOW + timedelta(seconds=1), limit=10)) == ["b", "c"]
    assert len(await collection.sleeping_until(NOW + timedelta(seconds=1), limit=1)) == 1


async def test_insert_missing_leaves_what_is_there(collection: Collection) -> None:
    await collection.insert_missing([{"_id": "a", "key": b"first"}])
    await collection.insert_missing([{"_id": "a", "key": b"second"}, {"_id": "b", "key": b"other"}])
    found = {d["_id"]: bytes(d["key"]) for d in await collection.load(["a", "b"])}
    assert found == {"a": b"first", "b": b"other"}


async def test_old_records_are_removed_and_those_that_changed_stay(collection: Collection) -> None:
    old = [{"_id": f"r{n}", "at": NOW - timedelta(hours=1)} for n in range(5)]
    await collection.insert_missing([*old, {"_id": "new", "at": NOW}, {"_id": "other"}])
    assert await collection.prune("at", NOW, 3) == 3
    assert await collection.prune("at", NOW, 3) == 2
    assert await collection.prune("at", NOW, 3) == 0
    assert {d["_id"] for d in await collection.load(["new", "other", *(f"r{n}" for n in range(5))])} == {"new", "other"}


async def test_instants_come_back_with_zone_and_milliseconds(collection: Collection) -> None:
    at = NOW + timedelta(milliseconds=123)
    await collection.save([("a", 0, write(0, at=at))])
    assert (await collection.load(["a"]))[0]["at"] == at


@pytest.mark.parametrize(("name", "query"), [("pending", {"pending": {"$gt": 0}}), ("wake", {"wake": {"$lte": NOW}})])
async def test_the_sweepers_partial_indexes_are_used(
    request: pytest.FixtureRequest, server: Server, collection: Collection, name: str, query: dict[str, Any]
) -> None:
    real(server)
    if "secantusd-py" in request.node.name:
        request.applymarker(pytest.mark.xfail(strict=True, reason="it plans no partial index: its sweeps scan"))
    await collection.ensure_indexes(())
    await collection.save([(f"d{n}", 0, write(0, *([1] if n % 50 == 0 else ()))) for n in range(200)])
    explained = await collection._raw.find(query).explain()
    assert f"'indexName': '{name}'" in str(explained["queryPlanner"]["winningPlan"]), explained["queryPlanner"]


async def test_lists_are_whole_and_in_order_whatever_the_windows(server: Server, collection: Collection) -> None:
    real(server)
    await collection.ensure_indexes((("box", "order"), ("tokens",)))
    ids = [str(uuid.uuid5(uuid.NAMESPACE_OID, str(n))) for n in range(300)]
    views = [
        {"box": n % 2, "order": f"{n * 7 % 100:03d}/{i}", "tokens": ["all", f"t{n % 3}"]} for n, i in enumerate(ids)
    ]
    await collection.save([(i, 0, write(0, view=view)) for i, view in zip(ids, views, strict=True)])
    boxed = sorted(str(v["order"]) for v in views if v["box"] == 1)
    for bounds in ((), ("010",), ("000", "010", "020", "050", "999")):
        pages: list[str] = []
        while True:
            found = await collection.list({"box": 1}, pages[-1] if pages else None, 40, "order", bounds)
            pages += [d["view"]["order"] for d in found]
            if len(found) < 40:
                break
        assert pages == boxed
    names: list[str] = []
    while found := await collection.list({"tokens": {"$all": ["t1", "all"]}}, names[-1] if names else None, 30):
        names += [d["_id"] for d in found]
    assert names == sorted(i for n, i in enumerate(ids) if n % 3 == 1)
    assert await collection.list({"tokens": "none"}, None, 30) == []


@pytest.mark.parametrize("concern", ["majority", "local"])
async def test_reads_name_their_concern_and_it_is_accepted(server: Server, concern: str) -> None:
    async with AsyncMongoClient[dict[str, Any]](real(server)) as client:
        answer = await client["contract"].command(
            {"find": "things", "filter": {}, "readConcern": {"level": concern}, "limit": 1}
        )
    assert answer["ok"] == 1


async def test_kill_9_loses_no_acknowledged_write(server: Server, collection: Collection) -> None:
    real(server)
    if server.supervisor is None:
        pytest.skip("not ours to kill")
    acknowledged: dict[str, int] = {}
    enough, killed = asyncio.Event(), asyncio.Event()

    async def writer(name: str) -> None:
        for version in range(10_000):
            if killed.is_set():  # it came through between two writes
                return
            await collection.save([(name, version, write(version, version + 1))])
            acknowledged[name] = version + 1
            if len(acknowledged) == 8 and version >= 5:
                enough.set()

    writers = [asyncio.create_task(writer(f"w{n}")) for n in range(8)]
    await asyncio.wait_for(enough.wait(), 30)
    before = server.supervisor.restarts("store")
    server.supervisor.kill("store")
    killed.set()
    for task in writers:
        with suppress(StoreUnavailable):
            await asyncio.wait_for(task, 30)
    await server.supervisor.wait_restarted("store", before + 1)
    found = {d["_id"]: d for d in await collection.load(list(acknowledged))}
    for name, version in acknowledged.items():
        # The last write may be there without its answer, and never the other way round.
        assert found[name]["version"] - version in {0, 1}
        assert [e["n"] for e in found[name]["outbox"]] == list(range(1, found[name]["version"] + 1))
