"""When what waits for an engine is worked on: lanes that take batches from a mailbox.

Two batches may be on their way at a time, never with an aggregate in common: while one waits for the store the other
is folded, and what comes meanwhile gathers for the next. Whoever waits at an open connection has a lane more, so that
no backlog is before them, and while it works the others take less. What is patient (`chassis.mailbox`) becomes free at
a common beat, the first after a pause when its time is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from chassis.mailbox import Mailbox, Patience

T = TypeVar("T")
MAX_BATCH: Final = 400
BESIDE: Final = 100
"""Taken of the others at most while somebody is served at the door: who waits there waits for their turns too."""
LANES: Final = 2
DOOR_LANES: Final = 1
"""Two would halve the batches, and each of them costs the store and this process a call: people waited longer."""
QUIET: Final = 1.0
"""Seconds."""
BEAT: Final = 0.05
"""Seconds between two moments at which what is patient becomes free: then it is written with others that are."""


class Lanes(Generic[T]):
    """`rest`: seconds for which an aggregate rests after its release; `work`: what is done with a batch."""

    def __init__(self, rest: float, work: Callable[[dict[str, list[T]]], Awaitable[None]]) -> None:
        self._work = work
        self._mailbox: Mailbox[T] = Mailbox(rest)
        self._waking: asyncio.Handle | None = None
        self._wakes_at = 0.0
        self._woke = 0.0
        self._served = 0
        """Batches of the door that are being worked on. Not `visited`: with that codes waited longer (ADR 0086)."""
        self._quiet_at = 0.0
        """When nobody will have come to the door for `QUIET`, unless somebody comes."""
        self._arrived = {door: asyncio.Event() for door in (False, True)}

    @property
    def visited(self) -> bool:
        """Somebody came to the door a moment ago."""
        return asyncio.get_running_loop().time() < self._quiet_at

    def put(self, aggregate: str, item: T, patience: Patience) -> None:
        """The order of calls is the order of work, within an aggregate."""
        self._mailbox.put(aggregate, item, patience, asyncio.get_running_loop().time())
        self._look()

    def hurry(self) -> None:
        """Frees what is patient."""
        self._mailbox.hurry()
        self._look()

    async def run(self) -> None:
        """Works until cancelled."""
        lanes = [self._lane(door=door) for door in self._arrived for _ in range(DOOR_LANES if door else LANES)]
        await asyncio.gather(*lanes)

    async def _lane(self, *, door: bool) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await self._arrived[door].wait()
            if groups := self._mailbox.take(BESIDE if self._served and not door else MAX_BATCH, door=door):
                if door:
                    self._quiet_at = now() + QUIET
                self._served += door
                await self._work(dict(groups))
                self._served -= door
                for aggregate in groups:
                    self._mailbox.release(aggregate, now())
            self._look()

    def _look(self) -> None:
        """Calls the lanes if there is something to take, or sees to it that they are called when there is."""
        for door, arrived in self._arrived.items():
            if self._mailbox.ready(door=door):
                arrived.set()
            else:
                arrived.clear()
        at = self._mailbox.next_at
        if at is None:
            return
        at = max(at, self._woke + BEAT)
        if self._waking is None or at < self._wakes_at:
            if self._waking is not None:
                self._waking.cancel()
            self._waking, self._wakes_at = asyncio.get_running_loop().call_at(at, self._wake), at

    def _wake(self) -> None:
        self._waking = None
        self._woke = max(asyncio.get_running_loop().time(), self._wakes_at)  # a timer may fire a moment too early
        self._mailbox.wake(self._woke)
        self._look()
