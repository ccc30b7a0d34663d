"""Encrypted content: any split of the input is the same content, and whatever was tampered with does not open."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.sealing import CHUNK, TAG, Cipher, Sealer, Tampered, chunks

KEY = b"k" * 32
FILE = "6f1d7c1e-3d0b-4c58-9a49-1f0a3f2d9b10"
SIZES = st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7, 3 * CHUNK + 1])


def content(size: int) -> bytes:
    seed = hashlib.sha256(str(size).encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


def seal(pieces: Sequence[bytes], key: bytes = KEY, file: str = FILE) -> list[bytes]:
    sealer = Sealer(Cipher(key, file))
    sealed = [chunk for piece in pieces for chunk in sealer.push(piece)]
    return [*sealed, sealer.finish()]


def opened(sealed: Sequence[bytes], key: bytes = KEY, file: str = FILE) -> bytes:
    """As a reader does who knows nothing but what is stored."""
    cipher = Cipher(key, file)
    return b"".join(cipher.open(n, chunk, last=n == len(sealed) - 1) for n, chunk in enumerate(sealed))


@given(size=SIZES, cuts=st.lists(st.integers(0, 4 * CHUNK), max_size=8))
def test_any_split_gives_the_same_chunks(size: int, cuts: list[int]) -> None:
    clear = content(size)
    at = [0, *sorted(min(cut, size) for cut in cuts), size]
    pieces = [clear[a:b] for a, b in pairwise(at)]
    sealed = seal(pieces)
    assert sealed == seal([clear])
    assert opened(sealed) == clear
    assert len(sealed) == chunks(size)
    assert sum(map(len, sealed)) == size + TAG * chunks(size)
    assert max(map(len, sealed)) <= CHUNK + TAG


@given(size=SIZES, data=st.data())
def test_no_tampering_goes_unnoticed(size: int, data: st.DataObject) -> None:
    sealed = seal([content(size)])
    pick = st.integers(0, len(sealed) - 1)
    kind = data.draw(st.sampled_from(["flip", "drop", "cut", "repeat", "swap", "append", "shorten", "other"]))
    n = data.draw(pick)
    changed = list(sealed)
    match kind:
        case "flip":
            at = data.draw(st.integers(0, len(changed[n]) - 1))
            flipped = changed[n][at] ^ (1 << data.draw(st.integers(0, 7)))
            changed[n] = changed[n][:at] + bytes([flipped]) + changed[n][at + 1 :]
        case "drop":
            del changed[n]
        case "cut":
            changed = changed[:n]
        case "repeat":
            changed.insert(n, changed[n])
        case "swap":
            m = data.draw(pick)
            changed[n], changed[m] = changed[m], changed[n]
        case "append":
            changed.append(changed[n])
        case "shorten":
            changed[n] = changed[n][: data.draw(st.integers(0, len(changed[n]) - 1))]
        case "other":
            changed[n] = seal([content(size)], key=b"o" * 32)[n]
    if changed in (sealed, []):
        return
    with pytest.raises(Tampered):
        opened(changed)


def test_a_chunk_belongs_to_its_file_and_the_last_is_not_a_middle_one() -> None:
    sealed = seal([content(CHUNK + 1)])
    with pytest.raises(Tampered):
        opened(sealed, file="another")
    with pytest.raises(Tampered):
        Cipher(KEY, FILE).open(0, sealed[0], last=True)


def test_the_label_is_neither_a_chunk_nor_another_file_s() -> None:
    cipher = Cipher(KEY, FILE)
    sealed = cipher.seal_label("giấy khai sinh.pdf")
    assert cipher.open_label(sealed) == "giấy khai sinh.pdf"
    with pytest.raises(Tampered):
        cipher.open(0, sealed, last=True)
    with pytest.raises(Tampered):
        Cipher(KEY, "another").open_label(sealed)
