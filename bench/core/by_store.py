"""The store's own limit: find, bulk compare-and-set and clear of the documents the chassis would write."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import uvloop

from bench.core.contender import Clock, Task
from bench.core.work import CATALOGUE, STREAM, Ledger, kind, pieces, record
from chassis.codec import Codec
from chassis.document import Document
from chassis.fold import Folder
from chassis.reading import Raw, StreamReader, decoder
from chassis.store import Collection, Store

BATCH = 400
LANES = 2


@dataclass(frozen=True, slots=True)
class Calls:
    """The three calls of one batch."""

    ids: list[str]
    writes: list[tuple[str, int, dict[str, Any]]]
    clears: list[tuple[str, int]]

    async def make(self, collection: Collection, clock: Clock) -> None:
        """One after the other, as they depend on each other."""
        await collection.load(self.ids)
        await collection.save(self.writes)
        await collection.clear(self.clears)
        clock.add("store", 3)


def prepared(task: Task) -> Iterator[Calls]:
    """What the engine would send for each batch."""
    aggregate = kind(task.out)
    reader = StreamReader(STREAM, CATALOGUE, aggregate.handlers)
    folder, codec = Folder(aggregate, "1", decoder({STREAM: reader})), Codec(aggregate)
    docs: dict[str, Document[Ledger]] = {}
    ahead = pieces(task.mix, task.count)
    while batch := list(islice(ahead, BATCH)):
        touched: dict[str, Document[Ledger]] = {}
        for piece in batch:
            doc = touched.setdefault(piece.aggregate, docs.setdefault(piece.aggregate, Document(piece.aggregate)))
            key, value, headers = record(piece)
            raw = Raw(task.topic, key.encode(), value, tuple(headers))
            folder.fold(doc, reader.read(raw), datetime.now(UTC))
        writes = [(i, doc.version, codec.update(doc, lambda _kind, clear: clear)) for i, doc in touched.items()]
        yield Calls(list(touched), writes, [(i, doc.last) for i, doc in touched.items()])
        for doc in touched.values():
            doc.version, doc.outbox = doc.version + 1, []


async def main(task: Task) -> None:
    """Two batches at a time, never two of the same aggregates: that is as fast as it gets."""
    clock = Clock()
    store = Store(task.store_url, task.database)
    collection = store.collection("ledgers")
    await collection.ensure_indexes(())
    calls = list(prepared(task))
    clock.start()
    flying: dict[asyncio.Task[None], set[str]] = {}
    for each in calls:
        while len(flying) >= LANES or any(ids & set(each.ids) for ids in flying.values()):
            done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            for task_done in done:
                del flying[task_done]
                task_done.result()
        flying[asyncio.create_task(each.make(collection, clock))] = set(each.ids)
    await asyncio.gather(*flying)
    clock.stop()
    store.close()
    clock.report(task)


if __name__ == "__main__":
    uvloop.run(main(Task.from_arguments()))
