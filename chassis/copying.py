"""A database copied whole: its documents as the bytes they are stored as, whatever they mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS, RawBSONDocument
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

DUPLICATE_KEY: Final = 11000
PAGE: Final = 64
"""Documents of one answer: a page of file chunks has 8 MiB."""


class Copying:
    """Reads and fills one database; for tools, while no service of it runs but to read."""

    def __init__(self, database: Any) -> None:
        self._db = database

    async def names(self) -> list[str]:
        """The collections there are."""
        return sorted(name for name in await self._db.list_collection_names() if not name.startswith("system."))

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """Every document that is there from beginning to end, once, each as it was at some moment in between."""
        async for found in self._raw(name).find({}, batch_size=PAGE):
            yield bytes(found.raw)

    async def add(self, name: str, documents: Sequence[bytes]) -> None:
        """Inserts; a document whose id is there stays as it is."""
        try:
            await self._raw(name).insert_many([RawBSONDocument(found) for found in documents], ordered=False)
        except BulkWriteError as error:
            _only_duplicates(error)

    async def advance(self, name: str, documents: Sequence[tuple[str, int, bytes]]) -> int:
        """Puts (id, version, document) in the place of what has a lower version, or none; returns how many did."""
        changes: list[Any] = [
            ReplaceOne({"_id": i, "version": {"$lt": version}}, RawBSONDocument(found), upsert=True)
            for i, version, found in documents
        ]
        try:
            await self._raw(name).bulk_write(changes, ordered=False)
        except BulkWriteError as error:  # what is no older stays: its upsert is a duplicate
            return len(changes) - _only_duplicates(error)
        return len(changes)

    async def remove(self, name: str, document: str) -> None:
        """Removes one."""
        await self._db[name].delete_one({"_id": document})

    async def empty(self) -> bool:
        """Whether no collection holds anything."""
        for name in await self.names():
            if await self._db[name].find_one({}, {"_id": 1}) is not None:
                return False
        return True

    async def clear(self) -> None:
        """Removes every document."""
        for name in await self.names():
            await self._db[name].delete_many({})

    def _raw(self, name: str) -> Any:
        return self._db.get_collection(name, codec_options=DEFAULT_RAW_BSON_OPTIONS)


def _only_duplicates(error: BulkWriteError) -> int:
    failed = error.details.get("writeErrors", [])
    if error.details.get("writeConcernErrors") or any(e["code"] != DUPLICATE_KEY for e in failed):
        raise error
    return len(failed)
