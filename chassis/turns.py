"""Long work in short turns: a batch of hundreds must not keep a payment gateway or a one-time code waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

T = TypeVar("T")
TURN: Final = 4
"""Items between two turns of everything else. Counted, not timed, so that a schedule can be repeated."""


async def turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items; the event loop has its turn before each fourth, but for the first ones."""
    for number, item in enumerate(items):
        if number and number % TURN == 0:
            await asyncio.sleep(0)
        yield item
