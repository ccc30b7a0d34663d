"""Builds the declared indexes of every service's store: the first thing a release does to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from chassis.document import AggregateType
from chassis.store import Collection, Store
from services.kinds import kinds, records

Target = tuple[str, AggregateType[Any], Collection]


@asynccontextmanager
async def targets(url: str, prefix: str) -> AsyncIterator[list[Target]]:
    """Each (``service.aggregate``, kind, collection) of the databases with that prefix."""
    stores = {service: Store(url, f"{prefix}_{service}") for service in kinds()}
    try:
        yield [
            (f"{service}.{kind.name}", kind, stores[service].collection(kind.name))
            for service, found in kinds().items()
            for kind in found
        ]
    finally:
        for store in stores.values():
            store.close()


async def missing(url: str, prefix: str) -> dict[str, list[str]]:
    """The declared indexes that do not exist, by ``service.collection``."""
    return await _each(url, prefix, Collection.missing_indexes)


async def create(url: str, prefix: str) -> dict[str, list[str]]:
    """Builds them, and returns those it built. Existing ones stay as they are."""
    return await _each(url, prefix, Collection.ensure_indexes)


async def _each(url: str, prefix: str, ask: Callable[..., Awaitable[list[str]]]) -> dict[str, list[str]]:
    """What `ask` says of the collection of each aggregate and of each kind of plain records, where it says anything."""
    async with targets(url, prefix) as found, AsyncExitStack() as stack:
        asked = {name: ask(collection, kind.indexes) for name, kind, collection in found}
        for service, declared in records().items():
            store = Store(url, f"{prefix}_{service}")
            stack.callback(store.close)
            for kind in declared:
                asked[f"{service}.{kind.name}"] = ask(store.collection(kind.name), kind.indexes, plain=True)
        names = await asyncio.gather(*asked.values())
    return {name: indexes for name, indexes in zip(asked, names, strict=True) if indexes}
