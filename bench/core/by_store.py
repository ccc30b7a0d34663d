"""The store's own limit: find, bulk compare-and-set and clear of the documents the chassis would write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import uvloop

from bench.core.contender import Clock, Task
from bench.core.work import CATALOGUE, STREAM, Ledger, kind, pieces, record
from bench.store import BATCH, Calls, drive
from chassis.codec import Codec
from chassis.document import Document
from chassis.fold import Folder
from chassis.reading import Raw, StreamReader, decoder
from chassis.store import Store


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
    """Until every batch was written and cleared."""
    clock = Clock()
    store = Store(task.store_url, task.database)
    collection = store.collection("ledgers")
    await collection.ensure_indexes(())
    calls = list(prepared(task))
    clock.start()
    await drive(calls, collection)
    clock.add("store", 3 * len(calls))
    clock.stop()
    store.close()
    clock.report(task)


if __name__ == "__main__":
    uvloop.run(main(Task.from_arguments()))
