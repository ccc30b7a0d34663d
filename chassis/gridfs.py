"""Files in GridFS that are small enough to be written and read whole; `chassis.blobs` has those that are not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from chassis.telemetry import STORE_CALLS


class Files:
    """Files by id, stored whole or not at all; the same id again leaves the first as it is."""

    def __init__(
        self, bucket: Any, on_put: Callable[[str, bytes, Mapping[str, Any]], None] = lambda *_put: None
    ) -> None:
        self._bucket = bucket
        self._on_put = on_put

    async def put(self, file_id: str, content: bytes, metadata: Mapping[str, Any]) -> None:
        """Stores `content`; the file is there once its last chunk is."""
        STORE_CALLS.labels("files", "put").inc()
        if (known := await self.get(file_id)) is not None:
            self._on_put(file_id, *known)
            return
        attempt = ObjectId()
        try:
            await self._bucket.upload_from_stream_with_id(
                attempt, file_id, content, metadata={**metadata, "file": file_id}
            )
        except DuplicateKeyError:
            return
        self._on_put(file_id, content, metadata)

    async def get(self, file_id: str) -> tuple[bytes, Mapping[str, Any]] | None:
        """Content and metadata, or None."""
        found = await self._find(file_id)
        return None if found is None else (await found.read(), dict(found.metadata or {}))

    async def about(self, file_id: str) -> Mapping[str, Any] | None:
        """Metadata alone, or None: its content is not read."""
        found = await self._find(file_id)
        return None if found is None else dict(found.metadata or {})

    async def _find(self, file_id: str) -> Any | None:
        STORE_CALLS.labels("files", "get").inc()
        async for found in _first(self._bucket.find({"filename": file_id}).sort("uploadDate", ASCENDING).limit(1)):
            return found
        return None


async def _first(cursor: Any) -> AsyncIterator[Any]:
    while await cursor.fetch_next:
        yield cursor.next_object()
