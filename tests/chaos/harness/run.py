"""One run: start everything, let dossiers flow while strokes fall, drain, compare."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from confluent_kafka import KafkaException
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.demo.journey import Outcome
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.rundir import sweep
from tests.chaos.harness import statistics, witness
from tests.chaos.harness.driver import Driver, browser
from tests.chaos.harness.oracle import Verdict, judge
from tests.chaos.harness.schedule import KINDS, schedule
from tests.chaos.harness.strokes import Strokes

LOOK_EVERY: Final = 3.0
UNSEEN: Final = 60.0
SHOWN: Final = 15
History = dict[str, list[dict[str, Any]]]


async def to_its_end(work: Coroutine[Any, Any, bool]) -> bool:
    """The result of a run, which a signal cancels, so that its processes end with it; old directories go first."""
    sweep(RUNS, "chaos-*")
    task = asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


@dataclass(frozen=True)
class Job:
    """What was asked for. `rate`: dossiers a second; `drain`: seconds; `modules`: another module for a service."""

    minutes: float
    seed: int
    rate: float = 1.0
    drain: float = 300.0
    brokers: int = 1
    replicas: int = 2
    kinds: tuple[str, ...] = KINDS
    kills_per_minute: float = len(KINDS)
    modules: Mapping[str, str] = field(default_factory=dict)
    keep: bool = False

    @property
    def seconds(self) -> float:
        """How long strokes fall."""
        return self.minutes * 60


@dataclass(frozen=True)
class _Scene:
    """A run while it lasts."""

    backbone: Backbone
    platform: stack.Stack
    client: httpx.AsyncClient
    driver: Driver
    strokes: Strokes
    log: witness.Log

    async def history(self) -> History:
        """What was accepted and what happened so far, as the oracle wants it."""
        await self.log.read()
        books = await witness.books(self.platform, self.client)
        left = await witness.left(self.backbone.store_url)
        accepted = {"facts": self.driver.facts, "strokes": self.strokes.done}
        return {**accepted, "records": self.log.records, **books, "left": left}


class Run:
    """All processes of a run end with it, whatever happens; its directory stays when it is red."""

    def __init__(self, job: Job, console: Console) -> None:
        self._job = job
        self._console = console
        self._path = RUNS / f"chaos-{os.getpid()}"

    async def run(self) -> bool:
        """True if the verdict is good. The last line on standard output is the summary."""
        return await to_its_end(self._whole())

    async def _whole(self) -> bool:
        backbone = Backbone(self._path, keep=True, brokers=self._job.brokers)
        async with backbone:
            platform = await stack.start(backbone, replicas=self._job.replicas, modules=self._job.modules)
            async with browser(platform, self._job.replicas) as client:
                history, verdict = await self._work(backbone, platform, client)
            good = verdict.good and verdict.kills >= int(self._job.minutes * min(10.0, self._job.kills_per_minute))
            backbone.keep = self._job.keep or not good
            if backbone.keep:
                (self._path / "logs" / "history.json").write_text(json.dumps(history))
        if not good:
            self._complain(verdict)
        print(json.dumps(verdict.summary(self._job.seed)), flush=True)  # noqa: T201 - the result, for programs
        return good

    async def _work(
        self, backbone: Backbone, platform: stack.Stack, client: httpx.AsyncClient
    ) -> tuple[History, Verdict]:
        job = self._job
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task("chaos")
            strokes = Strokes(backbone, platform, job.replicas, client, lambda text: progress.print(f"  {text}"))
            driver = Driver(platform, client, patience=job.seconds + job.drain)

            def moved(_outcome: Outcome) -> None:
                stages = Counter("error" if o.error else o.stage for o in driver.outcomes.values())
                told = ", ".join(f"{count} {stage}" for stage, count in sorted(stages.items()))
                progress.update(bar, description=f"{len(strokes.done)} strokes; dossiers: {told}")

            people = await driver.people(backbone)
            log = witness.Log(backbone.kafka)
            scene = _Scene(backbone, platform, client, driver, strokes, log)
            flow = asyncio.create_task(driver.run(people, job.rate, job.seconds, moved))
            plan = schedule(job.seed, job.seconds, kinds=job.kinds, kills_per_minute=job.kills_per_minute)
            try:
                await strokes.run(plan)
                await strokes.end()
                progress.print(f"  drain: at most {job.drain:.0f} s")
                history, verdict = await self._drained(scene)
                verdict.findings["statistics"] = await statistics.differences(platform, client, backbone.kafka)
                return history, verdict
            finally:
                flow.cancel()
                await asyncio.gather(flow, return_exceptions=True)
                log.close()

    async def _drained(self, scene: _Scene) -> tuple[History, Verdict]:
        """Looks again and again until nothing is lost or stuck any more, or the time is over."""
        until = time.monotonic() + self._job.drain
        trouble = "nothing was seen"
        planned = int(self._job.rate * self._job.seconds)
        while True:
            over = time.monotonic() > until
            try:
                history = await scene.history()
            except (KafkaException, PyMongoError, httpx.HTTPError) as error:
                trouble = f"{type(error).__name__}: {error}"
                self._console.print(f"  not yet: {trouble}", markup=False)
            else:
                verdict = judge(history)
                settled = not verdict.findings["lost"] and not verdict.findings["stuck"]
                if over or (settled and verdict.accepted == planned):
                    for outcome in (o for o in scene.driver.outcomes.values() if o.error):
                        verdict.findings["stuck"].append(f"dossier {outcome.dossier or '?'}: {outcome.error}")
                    return history, verdict
            if time.monotonic() > until + UNSEEN:
                raise TimeoutError(f"the platform cannot be looked at: {trouble}")
            await asyncio.sleep(LOOK_EVERY)

    def _complain(self, verdict: Verdict) -> None:
        for name, found in verdict.findings.items():
            for line in found[:SHOWN]:
                self._console.print(f"[red]{name}[/]: {line}", soft_wrap=True)
            if len(found) > SHOWN:
                self._console.print(f"[red]{name}[/]: and {len(found) - SHOWN} more")
        for line in verdict.unexplained[:SHOWN]:
            self._console.print(f"[red]sms_unknown[/], and not in flight at a kill: {line}", soft_wrap=True)
        self._console.print(
            f"logs and history.json are in {self._path / 'logs'}; the same schedule: SEED={self._job.seed}"
        )
