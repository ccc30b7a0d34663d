"""Deliveries waiting for an engine, grouped by aggregate. Pure and synchronous."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """What waits, by aggregate.

    Invariants:
        - Items of one aggregate are taken in the order they were put.
        - A taken aggregate is not taken again before it is released: no two batches hold the same one.
        - Whoever waits longest is taken first; one with more items than fit goes to the end, so it starves nobody.
    """

    def __init__(self) -> None:
        self._free: dict[str, deque[T]] = {}
        self._held: dict[str, deque[T]] = {}

    def put(self, aggregate: str, item: T) -> None:
        """Adds an item to the end of its aggregate's queue."""
        queue = self._held.get(aggregate)
        if queue is None:
            queue = self._free.setdefault(aggregate, deque())
        queue.append(item)

    def take(self, limit: int) -> dict[str, list[T]]:
        """At most `limit` items of aggregates that are not held; they are held from now on."""
        taken: dict[str, list[T]] = {}
        while self._free and limit > 0:
            aggregate = next(iter(self._free))
            queue = self._free.pop(aggregate)
            taken[aggregate] = [queue.popleft() for _ in range(min(limit, len(queue)))]
            limit -= len(taken[aggregate])
            self._held[aggregate] = queue
        return taken

    def release(self, aggregate: str) -> None:
        """Lets an aggregate be taken again."""
        queue = self._held.pop(aggregate)
        if queue:
            self._free[aggregate] = queue

    @property
    def ready(self) -> bool:
        """There is something to take."""
        return bool(self._free)
