"""The store's own limit: the three calls of a batch, two batches at a time, never two of the same aggregates."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.core.contender import Clock, Task
from chassis.codec import Codec
from chassis.document import Document
from chassis.store import Collection, Store

BATCH: Final = 400
LANES: Final = 2


@dataclass(frozen=True, slots=True)
class Calls:
    """Find, compare-and-set and clear of one batch."""

    ids: list[str]
    writes: list[tuple[str, int, dict[str, Any]]]
    clears: list[tuple[str, int]]

    async def make(self, collection: Collection) -> None:
        """One after the other, as they depend on each other."""
        await collection.load(self.ids)
        await collection.save(self.writes)
        await collection.clear(self.clears)


def written(touched: Mapping[str, Document[Any]], codec: Codec[Any]) -> Calls:
    """What the engine would send for these documents, which are left as it would leave them."""
    writes = [(i, doc.version, codec.update(doc, lambda _kind, clear: clear)) for i, doc in touched.items()]
    calls = Calls(list(touched), writes, [(i, doc.last) for i, doc in touched.items()])
    for doc in touched.values():
        doc.version, doc.outbox = doc.version + 1, []
    return calls


async def measure(task: Task, name: str, indexes: Sequence[Sequence[str]], prepared: Iterable[Calls]) -> None:
    """Prepares all calls, then makes them: only that is measured."""
    clock = Clock()
    store = Store(task.store_url, task.database)
    collection = store.collection(name)
    await collection.ensure_indexes(indexes)
    calls = list(prepared)
    clock.start()
    await drive(calls, collection)
    clock.add("store", 3 * len(calls))
    clock.stop()
    store.close()
    clock.report(task)


async def drive(batches: Sequence[Calls], collection: Collection) -> None:
    """As fast as the store goes."""
    flying: dict[asyncio.Task[None], set[str]] = {}
    for each in batches:
        while len(flying) >= LANES or any(ids & set(each.ids) for ids in flying.values()):
            done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del flying[task]
                task.result()
        flying[asyncio.create_task(each.make(collection))] = set(each.ids)
    await asyncio.gather(*flying)
