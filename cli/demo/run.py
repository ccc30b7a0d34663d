"""The main job, end to end: start everything, send dossiers through, show what happened, stop."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable
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
from deploy.local import prometheus, stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone

AT_ONCE: Final = 8
SETTLING: Final = 30.0
STAGES: Final = ("filed", "accepted", "paid", "decided", "returned")
SETTLED: Final = frozenset({"delivered", "failed", "unknown", "suppressed"})
"""Nothing more will become of such a message. Suppressed: by the time it could go out, it was no longer true (an
invoice that was paid while the sender was dead)."""
WELL: Final = SETTLED - {"failed"} | {"sent"}


@dataclass(frozen=True)
class Messages:
    """SMS by what notification knows of them, and what the phones and the centre's record say."""

    told: list[dict[str, Any]]
    on_phones: list[dict[str, Any]]
    twice: int

    @property
    def by_status(self) -> Counter[str]:
        """How many are how far."""
        return Counter(message["status"] for message in self.told)

    @property
    def delivered(self) -> int:
        """Messages whose receipt came back."""
        return self.by_status["delivered"]

    @property
    def missing(self) -> int:
        """Messages the centre took that are on no phone. One whose receipt was lost counts by its phone."""
        return max(0, self.delivered + self.by_status["sent"] - len(self.on_phones))


@dataclass(frozen=True)
class Job:
    """What was asked for. `kill`: the service to kill -9 midway."""

    dossiers: int
    once: bool
    kill: str | None
    locked: bool = False


class Demo:
    """One run of the main job."""

    def __init__(self, job: Job, console: Console) -> None:
        self._job = job
        self._console = console
        self._run = RUNS / f"demo-{os.getpid()}"
        self._stop = asyncio.Event()
        self._waiting = False
        self._began = time.monotonic()

    async def run(self) -> bool:
        """True if every dossier reached its result and every message its phone, or is unknown or no longer true."""
        work = asyncio.create_task(self._whole())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._interrupt, work)
        try:
            return await work
        except asyncio.CancelledError:
            return False

    def _interrupt(self, work: asyncio.Task[bool]) -> None:
        """While it stays up a signal ends it well; before that it ends the work."""
        if self._stop.is_set() or not self._waiting:
            work.cancel()
        self._stop.set()

    async def _whole(self) -> bool:
        backbone = Backbone(self._run, keep=False, locked=self._job.locked)
        with self._console.status("starting Kafka and the store"):
            await backbone.__aenter__()
        try:
            summary, good = await self._work(backbone)
        except BaseException:
            backbone.keep = True
            raise
        finally:
            with self._console.status("stopping"):
                await backbone.__aexit__(None, None, None)
        print(json.dumps(summary), flush=True)  # noqa: T201 - the result, for programs
        return good

    async def _work(self, backbone: Backbone) -> tuple[dict[str, Any], bool]:
        console = self._console
        with console.status("starting the partners and the services"):
            platform = await stack.start(backbone)
        console.print(f"platform up after {time.monotonic() - self._began:.1f} s")
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            people, operator = await _people(client, platform, self._run)
            outcomes = await self._dossiers(backbone, Journeys(platform, people, client))
            with console.status("waiting for the last messages"):
                messages = await _messages(operator, platform, client, outcomes)
        show.tables(console, outcomes, messages.on_phones)
        summary = _summary(outcomes, messages, time.monotonic() - self._began)
        good = _good(outcomes, messages)
        if not good:
            backbone.keep = True
            show.unsettled(console, [m for m in messages.told if m["status"] not in WELL])
            console.print(f"[red]not everything arrived; logs are in {self._run / 'logs'}")
        if not self._job.once:
            watched = await prometheus.beside(backbone, {name: platform.ports[name] for name in stack.SERVICES})
            show.addresses(console, platform, watched)
            self._waiting = True
            await self._stop.wait()
        return summary, good

    async def _dossiers(self, backbone: Backbone, journeys: Journeys) -> list[Outcome]:
        count, kill = self._job.dossiers, self._job.kill
        columns = (TextColumn("{task.description:9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            plans = plan(count, secrets.token_hex(4))
            paying = sum(p.pays for p in plans)
            bars = {stage: progress.add_task(stage, total=paying if stage == "paid" else count) for stage in STAGES}
            killed = False

            def moved(outcome: Outcome) -> None:
                nonlocal killed
                if outcome.seconds == 0:
                    progress.advance(bars[outcome.stage])
                if kill and not killed and progress.tasks[bars["decided"]].completed >= count // 3:
                    killed = True
                    backbone.supervisor.kill(kill)
                    self._console.print(f"[yellow]kill -9 {kill}[/]: the supervisor starts it again")

            return await bounded(journeys.with_progress(moved), plans, AT_ONCE)


@dataclass(frozen=True)
class Journeys:
    """What every journey needs."""

    platform: stack.Stack
    people: People
    client: httpx.AsyncClient

    def with_progress(self, moved: Callable[[Outcome], None]) -> Journey:
        """A driver that tells of every step."""
        return Journey(self.platform, self.people, self.client, moved)


async def _people(client: httpx.AsyncClient, platform: stack.Stack, run: Path) -> tuple[People, Caller]:
    """Signs everybody in."""
    accounts = json.loads((run / "accounts.json").read_text())["accounts"]
    passwords = {account["username"]: account["password"] for account in accounts}

    async def caller(username: str) -> Caller:
        return Caller(client, await login(platform.url("idp"), username, passwords[username]))

    names = ("citizen1", "citizen2", "citizen3", "clerk1", "specialist1", "leader1", "registrar1", "operator1")
    found = await asyncio.gather(*(caller(name) for name in names))
    return People(tuple(found[:3]), *found[3:7]), found[7]


async def _messages(
    operator: Caller, platform: stack.Stack, client: httpx.AsyncClient, outcomes: list[Outcome]
) -> Messages:
    """Waits until every SMS of every dossier is settled, then compares with what the phones and the centre hold.

    The last of a dossier says that the result arrived; that of a receipt may come after it, as no result waits for it.
    """
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
        kinds = {(m["id"].partition("/")[0], m["kind"]) for m in texts}
        last = {(o.dossier, "delivered") for o in outcomes} | {(o.dossier, "receipt") for o in outcomes if o.paid}
        return True if last <= kinds and all(m["status"] in SETTLED for m in texts) else None

    if all(outcome.stage == "returned" for outcome in outcomes):
        with suppress(DemoError):
            await wait_for("the settling of every message", settled, patience=SETTLING)
    texts = [m for m in told if m["channel"] == "sms"]
    phones = (await client.get(platform.url("phone") + "/phone/messages")).json()
    submissions = (await client.get(platform.url("phone") + "/submissions")).json()
    seen = Counter((s["to"], s["text"], s["sequence"]) for s in submissions)
    return Messages(texts, phones, sum(n - 1 for n in seen.values()))


def _good(outcomes: list[Outcome], messages: Messages) -> bool:
    unsettled = sum(n for status, n in messages.by_status.items() if status not in WELL)
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
        "sms_without_receipt": messages.by_status["sent"],
        "sms_unknown": messages.by_status["unknown"],
        "sms_no_longer_true": messages.by_status["suppressed"],
        "sms_twice": messages.twice,
        "by_way": {way: ways[way] for way in ("online", "post", "in_person")},
        "seconds": round(seconds, 1),
    }
