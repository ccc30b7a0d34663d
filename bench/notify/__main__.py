"""``python -m bench.notify``: SMS a second, their latency, one-time codes behind a backlog; what was lost or doubled.

First an open loop: `rate` new dossiers a second, each of which is an SMS. Then a backlog of messages of information is
published at once, and codes are asked for while it is worked off. Latencies are from publishing (or asking) to the
simulated centre, on one machine's clock.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import statistics
import sys
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console

from bench.flow.meter import cpu_seconds
from bench.notify.events import Events, dossier_id, phone
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.stack import Stack

MACHINE: Final = ("portal", "portal-demo-only-secret")
PARTNERS: Final = ("identity", "sms_centre", "mail_sink")
WATCHED: Final = ("notification", "store", "kafka", "sms_centre")
PER_DOSSIER: Final = 10
CODES: Final = 200
CODES_A_SECOND: Final = 5.0
PATIENCE: Final = 600.0
log = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Job:
    """`rate` SMS a second for `seconds`, then `backlog` messages of information."""

    rate: float
    seconds: float
    backlog: int


@dataclass
class Measured:
    """Seconds of the wall clock: when each phone was published, and when a code was asked for."""

    began: dict[str, float] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)


async def run(job: Job) -> dict[str, Any]:
    """Starts what is needed, loads it, and returns the summary."""
    async with Backbone(Path(RUNS) / f"bench-{os.getpid()}", keep=False) as backbone:
        log.print("starting notification and its partners")
        running = await stack.start(backbone, services=("notification",), partners=PARTNERS)
        secrets = json.loads((backbone.run.path / "secrets.json").read_text())
        events = Events(backbone.kafka, backbone.store_url, base64.b64decode(secrets["master"]))
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            try:
                pids = {name: backbone.supervisor.pid(name) for name in WATCHED} | {"driver": os.getpid()}
                return await _measure(job, running, client, events, pids)
            finally:
                events.close()


async def _measure(
    job: Job, running: Stack, client: httpx.AsyncClient, events: Events, pids: Mapping[str, int]
) -> dict[str, Any]:
    seen = Measured()
    spent = {name: cpu_seconds(pid) for name, pid in pids.items()}
    await _open_loop(job, running, client, events, seen)
    used = {name: 1000 * (cpu_seconds(pid) - spent[name]) / len(seen.began) for name, pid in pids.items()}
    log.print({name: f"{each:.1f} ms of CPU an SMS" for name, each in used.items()})
    arrived = await _arrived(client, running)
    first = {to: at for to, at in arrived.items() if to in seen.began}
    span = max(first.values()) - min(seen.began.values())
    latencies = [1000 * (first[to] - began) for to, began in seen.began.items() if to in first]
    expected = len(seen.began) + await _backlog(job, running, client, events, seen)
    texts = await _texts(client, running, expected + len(seen.asked))
    codes = {t["to"]: t for t in texts if "Ma xac nhan" in t["text"]}
    waits = [1000 * (_at(codes[to]) - asked) for to, asked in seen.asked.items() if to in codes]
    times = Counter((t["to"], t["text"]) for t in texts)
    return {
        "sms_per_s": round(len(latencies) / span, 1),
        "p50_ms": quantile(latencies, 50),
        "p99_ms": quantile(latencies, 99),
        "otp_p99_ms_under_backlog": quantile(waits, 99),
        "duplicates": sum(n - 1 for n in times.values()),
        "lost": expected + len(seen.asked) - len(times),
    }


async def _open_loop(job: Job, running: Stack, client: httpx.AsyncClient, events: Events, seen: Measured) -> None:
    count = round(job.rate * job.seconds)
    dossiers = {dossier_id("steady", n): phone(1, n) for n in range(count)}
    log.print(f"{job.rate:g} SMS a second for {job.seconds:g} s")
    begin = time.monotonic()
    async for number, dossier in events.each(list(dossiers)):
        to = dossiers[dossier]
        ahead = begin + number / job.rate - time.monotonic()
        if ahead > 0:
            await asyncio.sleep(ahead)
        seen.began[to] = time.time()
        events.submitted(dossier, to)
    events.flush()
    await _texts(client, running, count)


async def _backlog(job: Job, running: Stack, client: httpx.AsyncClient, events: Events, seen: Measured) -> int:
    """Returns how many messages there are besides codes."""
    many = max(1, job.backlog // PER_DOSSIER)
    told = [dossier_id("backlog", n) for n in range(many)]
    asking = {dossier_id("codes", n): phone(4, n) for n in range(CODES)}
    before = len(seen.began)
    async for number, dossier in events.each(told):
        events.submitted(dossier, phone(3, number))
    async for _, dossier in events.each(list(asking)):
        events.submitted(dossier, asking[dossier])
    events.flush()
    await _texts(client, running, before + many + CODES)
    log.print(f"a backlog of {many * PER_DOSSIER} messages, {CODES} codes meanwhile")
    made = 0
    async for _, dossier in events.each(told):
        made += events.informing(dossier)
    events.flush()
    await _codes(running, client, asking, seen)
    left = made - (await _count(client, running) - before - many - CODES - len(seen.asked))
    log.print(f"{left} messages were still waiting when the last code was asked for")
    return many + CODES + made


async def _codes(running: Stack, client: httpx.AsyncClient, asking: dict[str, str], seen: Measured) -> None:
    form = {"grant_type": "client_credentials", "resource": "urn:hoso-api"}
    token = (await client.post(f"{running.url('idp')}/token", data=form, auth=MACHINE)).json()["access_token"]

    async def ask(dossier: str, to: str, number: int) -> None:
        seen.asked[to] = time.time()
        body = {"dossier": dossier, "purpose": "lookup", "address": f"198.51.100.{number % 200}"}
        headers = {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex}
        answer = await client.post(f"{running.url('notification')}/codes", json=body, headers=headers)
        answer.raise_for_status()

    async with asyncio.TaskGroup() as group:
        for number, (dossier, to) in enumerate(asking.items()):
            group.create_task(ask(dossier, to, number))
            await asyncio.sleep(1 / CODES_A_SECOND)


async def _count(client: httpx.AsyncClient, running: Stack) -> int:
    return int((await client.get(running.url("phone") + "/count")).json()["submissions"])


async def _texts(client: httpx.AsyncClient, running: Stack, expected: int) -> list[dict[str, Any]]:
    """Waits until there are as many as expected, or nothing came for ten seconds."""
    last, since, begin = -1, time.monotonic(), time.monotonic()
    while time.monotonic() - begin < PATIENCE:
        found = await _count(client, running)
        if found >= expected or (found == last and time.monotonic() - since > 30):  # noqa: PLR2004 - seconds
            break
        if found != last:
            last, since = found, time.monotonic()
        await asyncio.sleep(0.5)
    texts: list[dict[str, Any]] = (await client.get(running.url("phone") + "/phone/messages")).json()
    return texts


async def _arrived(client: httpx.AsyncClient, running: Stack) -> dict[str, float]:
    """When the first text reached each phone."""
    first: dict[str, float] = {}
    for text in (await client.get(running.url("phone") + "/phone/messages")).json():
        first.setdefault(text["to"], _at(text))
    return first


def _at(text: dict[str, Any]) -> float:
    return datetime.fromisoformat(text["received_at"]).timestamp()


def quantile(values: list[float], percent: int) -> float:
    """The value below which `percent` of all lie."""
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=300.0, help="SMS a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--backlog", type=int, default=20_000, help="messages of information")
    given = parser.parse_args()
    result = asyncio.run(run(Job(given.rate, given.seconds, given.backlog)))
    print(json.dumps(result))  # noqa: T201 - the result, for programs
    sys.exit(1 if result["lost"] or result["duplicates"] else 0)
