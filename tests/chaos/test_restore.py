"""The drill: every store is put back to an older state while Kafka went on, in the middle of dossiers."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from cli.demo.filings import plan
from cli.demo.journey import Journey, Outcome
from deploy.local import stack
from deploy.local.paths import ROOT, RUNS
from deploy.local.platform import Backbone, Process
from deploy.local.probes import until
from deploy.local.rundir import sweep
from deploy.local.stack import SERVICES, Stack
from tests.chaos.harness import statistics, witness
from tests.chaos.harness.driver import Driver, browser
from tests.chaos.harness.oracle import Verdict, judge

DOSSIERS: Final = 24
PATIENCE: Final = 300.0
NUMBERED: Final = {"dossier.accepted.v1": "code", "payment.receipt_issued.v1": "number"}
"""Events that bring a number of a series, and the field it is in."""


@dataclass
class Site:
    """A platform whose stores are copied and put back by the command line, as an operator does."""

    backbone: Backbone
    platform: Stack
    folder: Path
    environment: Mapping[str, str]

    async def hoso(self, *words: str) -> str:
        """What a command said on standard error; it must succeed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli.main",
            *words,
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()[-3000:]
        return said.decode()

    async def metrics(self, service: str, client: httpx.AsyncClient, name: str) -> float:
        """The sum of one metric of one service."""
        text = (await client.get(f"{self.platform.url(service)}/metrics")).text
        return sum(
            float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} "))
        )

    def logged(self, service: str, what: str) -> list[dict[str, Any]]:
        """Log lines of a service that say `what`."""
        lines = self.backbone.supervisor.log(service).read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if what in line and line.startswith("{")]


class Patient(Backbone):
    """Waits longer for what it starts: everything starts at once, twice."""

    async def start(self, layer: Sequence[Process], addresses: Mapping[str, str] | None = None) -> None:
        await super().start([replace(process, seconds=PATIENCE) for process in layer], addresses)


@asynccontextmanager
async def site(folder: Path, name: str) -> AsyncIterator[Site]:
    sweep(RUNS, "restore-*")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOSO_JOURNAL", "true")
        async with Patient(RUNS / f"restore-{name}-{os.getpid()}", keep=True) as backbone:
            platform = await stack.start(backbone)
            key = base64.b64encode(secrets.token_bytes(32)).decode()
            environment = {
                "MONGODB_URL": backbone.store_url,
                "KAFKA_BOOTSTRAP_SERVERS": backbone.kafka,
                "HOSO_BACKUP_KEY": key,
            }
            yield Site(backbone, platform, folder, environment)
            backbone.keep = False


async def put_back(site: Site) -> tuple[float, float]:
    """Kills every service at once, puts every store back, starts them again; from when to when they were away."""
    began = time.time()
    services = await site.backbone.supervisor.take_down(SERVICES)
    async with asyncio.timeout(60):
        while True:  # the group of a member that was killed is in use until its session ends
            try:
                await site.hoso("restore", str(site.folder), "--replace")
                break
            except AssertionError as error:
                if "still runs" not in str(error):
                    raise
                await asyncio.sleep(1)
    await site.backbone.start(services)
    return began, time.time()


def numbers(records: list[dict[str, Any]], kind: str, field: str) -> list[Any]:
    """What a series gave, once for each dossier that says so."""
    said = {(r["key"], r["headers"]["ce_id"]): r for r in records if r["headers"].get("ce_type") == kind}
    return [json.loads(record["value"])[field] for record in said.values()]


@pytest.mark.timeout(900)
async def test_an_older_store_is_brought_up_to_the_present_and_nothing_is_lost_or_said_twice(tmp_path: Path) -> None:
    async with site(tmp_path / "copy", "drill") as at, browser(at.platform, 1) as client:
        driver = Driver(at.platform, client, patience=PATIENCE)
        people = await driver.people(at.backbone)
        outcomes: dict[int, Outcome] = {}
        journey = Journey(
            at.platform, people, client, lambda o: outcomes.update({o.planned.number: o}), patience=PATIENCE, pause=1.0
        )
        plans = plan(DOSSIERS, "drill")
        flow: list[asyncio.Task[Outcome]] = []

        def begin(count: int) -> range:
            first = len(flow)
            flow.extend(asyncio.create_task(journey.run(planned)) for planned in plans[first : first + count])
            return range(first + 1, first + count + 1)

        async def reached(numbers: range, stages: set[str], count: int) -> None:
            async def there() -> bool:
                return sum(n in outcomes and outcomes[n].stage in stages for n in numbers) >= count

            await until(there, PATIENCE)

        log = witness.Log(at.backbone.kafka)
        try:
            await reached(begin(6), {"returned"}, 2)
            begin(4)
            await at.hoso("backup", str(at.folder))
            await reached(begin(8), {"returned"}, 3)
            await reached(begin(6), {"accepted", "paid", "decided", "returned"}, 2)
            began, ended = await put_back(at)
            for service in SERVICES:
                assert len(at.logged(service, "brought up to it")) == 1, service
            strokes = [
                {"at": when, "action": "kill", "target": target}
                for when in (began, ended)
                for target in ("store", "notification")
            ]
            verdict = await settled(at, client, driver, log, strokes)
            await asyncio.gather(*flow)
            assert verdict.good, [*verdict.unexplained, *filter(None, verdict.findings.values())]
            assert verdict.completed == verdict.accepted == DOSSIERS
            assert [o.error for o in outcomes.values() if o.error] == []
            for service in SERVICES:
                assert await at.metrics(service, client, "hoso_aggregates_behind") == 0
            for kind, field in NUMBERED.items():
                given = numbers(log.records, kind, field)
                assert len(given) >= DOSSIERS // 3
                assert len(set(given)) == len(given), kind
            assert await statistics.differences(at.platform, client, at.backbone.kafka) == []
        finally:
            for task in flow:
                task.cancel()
            await asyncio.gather(*flow, return_exceptions=True)
            log.close()


async def settled(
    at: Site, client: httpx.AsyncClient, driver: Driver, log: witness.Log, strokes: list[dict[str, Any]]
) -> Verdict:
    """The verdict once nothing is lost or stuck any more, or when it has taken too long."""
    end = time.monotonic() + PATIENCE
    while True:
        await log.read()
        books = await witness.books(at.platform, client)
        left = await witness.left(at.backbone.store_url)
        history = {"facts": driver.facts, "strokes": strokes, "records": log.records, **books, "left": left}
        verdict = judge(history, lapse=PATIENCE)  # everything begins anew at once: the end of a lease is noticed late
        done = not verdict.findings["lost"] and not verdict.findings["stuck"] and verdict.accepted == DOSSIERS
        if done or time.monotonic() > end:
            return verdict
        await asyncio.sleep(1)
