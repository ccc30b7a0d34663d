"""Tells work that stands still from work that waits for nothing. Pure: `now` in seconds is passed in."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


class Stagnation(Exception):
    """A partition has records and its position stands still: a new process is the way out."""


class Watchdog(Generic[P]):
    """Remembers since when each partition with work to do has not moved.

    Invariants:
        - A partition without lag, or one that moved, starts anew.
        - Only unbroken standing still with lag for `limit` seconds barks.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._since: dict[P, tuple[int | None, float]] = {}

    def look(self, lagging: Iterable[tuple[P, int | None]], now: float) -> None:
        """`lagging`: every partition with lag and its position; those not among them are forgotten.

        Raises:
            Stagnation: one of them has stood still for too long.
        """
        since: dict[P, tuple[int | None, float]] = {}
        for partition, position in lagging:
            known = self._since.get(partition)
            since[partition] = known if known is not None and known[0] == position else (position, now)
            if now - since[partition][1] >= self._limit:
                raise Stagnation(f"{partition} stands still at {position} for {now - since[partition][1]:.0f} s")
        self._since = since
