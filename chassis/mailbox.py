"""Deliveries waiting for an engine, grouped by aggregate. Pure and synchronous: the caller brings the time."""

from __future__ import annotations

import heapq
from collections import deque
from enum import IntEnum
from typing import Final, Generic, TypeVar

T = TypeVar("T")
IDLE: Final = 10.0
"""Seconds that what changes nothing waits for something to be written with."""


class Patience(IntEnum):
    """How long a delivery may wait for others of its aggregate, to be written together with them."""

    DOOR = -1
    """Not at all, and not behind others either: somebody waits at an open connection."""
    NONE = 0
    """Not at all."""
    REST = 1
    """While its aggregate rests from the write before; not at all for the first of a quiet aggregate."""
    IDLE = 2
    """For `IDLE` seconds: it only says that it was seen."""


class Mailbox(Generic[T]):
    """What waits, by aggregate; one rests for `rest` seconds after its release.

    Invariants:
        - Items of one aggregate are taken in the order they were put, and the least patient takes the others with it.
        - A taken aggregate is not taken again before it is released: no two batches hold the same one.
        - Whoever waits longest is taken first; one with more items than fit goes to the end, so it starves nobody.
        - An aggregate at whose door somebody waits is among those taken for the door, however many others wait.
        - Nothing waits longer than its patience allows from when it was put, or its aggregate was released, if `wake`
          is called at `next_at`.
    """

    def __init__(self, rest: float = 0.0) -> None:
        self._rest = rest
        self._free: dict[str, deque[T]] = {}
        self._door: dict[str, deque[T]] = {}
        """As `_free`, with somebody waiting at the door."""
        self._held: dict[str, deque[T]] = {}
        self._least: dict[str, Patience] = {}
        """Of what waits for a held aggregate."""
        self._patient: dict[str, deque[T]] = {}
        self._due: dict[str, float] = {}
        """When a patient aggregate becomes free."""
        self._order: list[tuple[float, str]] = []
        """A heap of all that were ever due; what does not agree with `_due` is void."""
        self._rests: dict[str, float] = {}
        """Until when, the earliest first: all rest equally long."""

    def put(self, aggregate: str, item: T, patience: Patience = Patience.NONE, now: float = 0.0) -> None:
        """Adds an item to the end of its aggregate's queue."""
        if aggregate in self._held:
            self._held[aggregate].append(item)
            self._least[aggregate] = min(patience, self._least.get(aggregate, patience))
        elif aggregate in self._door:
            self._door[aggregate].append(item)
        elif aggregate in self._free and patience is not Patience.DOOR:
            self._free[aggregate].append(item)
        else:
            queue = self._free.pop(aggregate, None) or self._patient.pop(aggregate, None) or deque()
            queue.append(item)
            self._wait(aggregate, queue, patience, now)

    def take(self, limit: int, *, door: bool = False) -> dict[str, list[T]]:
        """At most `limit` items of aggregates that are free, or at the door; they are held from now on."""
        free = self._door if door else self._free
        taken: dict[str, list[T]] = {}
        while free and limit > 0:
            aggregate = next(iter(free))
            queue = free.pop(aggregate)
            taken[aggregate] = [queue.popleft() for _ in range(min(limit, len(queue)))]
            limit -= len(taken[aggregate])
            self._held[aggregate] = queue
            if queue:
                self._least[aggregate] = Patience.NONE
        return taken

    def release(self, aggregate: str, now: float) -> None:
        """Lets an aggregate be taken again, when what waits for it can wait no longer."""
        queue = self._held.pop(aggregate)
        self._rests.pop(aggregate, None)
        self._rests[aggregate] = now + self._rest
        while (rested := next(iter(self._rests))) != aggregate and self._rests[rested] <= now:
            del self._rests[rested]
        if queue:
            self._wait(aggregate, queue, self._least.pop(aggregate), now)

    def wake(self, now: float) -> None:
        """Frees what waited long enough."""
        while self._order and self._order[0][0] <= now:
            due, aggregate = heapq.heappop(self._order)
            if self._due.get(aggregate) == due:
                self._let_go(aggregate)

    def hurry(self) -> None:
        """Frees everything."""
        for aggregate in list(self._patient):
            self._let_go(aggregate)

    def ready(self, *, door: bool = False) -> bool:
        """There is something to take."""
        return bool(self._door if door else self._free)

    @property
    def next_at(self) -> float | None:
        """When to `wake`, or before; None while nothing is patient."""
        return self._order[0][0] if self._patient else None

    def _until(self, aggregate: str, patience: Patience, now: float) -> float:
        if patience is Patience.REST:
            return self._rests.get(aggregate, now)
        return now + IDLE if patience is Patience.IDLE else now

    def _wait(self, aggregate: str, queue: deque[T], patience: Patience, now: float) -> None:
        until = self._until(aggregate, patience, now)
        until = min(until, self._due.pop(aggregate, until))
        if until <= now:
            (self._door if patience is Patience.DOOR else self._free)[aggregate] = queue
            return
        self._patient[aggregate] = queue
        self._due[aggregate] = until
        heapq.heappush(self._order, (until, aggregate))

    def _let_go(self, aggregate: str) -> None:
        del self._due[aggregate]
        self._free[aggregate] = self._patient.pop(aggregate)
