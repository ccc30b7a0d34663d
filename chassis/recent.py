"""What this replica wrote last, so that the next message of a busy aggregate needs no read. Pure: time is brought.

Invariants:
    - A remembered document may be older than the store's: whoever uses one must let a compare-and-set decide, or read.
    - It is used once, and it is what a reader of the store would get: BSON, with personal values sealed.
    - Bounded in number, in bytes and in age.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import bson
from bson.codec_options import CodecOptions

MAX_DOCUMENTS: Final = 2_000
MAX_BYTES: Final = 32 * 1024 * 1024
MAX_AGE: Final = 5.0
"""Seconds: what concerns one aggregate comes in bursts."""
_CODEC: Final[CodecOptions[dict[str, Any]]] = CodecOptions(tz_aware=True)


class Recent:
    """Documents by id, the oldest first."""

    def __init__(self, documents: int = MAX_DOCUMENTS) -> None:
        self._most = documents
        self._kept: dict[str, tuple[bytes, float]] = {}
        self._bytes = 0
        self._contested: set[str] = set()

    def put(self, stored: Mapping[str, Any], now: float) -> None:
        """Remembers a document as it was just written; one that another replica writes too is passed over once."""
        name = stored["_id"]
        self._forget(name)
        if name in self._contested:
            self._contested.discard(name)
            return
        raw = bson.encode(stored)
        self._kept[name] = (raw, now)
        self._bytes += len(raw)
        while self._kept and (len(self._kept) > self._most or self._bytes > MAX_BYTES):
            self._forget(next(iter(self._kept)))

    def take(self, names: Iterable[str], now: float) -> list[dict[str, Any]]:
        """Those of `names` that are remembered; they are not any more."""
        found = []
        for name in names:
            raw, since = self._kept.get(name, (b"", 0.0))
            self._forget(name)
            if raw and now - since <= MAX_AGE:
                found.append(bson.decode(raw, _CODEC))
        return found

    def forget(self, names: Iterable[str]) -> None:
        """They were changed in the store without a new version."""
        for name in names:
            self._forget(name)

    def contested(self, name: str) -> None:
        """Another replica wrote it in between."""
        if len(self._contested) >= self._most:
            self._contested.clear()
        if self._most:
            self._contested.add(name)

    def _forget(self, name: str) -> None:
        raw, _ = self._kept.pop(name, (b"", 0.0))
        self._bytes -= len(raw)
