"""The store's own limit for new dossiers: the documents that submission would write, three calls a batch."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import uvloop
from joserfc.jwk import ECKey

from bench.core.contender import Task
from bench.lifecycle.filings import filings
from bench.store import BATCH, Calls, measure
from chassis.codec import Codec
from chassis.delivery import Delivery
from chassis.document import AggregateType, Document
from chassis.fold import Folder
from chassis.reading import decoder
from chassis.tokens import tokens
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


def prepared(task: Task, kind: AggregateType[Dossier]) -> Iterator[Calls]:
    """What the engine would send for each batch."""
    folder, codec = Folder(kind, "1", decoder({})), Codec(kind)
    now, token = to_instant(datetime.now(UTC)), tokens(os.urandom(32))
    bodies = iter(filings(task.count))
    while some := list(islice(bodies, BATCH)):
        docs = []
        for body in some:
            filing = Filing.model_validate(body)
            name = dossier_id(task.database, os.urandom(8).hex())
            command = checked(filing, now, dossier=name, owner="bench", route="upstream", source="b", token=token)
            doc: Document[Dossier] = Document(name)
            folder.fold(doc, Delivery(name, command), now)
            docs.append(doc)
        writes = [(doc.id, 0, codec.update(doc, seal)) for doc in docs]
        yield Calls([doc.id for doc in docs], writes, [(doc.id, doc.last) for doc in docs])


if __name__ == "__main__":
    task = Task.from_arguments()
    dossiers, *_ = aggregates(Rules(codes=CodeSeries(agency="000.00.12.H18")), (ECKey.generate_key("P-256"),), {})
    uvloop.run(measure(task, "dossiers", dossiers.indexes, prepared(task, dossiers)))
