"""The file of a backup: documents in a row, compressed, and encrypted in chunks (`chassis.sealing`). Pure.

A clear head of JSON says what it is, when it was begun and which key opens it; it is the associated data of every
chunk. Then come, compressed with zlib, records of four bytes of length, one of kind and the rest: one manifest, for
each collection its name and documents (BSON), and one end with how many documents each has and their SHA-256.

Invariants:
    - The key of a file is its own (HKDF-SHA256 of the backup key, salted), so the chunks' nonces never repeat.
    - A file that was cut off, changed, put together from two or not finished does not pass `records` to its end.
    - A reader holds one chunk and one record at most, however large the file is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.sealing import CHUNK, TAG, Cipher, Sealer, Tampered

MAGIC: Final = b"HOSOBAK1"
MAX_HEAD: Final = 64 * 1024
MAX_RECORD: Final = 17 * 1024 * 1024
INFLATED: Final = 1024 * 1024
LEVEL: Final = 1
"""Of zlib: most bytes are sealed values and files, which no level makes smaller."""
MANIFEST: Final = b"M"
COLLECTION: Final = b"C"
DOCUMENT: Final = b"D"
END: Final = b"E"
Record = tuple[bytes, bytes]


class BadArchive(Exception):
    """It is no backup, not a whole one, or not of this key; nothing in it may be believed."""


@dataclass(slots=True)
class Tally:
    """What was counted of one collection."""

    documents: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, document: bytes) -> None:
        """One more."""
        self.documents += 1
        self._digest.update(len(document).to_bytes(4, "big") + document)

    def form(self) -> dict[str, Any]:
        """As it is in the file."""
        return {"documents": self.documents, "sha256": self._digest.hexdigest()}


class Tallies:
    """Counts collections while they go by; a collection may come in several pieces."""

    def __init__(self) -> None:
        self._found: dict[str, Tally] = {}
        self._at = Tally()

    def see(self, kind: bytes, body: bytes) -> None:
        """One record."""
        if kind == COLLECTION:
            self._at = self._found.setdefault(body.decode(), Tally())
        elif kind == DOCUMENT:
            self._at.add(body)

    def form(self) -> dict[str, dict[str, Any]]:
        """By collection."""
        return {name: tally.form() for name, tally in self._found.items()}


class Writer:
    """Makes the bytes of one file. `about` is readable by anybody: nothing secret and nothing personal."""

    def __init__(self, key: bytes, about: Mapping[str, Any]) -> None:
        salt = os.urandom(32)
        head = json.dumps({**about, "salt": salt.hex(), "key": fingerprint(key)}, sort_keys=True).encode()
        self.head = MAGIC + len(head).to_bytes(4, "big") + head
        self._sealer = Sealer(_cipher(key, salt, self.head))
        self._deflate = zlib.compressobj(LEVEL)
        self._tallies = Tallies()

    def add(self, kind: bytes, body: bytes) -> Iterator[bytes]:
        """What of the file is ready now, if anything."""
        if len(body) > MAX_RECORD:
            raise ValueError(f"a record of {len(body)} bytes")
        self._tallies.see(kind, body)
        yield from self._sealer.push(self._deflate.compress((len(body) + 1).to_bytes(4, "big") + kind + body))

    def finish(self) -> Iterator[bytes]:
        """The end of the file."""
        yield from self.add(END, json.dumps(self._tallies.form()).encode())
        yield from self._sealer.push(self._deflate.flush())
        yield self._sealer.finish()


def about(file: BinaryIO) -> dict[str, Any]:
    """The clear head, which nobody vouches for until all was read. Raises BadArchive."""
    return _head(file)[0]


def records(file: BinaryIO, key: bytes) -> Iterator[Record]:
    """Every record but the end, which is checked: what was given out is good once this ends without an error.

    Raises:
        BadArchive: another key's, changed, cut off, or no backup.
    """
    found, head = _head(file)
    if not hmac.compare_digest(str(found.get("key")), fingerprint(key)):
        raise BadArchive(f"it was made with another key ({found.get('key')}, and this one is {fingerprint(key)})")
    tallies = Tallies()
    ended = None
    for kind, body in _split(_inflated(_chunks(file, _cipher(key, bytes.fromhex(found["salt"]), head)))):
        if ended is not None:
            raise BadArchive("something follows its end")
        if kind == END:
            ended = json.loads(body)
        else:
            tallies.see(kind, body)
            yield kind, body
    if ended is None:
        raise BadArchive("it has no end: it was not finished")
    if ended != tallies.form():
        raise BadArchive("what it holds is not what was written")


def fingerprint(key: bytes) -> str:
    """Tells keys apart, and nothing about them."""
    return hmac.new(key, b"hoso backup key", hashlib.sha256).hexdigest()[:12]


def _cipher(key: bytes, salt: bytes, head: bytes) -> Cipher:
    own = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"hoso backup file").derive(key)
    return Cipher(own, hashlib.sha256(head).hexdigest())


def _head(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    start = file.read(len(MAGIC) + 4)
    size = int.from_bytes(start[len(MAGIC) :], "big")
    if start[: len(MAGIC)] != MAGIC or size > MAX_HEAD:
        raise BadArchive("this is no backup")
    head = file.read(size)
    try:
        found = json.loads(head)
        bytes.fromhex(found["salt"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadArchive("its head cannot be read") from error
    return found, start + head


def _chunks(file: BinaryIO, cipher: Cipher) -> Iterator[bytes]:
    number, sealed = 0, file.read(CHUNK + TAG)
    while True:
        following = file.read(CHUNK + TAG)
        try:
            yield cipher.open(number, sealed, last=not following)
        except Tampered as error:
            raise BadArchive(f"it was changed or cut off at chunk {number}") from error
        if not following:
            return
        number, sealed = number + 1, following


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj()
    for piece in pieces:
        rest = piece
        while rest:
            try:
                yield inflate.decompress(rest, INFLATED)
            except zlib.error as error:
                raise BadArchive("it cannot be unpacked") from error
            rest = inflate.unconsumed_tail
    yield inflate.flush()
    if not inflate.eof:
        raise BadArchive("it has no end: it was not finished")


def _split(pieces: Iterator[bytes]) -> Iterator[Record]:
    held = bytearray()
    for piece in pieces:
        held += piece
        at = 0
        while len(held) >= at + 4:
            size = int.from_bytes(held[at : at + 4], "big")
            if not 0 < size <= MAX_RECORD + 1:
                raise BadArchive(f"a record of {size} bytes")
            if len(held) < at + 4 + size:
                break
            yield bytes(held[at + 4 : at + 5]), bytes(held[at + 5 : at + 4 + size])
            at += 4 + size
        del held[:at]
    if held:
        raise BadArchive("it ends within a record")
