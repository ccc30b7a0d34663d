"""The main job, end to end: start everything, send dossiers through, show what happened, stop."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.demo import show
from cli.demo.client import Caller, DemoError, wait_for
from cli.demo.filings import plan
from cli.demo.journey import Journey, Outcome, People, bounded
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone

AT_ONCE: Final = 8
STAGES: Final = ("filed", "accepted", "paid", "decided", "returned")
SETTLED: Final = frozenset({"delivered", "failed", "unknown"})


@dataclass(frozen=True)
class Messages:
    """SMS by what notification knows of them, and what the phones and the centre's record say."""

    by_status: Counter[str]
    on_phones: list[dict[str, Any]]
    twice: int
    missing: int

    @property
    def delivered(self) -> int:
        """Messages whose receipt came back."""
        return self.by_status["delivered"]


async def demo(*, dossiers: int, once: bool, kill: str | None, console: Console) -> bool:
    """Runs it; true if every dossier reached its result and every message its phone (or is reported unknown)."""
    began = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    work = asyncio.create_task(_demo(dossiers, once, kill, console, began, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
    if not work.done() and not once:
        return await work
    if not work.done():
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return False
    stopping.cancel()
    return work.result()


async def _demo(
    dossiers: int, once: bool, kill: str | None, console: Console, began: float, stop: asyncio.Event
) -> bool:
    run = RUNS / f"demo-{os.getpid()}"
    with console.status("starting Kafka, the store, the partners and the services"):
        backbone = await Backbone(run, keep=False).__aenter__()
    try:
        with console.status("starting the partners and the services"):
            platform = await stack.start(backbone)
        console.print(f"platform up after {time.monotonic() - began:.1f} s")
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            people = await _people(client, platform, run)
            outcomes = await _dossiers(backbone, platform, people, client, dossiers, kill, console)
            with console.status("waiting for the last messages"):
                messages = await _messages(people[1], platform, client, outcomes)
        show.tables(console, outcomes, messages.on_phones)
        summary = _summary(outcomes, messages, time.monotonic() - began)
        good = _good(outcomes, messages)
        if not good:
            backbone.keep = True
            console.print(f"[red]not everything arrived; logs are in {run / 'logs'}")
        if not once and not stop.is_set():
            show.addresses(console, platform)
            await stop.wait()
    except BaseException:
        backbone.keep = True
        raise
    finally:
        with console.status("stopping"):
            await backbone.__aexit__(None, None, None)
    print(json.dumps(summary), flush=True)  # noqa: T201 - the result, for programs
    return good


async def _people(client: httpx.AsyncClient, platform: stack.Stack, run: Path) -> tuple[People, Caller]:
    """Signs everybody in."""
    accounts = json.loads((run / "accounts.json").read_text())["accounts"]
    passwords = {account["username"]: account["password"] for account in accounts}

    async def caller(username: str) -> Caller:
        return Caller(client, await login(platform.url("idp"), username, passwords[username]))

    names = ("citizen1", "citizen2", "citizen3", "clerk1", "specialist1", "leader1", "registrar1", "operator1")
    found = await asyncio.gather(*(caller(name) for name in names))
    return People(tuple(found[:3]), *found[3:7]), found[7]


async def _dossiers(
    backbone: Backbone,
    platform: stack.Stack,
    people: tuple[People, Caller],
    client: httpx.AsyncClient,
    count: int,
    kill: str | None,
    console: Console,
) -> list[Outcome]:
    columns = (TextColumn("{task.description:9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        plans = plan(count, secrets.token_hex(4))
        paying = sum(p.pays for p in plans)
        bars = {stage: progress.add_task(stage, total=paying if stage == "paid" else count) for stage in STAGES}
        killed = False

        def moved(outcome: Outcome) -> None:
            nonlocal killed
            if not outcome.error and outcome.stage in bars and outcome.seconds == 0:
                progress.advance(bars[outcome.stage])
            halfway = outcome.stage == "decided" and progress.tasks[bars["decided"]].completed >= count // 3
            if kill and halfway and not killed:
                killed = True
                backbone.supervisor.kill(kill)
                console.print(f"[yellow]kill -9 {kill}[/]: the supervisor starts it again")

        return await bounded(Journey(platform, people[0], client, moved), plans, AT_ONCE)


async def _messages(
    operator: Caller, platform: stack.Stack, client: httpx.AsyncClient, outcomes: list[Outcome]
) -> Messages:
    """Waits until every SMS of every dossier is settled, then compares with what the phones and the centre hold."""
    notification = platform.url("notification")
    told: list[dict[str, Any]] = []

    async def settled() -> bool | None:
        nonlocal told
        told = []
        for outcome in outcomes:
            found = (
                await operator.find(f"{notification}/dossiers/{outcome.dossier}/messages") if outcome.dossier else None
            )
            told.extend(m for m in (found or {"messages": []})["messages"])
        texts = [m for m in told if m["channel"] == "sms"]
        ended = sum(any(m["kind"] == "delivered" for m in texts if m["id"].startswith(o.dossier)) for o in outcomes)
        return True if ended >= len(outcomes) and all(m["status"] in SETTLED for m in texts) else None

    if all(outcome.stage == "returned" for outcome in outcomes):
        with suppress(DemoError):
            await wait_for("the settling of every message", settled)
    texts = [m for m in told if m["channel"] == "sms"]
    phones = (await client.get(platform.url("phone") + "/phone/messages")).json()
    submissions = (await client.get(platform.url("phone") + "/submissions")).json()
    seen = Counter((s["to"], s["text"], s["sequence"]) for s in submissions)
    by_status = Counter(m["status"] for m in texts)
    missing = by_status["delivered"] - len(phones)
    return Messages(by_status, phones, sum(n - 1 for n in seen.values()), max(0, missing))


def _good(outcomes: list[Outcome], messages: Messages) -> bool:
    unsettled = sum(n for status, n in messages.by_status.items() if status not in {"delivered", "unknown"})
    complete = all(o.stage == "returned" and not o.error for o in outcomes)
    return complete and not messages.twice and not messages.missing and not unsettled and messages.delivered > 0


def _summary(outcomes: list[Outcome], messages: Messages, seconds: float) -> dict[str, Any]:
    done = [o for o in outcomes if o.stage == "returned" and not o.error]
    ways = Counter(o.planned.way for o in done)
    return {
        "dossiers": len(outcomes),
        "completed": len(done),
        "paid": sum(o.paid > 0 for o in outcomes),
        "sms_delivered": messages.delivered,
        "sms_unknown": messages.by_status["unknown"],
        "sms_twice": messages.twice,
        "by_way": {way: ways[way] for way in ("online", "post", "in_person")},
        "seconds": round(seconds, 1),
    }
