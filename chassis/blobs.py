"""Files in GridFS that are written and read chunk by chunk, however large they are.

The driver's own writer holds up to 48 MB before it sends anything (`gridfs`, `_UPLOAD_BUFFER_SIZE`), so chunks are
inserted here, in GridFS's documented form (GridFS specification, `files` and `chunks`): any GridFS client reads them.

Invariants:
    - A file is there once its `files` document is, which is written after its last chunk.
    - A chunk is durable when `write` returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING

from chassis.telemetry import STORE_CALLS


class Blobs:
    """One bucket. Its ids are the caller's and are used once."""

    def __init__(self, files: Any, chunks: Any) -> None:
        self._files = files
        self._chunks = chunks
        self._indexed = False

    async def write(self, blob: str, number: int, data: bytes) -> None:
        """Chunk `number`, from 0; all but the last have the same size."""
        if not self._indexed:
            await self._chunks.create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)
            self._indexed = True
        _count("write")
        await self._chunks.insert_one({"files_id": blob, "n": number, "data": data})

    async def finish(self, blob: str, *, length: int, chunk: int, at: datetime, metadata: Mapping[str, Any]) -> None:
        """All chunks are there: `length` bytes in chunks of `chunk` bytes."""
        _count("finish")
        about = {"filename": blob, "length": length, "chunkSize": chunk, "uploadDate": at, "metadata": dict(metadata)}
        await self._files.insert_one({"_id": blob, **about})

    async def read(self, blob: str, number: int) -> bytes | None:
        """One chunk, or None."""
        _count("read")
        found = await self._chunks.find_one({"files_id": blob, "n": number}, {"data": 1})
        return None if found is None else bytes(found["data"])

    async def remove(self, blob: str) -> None:
        """Removes what there is of it, whole or not."""
        _count("remove")
        await self._files.delete_one({"_id": blob})
        await self._chunks.delete_many({"files_id": blob})


def _count(operation: str) -> None:
    STORE_CALLS.labels("blobs", operation).inc()
