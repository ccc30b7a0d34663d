"""``python -m bench.flow --rate 15``: dossiers a second, latencies, and what each dossier costs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import httpx
import uvloop
from rich.console import Console

from bench.flow import stored
from bench.flow.load import Dossier, Load
from bench.flow.meter import Spent, quantile, read
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.stack import AUDIT, SERVICES, STATISTICS, Stack

ACCOUNTS: Final = {
    "citizen": "citizen1", "clerk": "clerk1", "specialist": "specialist1", "leader": "leader1",
    "registrar": "registrar1",
}  # fmt: skip
AROUND: Final = (
    STATISTICS,
    AUDIT,
    "kafka",
    "store",
    "identity",
    "sms_centre",
    "mail_sink",
    "post_office",
    "payment_gateway",
    "upstream_portal",
)
WARM_UP: Final = 20
log = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Job:
    """`rate` dossiers a second for `seconds`; `stored`: dossiers in the store before it begins."""

    rate: float
    seconds: float
    stored: int


async def run(job: Job) -> dict[str, Any]:
    """Starts the platform, loads it, and returns the summary."""
    async with Backbone(Path(RUNS) / f"bench-{os.getpid()}", keep=False) as backbone:
        log.print("starting the platform")
        running = await stack.start(backbone)
        # The driver shares the machine: aiohttp costs a third of what httpx does, and no more when many wait.
        connections = aiohttp.TCPConnector(limit=200)
        async with (
            httpx.AsyncClient(timeout=30, trust_env=False) as client,
            aiohttp.ClientSession(connector=connections, timeout=aiohttp.ClientTimeout(30)) as session,
        ):
            tokens = {role: await login(running.url("idp"), who, f"{who}-demo-only") for role, who in ACCOUNTS.items()}
            load = Load(running, session, tokens)
            following = asyncio.create_task(load.follow(backbone.kafka))
            await load.run(WARM_UP, 4)
            if job.stored:
                await asyncio.to_thread(stored.fill, backbone.store_url, job.stored, log)
            metrics = [f"{running.url(name)}/metrics" for name in SERVICES]
            pids = {name: backbone.supervisor.pid(name) for name in (*SERVICES, *AROUND)} | {"driver": os.getpid()}
            before = await read(client, metrics, pids)
            log.print(f"{job.rate:g} dossiers a second for {job.seconds:g} s")
            dossiers = await load.run(max(1, round(job.rate * job.seconds)), job.rate, WARM_UP)
            told = await _first_sms(client, running, dossiers)
            spent = (await read(client, metrics, pids)).since(before)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    return summary(job, dossiers, told, spent)


async def _first_sms(client: httpx.AsyncClient, running: Stack, dossiers: Sequence[Dossier]) -> dict[str, float]:
    """When the first message reached each phone, in seconds of the wall clock."""
    phones = {d.phone for d in dossiers}
    first: dict[str, float] = {}
    for message in (await client.get(running.url("phone") + "/phone/messages")).json():
        if message["to"] in phones:
            first.setdefault(message["to"], datetime.fromisoformat(message["received_at"]).timestamp())
    return first


def sustained(submitted: Sequence[float], completed: Sequence[float]) -> float:
    """Completions a second while they were submitted, but for the first fifth of that time: neither filling up nor
    draining counts, and a backlog that grows shows as less than was asked for."""
    began, ended = submitted[0] + (submitted[-1] - submitted[0]) / 5, submitted[-1]
    return sum(began < at <= ended for at in completed) / (ended - began)


def summary(job: Job, dossiers: Sequence[Dossier], told: dict[str, float], spent: Spent) -> dict[str, Any]:
    """Milliseconds by quantile; costs by dossier that was completed."""
    done = [d for d in dossiers if d.completed]
    failed = [d.error for d in dossiers if d.error]
    if failed:
        log.print(f"[red]{len(failed)} dossiers failed, for example: {failed[0]}")
    log.print({name: f"{1000 * seconds / len(done):.1f} ms of CPU a dossier" for name, seconds in spent.cpu.items()})
    acks = [1000 * (d.acknowledged - d.submitted) for d in dossiers if d.acknowledged]
    sms = [1000 * (told[d.phone] - d.submitted) for d in dossiers if d.phone in told]
    return {
        "dossiers_per_s": round(sustained([d.submitted for d in dossiers], [d.completed for d in done]), 2),
        "asked_per_s": job.rate,
        "all_done_per_s": round(len(done) / (max(d.completed for d in done) - dossiers[0].submitted), 2),
        "completed": len(done),
        "failed": len(failed),
        "stored_before": job.stored,
        "submit_ack_p50_ms": quantile(acks, 50),
        "submit_ack_p99_ms": quantile(acks, 99),
        "submit_to_sms_p50_ms": quantile(sms, 50),
        "submit_to_sms_p99_ms": quantile(sms, 99),
        "events_per_dossier": round(spent.counts["hoso_events_published"] / len(done), 1),
        "writes_per_dossier": round(spent.counts["hoso_documents_written"] / len(done), 1),
        "store_calls_per_dossier": round(spent.counts["hoso_store_calls"] / len(done), 1),
        "cpu_s_per_dossier": round(sum(spent.cpu[name] for name in SERVICES) / len(done), 4),
        "cpu_s_per_dossier_with_all_around": round(spent.cpu_s / len(done), 4),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=15.0, help="dossiers a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--stored", type=int, default=0, help="dossiers already in the store")
    given = parser.parse_args()
    result = uvloop.run(run(Job(given.rate, given.seconds, given.stored)))
    print(json.dumps(result))  # noqa: T201 - the result, for programs
    sys.exit(1 if result["failed"] else 0)
