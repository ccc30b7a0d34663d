"""Merkle trees of Certificate Transparency (RFC 9162, section 2.1), grown leaf by leaf; SHA-256."""

from __future__ import annotations

import hashlib
from typing import Final

EMPTY: Final = hashlib.sha256(b"").digest()


def leaf(value: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + value).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The root over all leaves added so far.

    Invariant: `_peaks` holds the roots of the full subtrees, one for each bit of `size`, the largest first.
    """

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, hashed: bytes) -> None:
        """The next leaf, as `leaf` makes it."""
        carried, size = hashed, self.size
        while size & 1:
            carried = _node(self._peaks.pop(), carried)
            size >>= 1
        self._peaks.append(carried)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root; that of nothing is the hash of nothing."""
        if not self._peaks:
            return EMPTY
        *rest, found = self._peaks
        for peak in reversed(rest):
            found = _node(peak, found)
        return found
