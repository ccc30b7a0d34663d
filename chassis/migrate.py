"""From the store of the release before to that of this one, while services of both run.

*Expand*: declared indexes are built before the services that need them start. Documents are lifted whenever a service
saves them; `rewrite` lifts the rest, so that a later release may drop an upcaster's reader.

Invariants:
    - A document is written back by compare-and-set: a service that changed it meanwhile wins.
    - Nothing is kept about the progress: what is of the written version is done, so it may stop and begin at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chassis.codec import Codec, Unloadable
from chassis.document import AggregateType, Document
from chassis.store import Collection
from schemas.personal import Unsealed

BATCH: Final = 200
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`written` documents now have the version this release writes; `unreadable` ids it could not read, and why."""

    written: int
    unreadable: Mapping[str, str]


async def outdated(collection: Collection, kind: AggregateType[Any]) -> int:
    """How many documents have an older version than this release writes. Reads the version of each."""
    return sum((await collection.tally({"v": {"$lt": kind.versions.written}}, "v")).values())


async def rewrite(
    collection: Collection, kind: AggregateType[Any], *, batch: int = BATCH, progress: Progress = lambda _n: None
) -> Rewritten:
    """Writes every older document back in the version this release writes; `progress` hears of each batch's size."""
    codec = Codec(kind)
    unreadable: dict[str, str] = {}
    written, after = 0, ""
    while found := await collection.scan({"v": {"$lt": kind.versions.written}}, after, batch):
        docs: list[Document[Any]] = []
        for stored in found:
            doc = codec.try_load(stored)
            if isinstance(doc, Unloadable):
                unreadable[stored["_id"]] = str(doc)
            else:
                docs.append(doc)
        lost = (
            await collection.save([(doc.id, doc.version, codec.update(doc, _sealed)) for doc in docs]) if docs else ()
        )
        written += len(docs) - len(lost)
        progress(len(found) - len(lost))
        # A service wrote those meanwhile, in this release's version or the one before: look at them again.
        after = found[-1]["_id"] if not lost else min(docs[at].id for at in lost)[:-1]
    return Rewritten(written, unreadable)


def _sealed(kind: str, _clear: str) -> str:
    raise Unsealed(f"a stored document held a clear {kind}")
