"""Content encrypted in chunks: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM.

Each file has a key of its own, used for nothing else, so the nonce needs no randomness: the chunk's number (11 bytes,
big-endian) and a byte that is 1 for the last chunk. The associated data is the file's id. A chunk that was moved,
repeated, left out, cut off or taken from another file does not open. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK: Final = 128 * 1024
"""Clear bytes of every chunk but the last."""
TAG: Final = 16
MIDDLE: Final = b"\x00"
LAST: Final = b"\x01"
LABEL: Final = b"\x02"


class Tampered(Exception):
    """A chunk is not the one that was sealed at this place of this file."""


def chunks(size: int) -> int:
    """How many chunks content of that size (bytes) has; an empty one has one."""
    return max(1, -(-size // CHUNK))


class Cipher:
    """Seals and opens chunks of one file, in any order. The key (32 bytes) is that file's alone."""

    def __init__(self, key: bytes, file: str) -> None:
        self._key = AESGCM(key)
        self._file = file.encode()

    def seal(self, number: int, clear: bytes, *, last: bool) -> bytes:
        """Chunk `number`, from 0."""
        return self._key.encrypt(_nonce(number, LAST if last else MIDDLE), clear, self._file)

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """The inverse of `seal`. Raises Tampered."""
        return self._open(_nonce(number, LAST if last else MIDDLE), sealed)

    def seal_label(self, label: str) -> bytes:
        """What the file is called; sealed once in its life."""
        return self._key.encrypt(_nonce(0, LABEL), label.encode(), self._file)

    def open_label(self, sealed: bytes) -> str:
        """The inverse of `seal_label`. Raises Tampered."""
        return self._open(_nonce(0, LABEL), sealed).decode()

    def _open(self, nonce: bytes, sealed: bytes) -> bytes:
        try:
            return self._key.decrypt(nonce, sealed, self._file)
        except InvalidTag as error:
            raise Tampered(f"a chunk of file {self._file.decode()} was changed, moved or cut off") from error


class Sealer:
    """Seals content that comes in pieces of any size. Holds one chunk at most, besides the piece it is given."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self._held = bytearray()
        self._number = 0

    def push(self, clear: bytes) -> Iterator[bytes]:
        """The chunks that are complete now. A full one is held until more comes: it may be the last."""
        self._held += clear
        while len(self._held) > CHUNK:
            yield self._next(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def finish(self) -> bytes:
        """The last chunk; nothing may be pushed after it."""
        return self._next(bytes(self._held), last=True)

    def _next(self, clear: bytes, *, last: bool) -> bytes:
        sealed = self._cipher.seal(self._number, clear, last=last)
        self._number += 1
        return sealed


def _nonce(number: int, flag: bytes) -> bytes:
    return number.to_bytes(11, "big") + flag
