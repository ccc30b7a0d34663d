"""An event loop in virtual time that does nothing by itself.

Invariants:
    - Callbacks run in the order they were scheduled, and only inside `settle`.
    - The clock stands still but for `advance`; there are no sockets, threads or real timers.
    - What belongs to a process that is dead (`OWNER`) never runs again.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, Protocol, TypeVarTuple

Ts = TypeVarTuple("Ts")


class Owner(Protocol):
    """A process."""

    alive: bool


OWNER: Final[ContextVar[Owner | None]] = ContextVar("owner", default=None)


class Loop(asyncio.BaseEventLoop):
    """Drives the real coroutines of the chassis one step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._queue: deque[tuple[asyncio.Handle, Context]] = deque()
        self._due: list[tuple[float, int, asyncio.TimerHandle, Context]] = []
        self._made = 0
        self.set_task_factory(self._new_task)
        self._tasks: list[asyncio.Task[Any]] = []
        self._ending = False
        self.errors: list[str] = []

    def time(self) -> float:
        return self._now

    def is_running(self) -> bool:
        return False

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        context = context or copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._queue.append((handle, context))
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        context = context or copy_context()
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._made += 1
        heapq.heappush(self._due, (when, self._made, timer, context))
        return timer

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        """A cancelled timer stays in the heap until its time."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(f"{context.get('message')}: {context.get('exception')!r}")

    def spawn(self, owner: Owner, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        context = copy_context()
        context.run(OWNER.set, owner)
        return self.create_task(coroutine, context=context)

    def _new_task(self, _loop: asyncio.AbstractEventLoop, coroutine: Any, **how: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=self, **how)
        self._tasks.append(task)
        return task

    def _may_run(self, context: Context) -> bool:
        owner = context.get(OWNER)
        return self._ending or owner is None or owner.alive

    def settle(self) -> None:
        """Runs everything that can run at this instant."""
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            while self._queue:
                handle, context = self._queue.popleft()
                if not handle.cancelled() and self._may_run(context):
                    handle._run()
        finally:
            asyncio._set_running_loop(outer)

    def next_timer(self) -> float | None:
        """When the next timer falls due, in seconds since the beginning; None without one."""
        while self._due and (self._due[0][2].cancelled() or not self._may_run(self._due[0][3])):
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def advance(self, until: float) -> None:
        """Moves the clock, running every timer on the way at its own instant."""
        while (when := self.next_timer()) is not None and when <= until:
            self._now = max(self._now, when)
            self._queue.append(heapq.heappop(self._due)[2:])
            self.settle()
        self._now = max(self._now, until)

    def end(self) -> None:
        """Cancels what is left and closes."""
        self._ending = True
        for _ in range(20):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            self.settle()
            self.advance(self._now + 10)
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.exception()
        self.close()
