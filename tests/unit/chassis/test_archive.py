"""The file of a backup gives back what was put into it, or says that it does not."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import archive
from chassis.archive import COLLECTION, DOCUMENT, MANIFEST, BadArchive
from chassis.sealing import CHUNK, TAG

KEY = b"k" * 32
ABOUT = {"what": "payment", "at": "2026-11-30T08:00:00+00:00"}
BODIES = st.lists(st.binary(min_size=5, max_size=200), max_size=20)


def made(documents: Sequence[bytes], key: bytes = KEY) -> bytes:
    writer = archive.Writer(key, ABOUT)
    out = io.BytesIO()
    out.write(writer.head)
    for kind, body in [(MANIFEST, b"m"), (COLLECTION, b"invoices"), *((DOCUMENT, d) for d in documents)]:
        out.writelines(writer.add(kind, body))
    out.writelines(writer.finish())
    return out.getvalue()


def read(content: bytes, key: bytes = KEY) -> list[bytes]:
    return [body for kind, body in archive.records(io.BytesIO(content), key) if kind == DOCUMENT]


LARGE = [os.urandom(50_000) for _ in range(12)]
"""Some five chunks, and no compression makes them fewer."""


@given(documents=BODIES)
def test_what_was_put_in_comes_out(documents: list[bytes]) -> None:
    content = made(documents)
    assert read(content) == documents
    found = archive.about(io.BytesIO(content))
    assert {name: found[name] for name in ABOUT} == ABOUT


@given(documents=BODIES, data=st.data())
def test_a_changed_bit_is_found_wherever_it_is(documents: list[bytes], data: st.DataObject) -> None:
    content = bytearray(made(documents))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BadArchive):
        read(bytes(content))


@given(documents=BODIES, data=st.data())
def test_an_end_that_is_missing_is_found_wherever_it_was_cut(documents: list[bytes], data: st.DataObject) -> None:
    content = made(documents)
    with pytest.raises(BadArchive):
        read(content[: data.draw(st.integers(0, len(content) - 1))])


def test_a_file_of_several_chunks_that_lacks_one_or_has_them_in_another_order_is_refused() -> None:
    content = made(LARGE)
    assert read(content) == LARGE
    head = content.index(b"}", len(archive.MAGIC)) + 1
    chunks = [content[at : at + CHUNK + TAG] for at in range(head, len(content), CHUNK + TAG)]
    assert len(chunks) >= 4
    for wrong in (chunks[:-1], chunks[1:], [chunks[1], chunks[0], *chunks[2:]], [*chunks, chunks[-1]]):
        with pytest.raises(BadArchive):
            read(content[:head] + b"".join(wrong))


def test_a_chunk_of_another_file_of_the_same_key_is_refused() -> None:
    one, other = made(LARGE), made(LARGE)
    head = one.index(b"}", len(archive.MAGIC)) + 1
    mixed = one[: head + CHUNK + TAG] + other[head + CHUNK + TAG :]
    with pytest.raises(BadArchive):
        read(mixed)


def test_another_key_is_named_before_anything_is_read() -> None:
    with pytest.raises(BadArchive, match="made with another key"):
        read(made([b"12345"]), b"x" * 32)


def test_two_files_of_the_same_documents_share_no_byte_of_their_chunks() -> None:
    assert made(LARGE)[-1000:] != made(LARGE)[-1000:]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 something else", archive.MAGIC, archive.MAGIC + b"\xff" * 8])
def test_what_is_no_backup_is_refused(content: bytes) -> None:
    with pytest.raises(BadArchive):
        read(content)
