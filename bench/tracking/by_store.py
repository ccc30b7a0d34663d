"""The store's own limit: find, bulk compare-and-set and clear of the timelines that the chassis would write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

import uvloop

from bench.core.contender import Task
from bench.store import BATCH, Calls, measure, written
from bench.tracking.stories import STORY, told
from chassis.codec import Codec
from chassis.document import Document
from chassis.fold import Folder
from chassis.reading import Raw, StreamReader, decoder
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
        yield written(touched, codec)


if __name__ == "__main__":
    task = Task.from_arguments()
    uvloop.run(measure(task, "dossiers", DOSSIERS.indexes, prepared(task)))
