"""``python -m bench.lifecycle``: the store's limit, filing over Kafka, filing over HTTP; rounds in turn, medians."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import httpx
from aiokafka import AIOKafkaConsumer
from joserfc.jwk import ECKey
from rich.console import Console
from rich.progress import Progress

from bench import process
from bench.core.contender import Task
from bench.flow.meter import Spent, quantile, read
from bench.lifecycle.by_http import Shot
from bench.lifecycle.filings import Emission, emissions, emit, filings
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.stack import SOURCE, Stack
from schemas.topics import reply_topic

ROUNDS: Final = 3
FILED: Final = 2_000
"""Dossiers a round over Kafka, and documents a round of the store alone."""
SECONDS: Final = 5.0
CONNECTIONS: Final = 32
PATIENCE: Final = 60.0
log = Console(stderr=True)


class Bench:
    """One submission process on a backbone."""

    def __init__(self, backbone: Backbone, running: Stack, client: httpx.AsyncClient, token: str) -> None:
        self._backbone = backbone
        self._running = running
        self._client = client
        self._token = token
        self._url = running.url("submission")

    async def store(self, number: int) -> float:
        """New dossiers a second that the store takes."""
        names = (self._backbone.kafka, self._backbone.store_url, "", "", f"bench_lifecycle_{number}")
        said = await process.said("bench.lifecycle.by_store", asdict(Task(*names, "spread", FILED)), PATIENCE)
        return float(said["per_s"])

    async def kafka(self, made: list[Emission]) -> float:
        """Dossiers a second, from the first event emitted to the last reply."""
        before = await self._spent()
        async with AIOKafkaConsumer(
            reply_topic(SOURCE), bootstrap_servers=self._backbone.kafka, auto_offset_reset="latest"
        ) as replies:
            await replies.seek_to_end()
            began = time.perf_counter()
            await emit(self._backbone.kafka, made)
            missing = len(made)
            async with asyncio.timeout(PATIENCE):
                while missing > 0:
                    found = await replies.getmany(timeout_ms=1_000)
                    missing -= sum(len(records) for records in found.values())
        seconds = time.perf_counter() - began
        self._tell("kafka", len(made), seconds, (await self._spent()).since(before))
        return len(made) / seconds

    async def http(self, rate: float | None = None) -> tuple[float, float]:
        """Dossiers a second, and the 99th percentile in ms. Raises RuntimeError if one was not filed."""
        before = await self._spent()
        shot = Shot(f"{self._url}/dossiers", self._token, SECONDS, CONNECTIONS, rate)
        said = await process.said("bench.lifecycle.by_http", asdict(shot), PATIENCE)
        if said["failed"]:
            raise RuntimeError(f"{said['failed']} of {len(said['seconds'])} filings were not answered by 201")
        filed = len(said["seconds"])
        self._tell("http", filed, said["span"], (await self._spent()).since(before))
        return filed / said["span"], quantile([1000 * seconds for seconds in said["seconds"]], 99)

    async def _spent(self) -> Spent:
        return await read(
            self._client, [f"{self._url}/metrics"], {"submission": self._backbone.supervisor.pid("submission")}
        )

    @staticmethod
    def _tell(what: str, filed: int, seconds: float, spent: Spent) -> None:
        each = {name.removeprefix("hoso_"): round(count / filed, 2) for name, count in spent.counts.items()}
        log.print(f"{what:6} {filed / seconds:7,.0f}/s  {1000 * spent.cpu_s / filed:5.2f} ms of CPU each  {each}")


async def main(rounds: int, only: str | None) -> None:
    """The last line is the summary."""
    found: dict[str, list[float]] = defaultdict(list)
    async with Backbone(Path(RUNS) / f"bench-{os.getpid()}", keep=False) as backbone:
        log.print("starting broker, store, identity provider and submission")
        running = await stack.start(backbone, services=("submission",), partners=("identity",))
        portal = ECKey.import_key(json.loads((backbone.run.path / "secrets.json").read_text())["portal"])
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            jwks = (await client.get(f"{running.url('submission')}/.well-known/jwks.json")).raise_for_status().json()
            own = ECKey.import_key(jwks["keys"][0])
            token = await login(running.url("idp"), "citizen1", "citizen1-demo-only")
            bench = Bench(backbone, running, client, token)
            with Progress(console=log) as progress:
                bar = progress.add_task("lifecycle", total=rounds * 4)
                for number in range(rounds):
                    await _round(bench, number, found, only, (portal, own))
                    progress.advance(bar, 4)
    if only is None:
        print(json.dumps(summary(found)))  # noqa: T201 - the result, for programs


async def _round(
    bench: Bench, number: int, found: dict[str, list[float]], only: str | None, keys: tuple[ECKey, ECKey]
) -> None:
    if only in {None, "store"}:
        found["store"].append(await bench.store(number))
        log.print(f"store  {found['store'][-1]:7,.0f}/s")
    if only in {None, "kafka"}:
        made = await asyncio.to_thread(emissions, filings(FILED), *keys)
        found["kafka"].append(await bench.kafka(made))
    if only in {None, "http"}:
        fast, _ = await bench.http()
        found["http"].append(fast)
        _, p99 = await bench.http(statistics.median(found["http"]) / 2)
        found["p99"].append(p99)


def summary(found: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Medians of the rounds."""
    middle = {name: statistics.median(values) for name, values in found.items()}
    return {
        "kafka_per_s": round(middle["kafka"]),
        "store_limit_per_s": round(middle["store"]),
        "kafka_vs_store": round(middle["kafka"] / middle["store"], 2),
        "http_per_s": round(middle["http"]),
        "http_p99_ms": round(middle["p99"], 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=("store", "kafka", "http"), help="one of them, without the summary")
    given = parser.parse_args()
    asyncio.run(main(given.rounds, given.only))
