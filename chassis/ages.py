"""How old what waits in a partition is: remembered for a poll at a time, not for a record."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

P = TypeVar("P", bound=Hashable)


class Lag(NamedTuple):
    """What a partition still holds for us: how many records, and how old the oldest of those in hand is."""

    topic: str
    partition: int
    records: int
    seconds: float


class Ages(Generic[P]):
    """When the records in hand were written, in milliseconds since 1970. Pure and synchronous.

    Invariants:
        - `oldest` is never later than the timestamp of the first record that was not passed, and by no more than
          the span of one poll earlier.
        - Memory is bounded by the polls in hand, where `passed` is told regularly.
    """

    def __init__(self) -> None:
        self._polls: dict[P, deque[tuple[int, int]]] = {}

    def polled(self, partition: P, last: int, written: int) -> None:
        """A poll brought records up to the offset `last`, the first of them written at `written`."""
        self._polls.setdefault(partition, deque()).append((last, written))

    def passed(self, partition: P, position: int | None) -> None:
        """What is below `position` is done."""
        polls = self._polls.get(partition)
        while polls and position is not None and polls[0][0] < position:
            polls.popleft()

    def oldest(self, partition: P) -> int | None:
        """When the oldest record in hand was written; None if there is none."""
        polls = self._polls.get(partition)
        return polls[0][1] if polls else None

    def forget(self) -> None:
        """The partitions were given out anew: what was in hand comes again."""
        self._polls.clear()
