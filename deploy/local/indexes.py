"""Builds the declared indexes of every service's store: the first thing a release does to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chassis.document import AggregateType
from chassis.store import Collection, Store
from services.kinds import kinds

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
    """The declared indexes that do not exist, by ``service.aggregate``."""
    async with targets(url, prefix) as found:
        names = await asyncio.gather(*(collection.missing_indexes(kind.indexes) for _, kind, collection in found))
    return {name: indexes for (name, _, _), indexes in zip(found, names, strict=True) if indexes}


async def create(url: str, prefix: str) -> dict[str, list[str]]:
    """Builds them, and returns those it built. Existing ones stay as they are."""
    async with targets(url, prefix) as found:
        built = await asyncio.gather(*(collection.ensure_indexes(kind.indexes) for _, kind, collection in found))
    return {name: indexes for (name, _, _), indexes in zip(found, built, strict=True) if indexes}
