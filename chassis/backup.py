"""Copies of one database: taken while services run, checked whole before anything is written back.

Invariants:
    - What a document relies on is read after it: numbers given out (series) after who holds them, files and records
      beside after what names them. So a copy never lacks what it names, and at worst holds something nobody names.
    - `PUBLISHED` (`chassis.guard`) and the consumers' offsets are read first: all that happened after them is in the
      documents, or in Kafka after them.
    - Nothing is written before the whole file was read and every hash in it held.
    - While a database is being filled it says so (`FILLING`), and no service starts on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import bson

from chassis import archive
from chassis.archive import COLLECTION, DOCUMENT, MANIFEST, BadArchive
from chassis.copying import Copying

KEPT: Final = "platform"
"""The collection of what a service keeps about itself; ids `PUBLISHED` and `FILLING`."""
PUBLISHED: Final = "published"
FILLING: Final = "filling"
SERIES: Final = "series"
PARKED: Final = "_parked"
FILES: Final = ".files"
CHUNKS: Final = ".chunks"
BATCH_BYTES: Final = 4 * 1024 * 1024
BATCH: Final = 500
Progress = Callable[[int], None]


class NotEmpty(Exception):
    """There is something where a backup would be restored."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file is, what it holds, and how far its service had read what it hears: topic/partition to offset."""

    about: Mapping[str, Any]
    documents: Mapping[str, int]
    offsets: Mapping[str, int]

    @property
    def total(self) -> int:
        """Documents of all collections."""
        return sum(self.documents.values())


async def take(
    database: Copying,
    out: BinaryIO,
    key: bytes,
    *,
    about: Mapping[str, Any],
    offsets: Mapping[str, int],
    progress: Progress = lambda _n: None,
) -> int:
    """Writes a copy to `out`, and returns how many documents it has. `progress` hears of each by the bytes it has."""
    writer = archive.Writer(key, about)
    out.write(writer.head)
    _put(out, writer.add(MANIFEST, bson.encode({"offsets": dict(offsets)})))
    count = 0
    for name in order(await database.names()):
        _put(out, writer.add(COLLECTION, name.encode()))
        async for document in database.read(name):
            _put(out, writer.add(DOCUMENT, document))
            count += 1
            progress(len(document))
    _put(out, writer.finish())
    return count


def order(names: list[str]) -> list[str]:
    """In which order collections are read. Records beside are removed when they were handled, so they come twice."""

    def rank(name: str) -> tuple[int, str]:
        late = (name == SERIES, name.endswith(PARKED), name.endswith(FILES), name.endswith(CHUNKS))
        return next((at for at, is_it in enumerate(late, 1) if is_it), 0), name

    others = sorted((name for name in names if name != KEPT), key=rank)
    first = [KEPT] if KEPT in names else []
    return [*first, *(name for name in others if name.endswith(PARKED)), *others]


def check(file: BinaryIO, key: bytes, progress: Progress = lambda _n: None) -> Contents:
    """Reads the whole file; `progress` hears of each record by its bytes. Raises BadArchive."""
    file.seek(0)
    about = archive.about(file)
    file.seek(0)
    offsets: dict[str, int] = {}
    documents: dict[str, int] = {}
    name = ""
    for kind, body in archive.records(file, key):
        progress(len(body))
        if kind == MANIFEST:
            offsets = dict(bson.decode(body)["offsets"])
        elif kind == COLLECTION:
            name = body.decode()
            documents.setdefault(name, 0)
        elif kind == DOCUMENT:
            documents[name] += 1
    return Contents(about, documents, offsets)


async def restore(
    database: Copying,
    file: BinaryIO,
    key: bytes,
    *,
    what: str,
    replace: bool = False,
    merge: bool = False,
    progress: Progress = lambda _n: None,
) -> Contents:
    """Fills a database from the copy of `what`; `progress` hears of each record, twice.

    `replace`: what is there is removed before. `merge`: what is there stays, and wins.

    Raises:
        BadArchive: the file is not whole, not of this key, or of something else; nothing was written.
        NotEmpty: there is something and it may not be removed; nothing was written.
    """
    contents = check(file, key, progress)
    if contents.about.get("what") != what:
        raise BadArchive(f"it is a copy of {contents.about.get('what')!r}, not of {what!r}")
    if replace:
        await database.clear()
    elif not merge and not await database.empty():
        raise NotEmpty
    if not merge:
        await database.add(KEPT, [bson.encode({"_id": FILLING})])
    file.seek(0)
    for name, documents in _batches(archive.records(file, key), progress):
        await database.add(name, documents)
    if not merge:
        await database.remove(KEPT, FILLING)
    return contents


def _batches(records: Iterator[archive.Record], progress: Progress) -> Iterator[tuple[str, list[bytes]]]:
    name, size = "", 0
    held: list[bytes] = []
    for kind, body in records:
        progress(len(body))
        if held and (kind != DOCUMENT or size > BATCH_BYTES or len(held) >= BATCH):
            yield name, held
            held, size = [], 0
        if kind == COLLECTION:
            name = body.decode()
        elif kind == DOCUMENT:
            held.append(body)
            size += len(body)
    if held:
        yield name, held


def _put(out: BinaryIO, pieces: Iterator[bytes]) -> None:
    out.writelines(pieces)
