"""The store's own limit: find, bulk compare-and-set and clear of the documents the chassis would write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import uvloop

from bench.core.contender import Task
from bench.core.work import CATALOGUE, STREAM, Ledger, kind, pieces, record
from bench.store import BATCH, Calls, measure, written
from chassis.codec import Codec
from chassis.document import Document
from chassis.fold import Folder
from chassis.reading import Raw, StreamReader, decoder


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
        yield written(touched, codec)


if __name__ == "__main__":
    task = Task.from_arguments()
    uvloop.run(measure(task, "ledgers", (), prepared(task)))
