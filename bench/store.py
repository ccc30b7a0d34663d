"""The store's own limit: the three calls of a batch, two batches at a time, never two of the same aggregates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chassis.store import Collection

BATCH: Final = 400
LANES: Final = 2


@dataclass(frozen=True, slots=True)
class Calls:
    """Find, compare-and-set and clear of one batch."""

    ids: list[str]
    writes: list[tuple[str, int, dict[str, Any]]]
    clears: list[tuple[str, int]]

    async def make(self, collection: Collection) -> None:
        """One after the other, as they depend on each other."""
        await collection.load(self.ids)
        await collection.save(self.writes)
        await collection.clear(self.clears)


async def drive(batches: Sequence[Calls], collection: Collection) -> None:
    """As fast as the store goes."""
    flying: dict[asyncio.Task[None], set[str]] = {}
    for each in batches:
        while len(flying) >= LANES or any(ids & set(each.ids) for ids in flying.values()):
            done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del flying[task]
                task.result()
        flying[asyncio.create_task(each.make(collection))] = set(each.ids)
    await asyncio.gather(*flying)
