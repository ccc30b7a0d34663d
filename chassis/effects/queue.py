"""Who is next: fairness between dossiers, concurrency and rate of one kind of effect.

Pure, synchronous, owned by one driver; `now` is handed in, in seconds of any clock that does not go back.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_WEIGHT: Final = 0.02
"""A few calls that ran into their time-out must not make the others wait as if all did."""
_GUESS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Limit:
    """How one kind may be executed by one process. `rate`: a second, None for any; `burst`: at once after a rest."""

    concurrency: int = 16
    rate: float | None = None
    burst: int = 1


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T]):
    item: T
    since: float
    latest: float


class FairQueue(Generic[T]):
    """Items of one kind that wait to be sent.

    Invariants:
        - What was added is waiting until it is given out once, by `take` or by `overdue`.
        - At most `limit.concurrency` are taken and not yet `done`.
        - In any span of s seconds at most `burst + s * rate` are taken, and no fewer than that allows.
        - Aggregates take turns: between two takes of one, each other that waited all the while is taken once.
        - Of one aggregate, first come, first taken.
        - Nothing is taken at or after its `latest`.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._waiting: OrderedDict[str, deque[_Waiting[T]]] = OrderedDict()
        self._count = 0
        self._earliest = float("inf")
        self._full_at = float("-inf")
        self._mean = _GUESS
        self._ended = 0
        self.running = 0

    def __len__(self) -> int:
        return self._count

    def add(self, aggregate: str, item: T, *, now: float, latest: float) -> None:
        """Waits until it may be taken, but not until `latest` or after."""
        self._waiting.setdefault(aggregate, deque()).append(_Waiting(item, now, latest))
        self._count += 1
        self._earliest = min(self._earliest, latest)

    def overdue(self, until: float) -> list[T]:
        """Takes out all whose `latest` is not after `until`, in the order of their turns."""
        if until < self._earliest:
            return []
        late: list[T] = []
        kept: OrderedDict[str, deque[_Waiting[T]]] = OrderedDict()
        for aggregate, waiting in self._waiting.items():
            late.extend(w.item for w in waiting if w.latest <= until)
            rest = deque(w for w in waiting if w.latest > until)
            if rest:
                kept[aggregate] = rest
        self._waiting = kept
        self._count -= len(late)
        self._earliest = min((w.latest for waiting in kept.values() for w in waiting), default=float("inf"))
        return late

    def ready(self, now: float) -> bool:
        """Whether `take` would give one out now; `overdue(now)` has been asked before."""
        return self._count > 0 and self.running < self._limit.concurrency and now >= self._next_start()

    def take(self, now: float) -> T:
        """The next one, when `ready`; to be followed by `done`."""
        aggregate, waiting = self._waiting.popitem(last=False)
        taken = waiting.popleft()
        if waiting:
            self._waiting[aggregate] = waiting
        self._count -= 1
        self.running += 1
        if self._limit.rate is not None:
            self._full_at = max(self._full_at, now) + 1 / self._limit.rate
        return taken.item

    def done(self, took: float) -> None:
        """One that was taken has ended after `took` seconds."""
        self.running -= 1
        self._ended += 1
        self._mean += (took - self._mean) * max(_WEIGHT, 1 / self._ended)

    def next_at(self) -> float | None:
        """The earliest instant at which time alone changes what `ready` or `overdue` answer, None if there is none."""
        if not self._count:
            return None
        if self.running < self._limit.concurrency:
            return min(self._earliest, self._next_start())
        return self._earliest

    @property
    def interval(self) -> float:
        """Seconds between two takes when there is always one waiting, as it has been lately."""
        paced = 0.0 if self._limit.rate is None else 1 / self._limit.rate
        return max(paced, self._mean / self._limit.concurrency)

    def oldest(self, now: float) -> float:
        """How long the one that waits longest has waited, in seconds."""
        return now - min((waiting[0].since for waiting in self._waiting.values()), default=now)

    def _next_start(self) -> float:
        """When the bucket holds a token again; it holds `burst` of them at `_full_at` (GCRA, ITU-T I.371)."""
        if self._limit.rate is None:
            return float("-inf")
        return self._full_at - (self._limit.burst - 1) / self._limit.rate
