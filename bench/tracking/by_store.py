"""The store's own limit: find, bulk compare-and-set and clear of the timelines that the chassis would write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

import uvloop

from bench.core.contender import Clock, Task
from bench.store import BATCH, Calls, drive
from bench.tracking.stories import STORY, told
from chassis.codec import Codec
from chassis.document import Document
from chassis.fold import Folder
from chassis.reading import Raw, StreamReader, decoder
from chassis.store import Store
from schemas.topics import CATALOGUES, STREAMS
from services.tracking.handlers import DOSSIERS


def prepared(task: Task) -> Iterator[Calls]:
    """What the engine would send for each batch of as many dossiers as events fall on one at a time."""
    readers = {s: StreamReader(s, CATALOGUES[s], DOSSIERS.handlers) for s in STREAMS}
    streams = {topic.name: stream for stream, topic in STREAMS.items()}
    folder, codec = Folder(DOSSIERS, "1", decoder(readers)), Codec(DOSSIERS)
    docs: dict[str, Document[Any]] = {}
    records = told(task.count // len(STORY))
    mixed = [
        (t, r)
        for row in zip_longest(*([(t, r) for r in rs] for t, rs in records.items()))
        for t, r in filter(None, row)
    ]
    for begin in range(0, len(mixed), BATCH):
        touched: dict[str, Document[Any]] = {}
        for topic, (key, value, headers) in mixed[begin : begin + BATCH]:
            doc = touched.setdefault(key, docs.setdefault(key, Document(key)))
            folder.fold(
                doc, readers[streams[topic]].read(Raw(topic, key.encode(), value, tuple(headers))), datetime.now(UTC)
            )
        writes = [(i, doc.version, codec.update(doc, lambda _kind, clear: clear)) for i, doc in touched.items()]
        yield Calls(list(touched), writes, [(i, doc.last) for i, doc in touched.items()])
        for doc in touched.values():
            doc.version, doc.outbox = doc.version + 1, []


async def main(task: Task) -> None:
    """Until every batch was written and cleared."""
    clock = Clock()
    store = Store(task.store_url, task.database)
    collection = store.collection("dossiers")
    await collection.ensure_indexes(DOSSIERS.indexes)
    calls = list(prepared(task))
    clock.start()
    await drive(calls, collection)
    clock.add("store", 3 * len(calls))
    clock.stop()
    store.close()
    clock.report(task)


if __name__ == "__main__":
    uvloop.run(main(Task.from_arguments()))
