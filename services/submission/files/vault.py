"""Encrypted content in the store: received in one pass, read chunk by chunk, its key wrapped for each holder."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import secrets
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from chassis.http import Problem
from chassis.keyring import KEY_BYTES, KeyNeeded, Unopenable
from chassis.sealing import CHUNK, TAG, Cipher, Sealer, Tampered, chunks
from chassis.service import Platform
from services.submission.files import archive
from services.submission.files.attachment import File
from services.submission.files.inspection import Inspector, Media

BUCKET: Final = "attachments"
BEGUN: Final = "file_uploads"
PIECE: Final = 64 * 1024
READ_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Received:
    """An upload that is stored whole and is of a kind that is taken; `key` opens it."""

    blob: str
    key: bytes
    sha256: str
    size: int
    media: Media


class Vault:
    """Reads and writes content. What is written is in clear nowhere, not even on its way to be looked at."""

    def __init__(self, platform: Platform) -> None:
        self._blobs = platform.store.blobs(BUCKET)
        self.begun = platform.store.collection(BEGUN)
        """A record for each blob whose file is not written yet: what a crash leaves is found by it."""
        self._keyring = platform.keyring
        self._clock = platform.clock

    async def receive(
        self, file: str, body: AsyncIterator[bytes], most: int, too_large: Callable[[], Problem]
    ) -> Received:
        """Stores a body of `most` bytes at most. Until its file is written nobody sees it.

        Raises:
            BadFile: it is of no kind that is taken; nothing is left of it.
            Problem: what `too_large` says.
        """
        blob = uuid.uuid4().hex
        await self.begun.insert_missing([{"_id": blob, "file": file, "at": self._clock()}])
        try:
            return await self._received(blob, file, body, most, too_large)
        except BaseException:
            await asyncio.shield(self.discard(blob))
            raise

    async def _received(
        self, blob: str, file: str, body: AsyncIterator[bytes], most: int, too_large: Callable[[], Problem]
    ) -> Received:
        key = secrets.token_bytes(KEY_BYTES)
        cipher = Cipher(key, file)
        sealer, inspector, digest = Sealer(cipher), Inspector(), hashlib.sha256()
        size = number = 0
        async for piece in _gathered(body):
            size += len(piece)
            if size > most:
                raise too_large()
            digest.update(piece)
            inspector.push(piece)
            for sealed in sealer.push(piece):
                await self._blobs.write(blob, number, sealed)
                number += 1
        found = inspector.finish()
        await self._blobs.write(blob, number, sealer.finish())
        if found == "application/zip":
            media = await self._office(blob, cipher, size)
        else:
            media = found
        length = size + TAG * chunks(size)
        await self._blobs.finish(blob, length=length, chunk=CHUNK + TAG, at=self._clock(), metadata={"file": file})
        return Received(blob, key, digest.hexdigest(), size, media)

    async def _office(self, blob: str, cipher: Cipher, size: int) -> Media:
        """Looks into an archive. In a thread, that asks the event loop for the chunks it needs."""
        loop = asyncio.get_running_loop()

        def chunk(number: int) -> bytes:
            future = asyncio.run_coroutine_threadsafe(self._chunk(blob, cipher, number, size), loop)
            return future.result(READ_SECONDS)

        content = io.BufferedReader(_Content(chunk, size), PIECE)
        return await asyncio.to_thread(archive.kind, content)

    async def _chunk(self, blob: str, cipher: Cipher, number: int, size: int) -> bytes:
        sealed = await self._blobs.read(blob, number)
        if sealed is None:
            raise Tampered(f"chunk {number} of a file is missing")
        return cipher.open(number, sealed, last=number == chunks(size) - 1)

    async def read(self, file: File, key: bytes) -> AsyncGenerator[bytes, None]:
        """Its content, a chunk at a time, each checked before it is given out. Raises Tampered."""
        cipher = Cipher(key, file.id)
        for number in range(chunks(file.size)):
            yield await self._chunk(file.blob, cipher, number, file.size)

    async def wrap(self, file: str, holder: str, key: bytes) -> str:
        """The content's key under that of `holder`. Raises Unopenable where that was erased."""
        await self._keyring.ensure([holder])
        return base64.b64encode(self._keyring.encrypt(holder, _name(file), key)).decode()

    async def key(self, file: File) -> bytes:
        """The content's key, by any holder whose own is still there. Raises Unopenable when there is none."""
        await self._keyring.fetch([hold.holder for hold in file.holds])
        for hold in file.holds:
            try:
                return self._keyring.decrypt(hold.holder, _name(file.id), base64.b64decode(hold.key))
            except (Unopenable, KeyNeeded):
                continue
        raise Unopenable(f"nobody who held file {file.id} has a key any more")

    async def discard(self, blob: str) -> None:
        """Removes content for ever."""
        await self._blobs.remove(blob)
        await self.begun.remove([blob])


def _name(file: str) -> str:
    return f"key-of-{file}"


async def _gathered(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body in pieces of some size, however small they come."""
    held = bytearray()
    async for piece in body:
        held += piece
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


class _Content(io.RawIOBase):
    """Clear content that can be read at any place; holds two chunks at most: an archive's directory is far from its
    entries."""

    def __init__(self, chunk: Callable[[int], bytes], size: int) -> None:
        self._chunk = chunk
        self._size = size
        self._at = 0
        self._kept: dict[int, bytes] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        number, offset = divmod(self._at, CHUNK)
        piece = self._get(number)[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _get(self, number: int) -> bytes:
        if number not in self._kept:
            self._kept = dict(list(self._kept.items())[-1:])
            self._kept[number] = self._chunk(number)
        return self._kept[number]
