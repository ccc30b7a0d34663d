"""Calls that come together make one call to the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Gather(Generic[T]):
    """Hands `work` all that came while it was busy with those before. Nothing waits for a batch to fill."""

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[Any]]]) -> None:
        self._work = work
        self._waiting: list[tuple[T, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> Any:
        """What `work` answered for this item; raises what it raised for its batch."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting, []
                try:
                    answers = await self._work([item for item, _ in taken])
                except Exception as error:  # noqa: BLE001 - whoever waits for it hears of it
                    for _, future in taken:
                        if not future.done():
                            future.set_exception(error)
                else:
                    for (_, future), answer in zip(taken, answers, strict=True):
                        if not future.done():
                            future.set_result(answer)
        finally:
            self._task = None
