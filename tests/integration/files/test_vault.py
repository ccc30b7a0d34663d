"""What the vault holds in memory while content goes through it, on a real store."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

from chassis.http import Problem
from chassis.keyring import Keyring
from chassis.store import Store
from services.submission.files.attachment import File, Hold
from services.submission.files.vault import Received, Vault
from tests.unit.services.files import samples

from .site import Site

SIZE: Final = 40_000_000
BUFFER: Final = 3_000_000
"""The driver's and the chunks' on their way; far below the content."""


def vault(site: Site) -> tuple[Vault, Store]:
    store = Store(site.backbone.store_url, "vault")
    platform: Any = SimpleNamespace(store=store, keyring=Keyring(store, b"k" * 32), clock=lambda: datetime.now(UTC))
    return Vault(platform), store


def too_large() -> Problem:
    return Problem(413, "too_large", "too large")


async def body(content: bytes, step: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), step):
        yield content[at : at + step]


async def pdf(size: int) -> AsyncIterator[bytes]:
    yield b"%PDF-1.7\n"
    for _ in range(size // 50_000):
        yield os.urandom(50_000)
    yield b"\n%%EOF\n"


def kept(file: str, received: Received, key: str) -> File:
    return File(
        id=file,
        owner="citizen1",
        by="citizen1",
        label="",
        stored_at=datetime.now(UTC),
        standing="clean",
        holds=(Hold(holder=f"file/{file}", key=key, since=datetime.now(UTC)),),
        **{name: getattr(received, name) for name in ("blob", "sha256", "size", "media")},
    )


async def test_content_is_never_whole_in_memory(site: Site) -> None:
    vaulted, store = vault(site)
    file = str(uuid.uuid4())
    tracemalloc.start()
    try:
        received = await vaulted.receive(file, pdf(SIZE), SIZE * 2, too_large)
        _, storing = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        found = kept(file, received, await vaulted.wrap(file, f"file/{file}", received.key))
        digest, size = hashlib.sha256(), 0
        async for piece in vaulted.read(found, await vaulted.key(found)):
            digest.update(piece)
            size += len(piece)
        _, reading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    store.close()
    assert (digest.hexdigest(), size) == (received.sha256, received.size)
    assert size > SIZE
    assert max(storing, reading) < BUFFER


async def test_an_office_document_is_looked_into_chunk_by_chunk(site: Site) -> None:
    vaulted, store = vault(site)
    content = samples.docx({f"word/media/{n}.png": os.urandom(1_000_000) for n in range(8)})
    tracemalloc.start()
    try:
        received = await vaulted.receive(str(uuid.uuid4()), body(content, 50_000), SIZE, too_large)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    store.close()
    assert received.media.endswith("wordprocessingml.document")
    assert received.sha256 == hashlib.sha256(content).hexdigest()
    assert peak < BUFFER
