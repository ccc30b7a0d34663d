"""The store's own limit for new dossiers: the documents that submission would write, three calls a batch."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import uvloop
from joserfc.jwk import ECKey

from bench.core.contender import Clock, Task
from bench.lifecycle.filings import filings
from bench.store import BATCH, Calls, drive
from chassis.codec import Codec
from chassis.delivery import Delivery
from chassis.document import Document
from chassis.fold import Folder
from chassis.reading import decoder
from chassis.store import Store
from law.codes import CodeSeries
from schemas.event import to_instant
from schemas.personal import PREFIX
from schemas.upstream import Filing
from services.submission.domain.dossier import Dossier, Rules
from services.submission.domain.filing import checked, dossier_id
from services.submission.handlers import aggregates

OVERHEAD = 28
"""Bytes that AES-GCM adds: nonce and tag."""


def seal(kind: str, clear: str) -> str:
    """As long as what the keyring makes of it."""
    return f"{PREFIX}{kind}:{base64.urlsafe_b64encode(os.urandom(len(clear.encode()) + OVERHEAD)).decode()}"


def prepared(task: Task) -> Iterator[Calls]:
    """What the engine would send for each batch."""
    kind, *_ = aggregates(Rules(codes=CodeSeries(agency="000.00.12.H18")), ECKey.generate_key("P-256"), {})
    folder, codec = Folder(kind, "1", decoder({})), Codec(kind)
    now = to_instant(datetime.now(UTC))
    bodies = iter(filings(task.count))
    while some := list(islice(bodies, BATCH)):
        docs = []
        for body in some:
            filing = Filing.model_validate(body)
            name = dossier_id(task.database, os.urandom(8).hex())
            command = checked(filing, now, dossier=name, owner="upstream:bench", route="upstream", source="bench")
            doc: Document[Dossier] = Document(name)
            folder.fold(doc, Delivery(name, command), now)
            docs.append(doc)
        writes = [(doc.id, 0, codec.update(doc, seal)) for doc in docs]
        yield Calls([doc.id for doc in docs], writes, [(doc.id, doc.last) for doc in docs])


async def main(task: Task) -> None:
    """Until every batch was written and cleared."""
    clock = Clock()
    store = Store(task.store_url, task.database)
    collection = store.collection("dossiers")
    kind, *_ = aggregates(Rules(codes=CodeSeries(agency="000.00.12.H18")), ECKey.generate_key("P-256"), {})
    await collection.ensure_indexes(kind.indexes)
    calls = list(prepared(task))
    clock.start()
    await drive(calls, collection)
    clock.stop()
    clock.add("store", 3 * len(calls))
    store.close()
    clock.report(task)


if __name__ == "__main__":
    uvloop.run(main(Task.from_arguments()))
