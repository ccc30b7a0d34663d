"""A platform with one service that hears every stream, and somebody who tells it stories and looks at them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import aiohttp
import httpx
from rich.console import Console

from bench import process
from bench.bare.side import beside
from bench.core.contender import Task
from bench.flow.meter import cpu_seconds, quantile
from bench.tracking.stories import STORY, story, told
from chassis.relay import Publisher
from chassis.rereading import committed
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone, Process
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import http, until
from deploy.local.stack import STATISTICS, Stack
from services.tracking.statistics.log import ends

RATE: Final = 200.0
SECONDS: Final = 20.0
SEEN: Final = 150
BURST: Final = 3
LOOK_EVERY: Final = 0.5
PATIENCE: Final = 300.0
OPERATOR: Final = "operator1"
log = Console(stderr=True)


class Bench:
    """A platform with what is measured, and somebody who tells it stories and looks at them."""

    def __init__(self, backbone: Backbone, running: Stack, session: aiohttp.ClientSession, token: str) -> None:
        self.backbone = backbone
        self.running = running
        self._session = session
        self._headers = {"authorization": f"Bearer {token}"}
        self._publisher = Publisher(backbone.kafka, "bench", "1")
        self.kafka = backbone.kafka
        self.statistics = running.url(STATISTICS)
        self.known: list[str] = []

    async def through(self, name: str, dossiers: int) -> float:
        """Events a second from the first one told to the last one counted by process `name`."""
        records = told(dossiers)
        self.known = list({dossier for dossier, *_ in next(iter(records.values()))})
        before, began = cpu_seconds(self.backbone.supervisor.pid(name)), time.perf_counter()
        await asyncio.gather(*(self._publisher.publish(topic, some) for topic, some in records.items()))
        wanted = await ends(self.backbone.kafka)
        await until(lambda: self.handled(name, wanted), PATIENCE)
        seconds, events = time.perf_counter() - began, dossiers * len(STORY)
        spent = cpu_seconds(self.backbone.supervisor.pid(name)) - before
        log.print(f"{name:10} {events / seconds:7,.0f}/s  {1e6 * spent / events:6.0f} µs of CPU an event")
        return events / seconds

    async def handled(self, name: str, wanted: Mapping[tuple[str, int], int]) -> bool:
        """Whether process `name` has counted all records up to these offsets."""
        if name != STATISTICS:
            found = await committed(self.backbone.kafka, name)
            return all(found.get(place, 0) >= end for place, end in wanted.items())
        await asyncio.sleep(LOOK_EVERY)  # to look at every cell costs the process more than to count some
        held = await self.cells()
        at = held["positions"]
        return held["live"] and all(at.get(t, {}).get(str(p), 0) >= end for (t, p), end in wanted.items())

    async def cells(self) -> dict[str, Any]:
        """What statistics hold."""
        url = f"{self.statistics}/statistics/cells"
        async with self._session.get(url, headers=self._headers) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def store_limit(self, dossiers: int) -> float:
        """Events a second that the store alone allows."""
        backbone, count = self.backbone, dossiers * len(STORY)
        task = Task(backbone.kafka, backbone.store_url, "", "", f"limit_{uuid.uuid4().hex[:8]}", "spread", count)
        found: float = (await process.said("bench.tracking.by_store", asdict(task), PATIENCE))["per_s"]
        log.print(f"store      {found:7,.0f}/s")
        return found

    async def entries(self, dossier: str) -> int:
        """How many entries a timeline has."""
        url = f"{self.running.url('tracking')}/dossiers/{dossier}/timeline"
        async with self._session.get(url, headers=self._headers) as answer:
            found = await answer.json()
            return len(found["entries"]) if answer.status == httpx.codes.OK else 0

    async def _has(self, dossier: str, entries: int) -> bool:
        return await self.entries(dossier) >= entries

    async def timelines(self, known: Sequence[str]) -> float:
        """The 99th percentile in ms of timelines asked for at `RATE`, from when each was to be asked for."""
        took: list[float] = []

        async def one(due: float, dossier: str) -> None:
            if await self.entries(dossier):
                took.append(1000 * (time.perf_counter() - due))

        began, tasks = time.perf_counter(), []
        for number in range(int(RATE * SECONDS)):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(due, known[number % len(known)])))
        await asyncio.gather(*tasks)
        if len(took) < len(tasks):
            raise RuntimeError(f"{len(tasks) - len(took)} of {len(tasks)} timelines were not answered")
        return quantile(took, 99)

    async def visible(self) -> float:
        """The 99th percentile in ms from an event told to its entry seen, for each of a burst."""
        took: list[float] = []

        async def one(begin: float) -> None:
            await asyncio.sleep(begin)
            dossier = str(uuid.uuid4())
            for number, (topic, record) in enumerate(islice(story(dossier), BURST), 1):
                since = time.perf_counter()
                await self._publisher.publish(topic, [record])
                await until(partial(self._has, dossier, number), PATIENCE)
                took.append(1000 * (time.perf_counter() - since))

        await asyncio.gather(*(one(n * 0.1) for n in range(SEEN)))
        return quantile(took, 99)

    async def bare(self, documents: int) -> float:
        """As `timelines`, of a server that only reads so many documents (`bench.bare`)."""
        server = await beside(self.backbone, "hoso_tracking", "dossiers", documents)
        return await server.p99("read", RATE, SECONDS)

    async def close(self) -> None:
        """Ends the producer."""
        await self._publisher.close()


@asynccontextmanager
async def platform(service: str) -> AsyncIterator[Bench]:
    """Broker, store, identity provider and one process."""
    async with Backbone(Path(RUNS) / f"bench-{os.getpid()}-{service}", keep=False) as backbone:
        log.print(f"starting {service}")
        running = await stack.start(backbone, services=(service,), partners=("identity",))
        token = await login(running.url("idp"), OPERATOR, f"{OPERATOR}-demo-only")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session:
            bench = Bench(backbone, running, session, token)
            yield bench
            await bench.close()


def next_generation(backbone: Backbone, running: Stack, generation: int = 2) -> tuple[Process, str]:
    """A process of statistics that counts everything anew, and where it answers."""
    port = free_ports(1)[0]
    url = f"http://{LOOPBACK}:{port}"
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": backbone.kafka,
        "OIDC_ISSUER": running.url("idp"),
        "HOSO_STATE_DIR": str(backbone.run.path / "state"),
        "HOSO_REPLICATION": str(backbone.replication),
        "STATISTICS_PORT": str(port),
        "STATISTICS_GENERATION": str(generation),
    }
    words = (sys.executable, "-m", "services.tracking.statistics")
    name, ready = f"statistics-{generation}", http(f"{url}/readyz")
    return Process(name, words, settings, ready=ready, ports=(port,), seconds=stack.SLOWEST), url
