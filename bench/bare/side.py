"""The bare server beside a platform, with documents as large as those that are measured."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final, Literal

import aiohttp
from motor.motor_asyncio import AsyncIOMotorClient

from bench.bare.__main__ import COLLECTION
from deploy.local.platform import Backbone, Process
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import http

DATABASE: Final = "hoso_bare"
SECONDS_TO_START: Final = 30.0


@dataclass(frozen=True, slots=True)
class Bare:
    """The server, and the documents it has: each is asked for once in a round."""

    url: str
    names: tuple[str, ...]

    async def asked(self, what: Literal["read", "write"], rate: float, seconds: float) -> list[float]:
        """Milliseconds from when each answer was to be asked for, `rate` a second, open loop.

        Raises:
            RuntimeError: an answer was not 200.
        """
        took: list[float] = []
        timeout = aiohttp.ClientTimeout(60)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200), timeout=timeout) as session:

            async def one(due: float, name: str) -> None:
                async with session.get(f"{self.url}/{what}/{name}") as answer:
                    await answer.read()
                    if answer.status != 200:  # noqa: PLR2004 - OK
                        raise RuntimeError(f"the bare server answered {answer.status}")
                took.append(1000 * (time.perf_counter() - due))

            began, tasks = time.perf_counter(), []
            for number in range(int(rate * seconds)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.append(asyncio.create_task(one(due, self.names[number % len(self.names)])))
            await asyncio.gather(*tasks)
        return took

    async def p99(self, what: Literal["read", "write"], rate: float, seconds: float) -> float:
        """Of `asked`, in ms."""
        waited = await self.asked(what, rate, seconds)
        return round(statistics.quantiles(waited, n=100, method="inclusive")[98], 1)


async def beside(backbone: Backbone, database: str, collection: str, count: int) -> Bare:
    """Starts it with `count` documents that are copies of a service's own."""
    client: Any = AsyncIOMotorClient(backbone.store_url, retryWrites=False)
    models = await client[database][collection].find({}).limit(count).to_list(length=None)
    names = tuple(str(uuid.uuid4()) for _ in range(count))
    copies = [{**models[at % len(models)], "_id": name, "version": 1} for at, name in enumerate(names)]
    await client[DATABASE][COLLECTION].insert_many(copies)
    client.close()
    port = free_ports(1)[0]
    url = f"http://{LOOPBACK}:{port}"
    settings = {
        "BARE_HOST": LOOPBACK,
        "BARE_PORT": str(port),
        "BARE_DATABASE": DATABASE,
        "STORE_URL": backbone.store_url,
    }
    words = (sys.executable, "-m", "bench.bare")
    process = Process("bare", words, settings, ready=http(f"{url}/readyz"), ports=(port,), seconds=SECONDS_TO_START)
    await backbone.start([process])
    return Bare(url, names)
