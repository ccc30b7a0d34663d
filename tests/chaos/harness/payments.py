"""Payments under chaos: ``python -m tests.chaos.harness --work payments``.

Payers pay at the gateway, some twice, some after they withdrew, some at the second try, some under suspicion; officers
ask for refunds and approve them; meanwhile processes die and freeze and the gateway loses, doubles, delays and forges
its notices. Then the gateway's books, the payment stream and the ledger are held against each other and the plan.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

import httpx
from confluent_kafka import KafkaException
from pymongo.errors import PyMongoError
from rich.console import Console

from bench.payment.world import PARTNERS, SERVICES, World, world
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from tests.chaos.harness import ledgers, witness
from tests.chaos.harness.driver import ATTEMPT, Either
from tests.chaos.harness.payers import Payers, approve, plan
from tests.chaos.harness.run import to_its_end
from tests.chaos.harness.schedule import Stroke, schedule
from tests.chaos.harness.strokes import Strokes

HIT: Final = ("payment", "kafka", "store", "payment_gateway", "identity")
UNSEEN: Final = 60.0
LEDGER: Final = 120.0
"""Seconds for the books of a day: ten thousand invoices are read."""
TROUBLE_EVERY: Final = 4.0
TROUBLES: Final[Sequence[Mapping[str, int]]] = (
    {"duplicate_ipn_next": 20},
    {"late_ipn_next": 20, "late_ms": 4_000},
    {"lose_ipn_next": 10},
    {"ipn_wrong_signature_next": 5},
    {"ipn_wrong_amount_next": 3},
    {"query_error_next": 10, "duplicate_ipn_next": 5},
    {"refund_lost_next": 3},
    {"refund_reject_next": 2},
    {"latency_ms": 300, "late_ipn_next": 5, "late_ms": 2_000},
)


@dataclass(frozen=True)
class Job:
    """`count` payments begin evenly over `minutes`, or as fast as the machine is.

    `drain`: seconds, at most, that one waits for an answer, and until all is accounted for after the last.
    """

    minutes: float
    seed: int
    count: int
    drain: float
    replicas: int = 2
    keep: bool = False

    @property
    def seconds(self) -> float:
        """How long payments are to begin; strokes fall no longer."""
        return self.minutes * 60


def strokes_of(seed: int, seconds: float) -> list[Stroke]:
    """Kills and freezes of what payment needs, and the gateway's faults."""
    hits = [s for s in schedule(seed, seconds, kinds=HIT, kills_per_minute=6) if s.action != "trouble"]
    rng = random.Random(seed)  # noqa: S311 - as above
    times = [n * TROUBLE_EVERY + rng.uniform(0, TROUBLE_EVERY) for n in range(int(seconds / TROUBLE_EVERY))]
    troubles = [Stroke(at, "trouble", "gateway", faults=rng.choice(TROUBLES)) for at in times]
    return sorted([*hits, *troubles], key=lambda stroke: stroke.at)


@dataclass(frozen=True)
class _Scene:
    """A run while it lasts."""

    store_url: str
    place: World
    payers: Payers
    strokes: Strokes
    log: witness.Log

    async def history(self) -> ledgers.History:
        """What was planned and what happened so far, as the verdict wants it."""
        await self.log.read()
        gateway = self.place.stack.url("gateway")
        found = await self.place.client.get(f"{gateway}/control/transactions", timeout=LEDGER)
        charges = found.raise_for_status().json()
        books: Counter[str] = Counter()
        for day in sorted({ledgers.day_of(charge["paid_at"]) for charge in charges if charge["paid_at"]}):
            answer = await self.place.ask("accountant1", "GET", f"/ledger?day={day}", patience=LEDGER)
            books.update(answer.raise_for_status().json()["balances"])
        return {
            "planned": [asdict(one) for one in self.payers.planned],
            "charges": charges,
            "records": [r for r in self.log.records if r["topic"].endswith((".events.v1", ".deadletter.v1"))],
            "books": dict(books),
            "left": await witness.left(self.store_url),
            "kills": sum(stroke["action"] == "kill" for stroke in self.strokes.done),
        }


class Run:
    """One run; its directory stays when it is red."""

    def __init__(self, job: Job, console: Console) -> None:
        self._job = job
        self._console = console
        self._path = RUNS / f"chaos-{os.getpid()}"

    async def run(self) -> bool:
        """True if the verdict is good. The last line on standard output is the summary."""
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers die here, that is the purpose
        return await to_its_end(self._whole())

    async def _whole(self) -> bool:
        job = self._job
        async with Backbone(self._path, keep=True) as backbone:
            running = await stack.start(backbone, replicas=job.replicas, services=SERVICES, partners=PARTNERS)
            ports = tuple(running.ports[name] for name in stack.replica_names("payment", job.replicas))
            transport = Either({running.ports["payment"]: ports})
            async with world(backbone, running, transport=transport, patience=ATTEMPT) as place:
                found = await self._work(backbone, place)
            verdict = ledgers.judge(found)
            backbone.keep = job.keep or not verdict.good
            if backbone.keep:
                (self._path / "logs" / "history.json").write_text(json.dumps(found))
        for line in verdict.unexplained[:20]:
            self._console.print(f"[red]unexplained[/]: {line}", soft_wrap=True)
        print(json.dumps({**verdict.summary(), "seed": job.seed}), flush=True)  # noqa: T201 - for programs
        return verdict.good

    async def _work(self, backbone: Backbone, place: World) -> ledgers.History:
        job = self._job
        payers = Payers(place, job.drain, plan(job.seed, job.count))
        async with httpx.AsyncClient(timeout=ATTEMPT, trust_env=False) as client:  # not in a queue behind the payers
            strokes = Strokes(
                backbone, place.stack, job.replicas, client, lambda text: self._console.print(f"  {text}")
            )
            scene = _Scene(backbone.store_url, place, payers, strokes, witness.Log(backbone.kafka))
            flow = asyncio.create_task(payers.run(job.seconds))
            approving = asyncio.create_task(approve(place))
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(job.seconds):
                        await strokes.run(strokes_of(job.seed, job.seconds))
                await strokes.end()
                self._console.print(f"  calm from now on; {len(strokes.done)} kills and freezes")
                await flow
                return await self._settled(scene, time.monotonic() + job.drain)
            finally:
                for task in (flow, approving):
                    task.cancel()
                await asyncio.gather(flow, approving, return_exceptions=True)
                scene.log.close()

    async def _settled(self, scene: _Scene, until: float) -> ledgers.History:
        """Looks until everything is accounted for, or the time is over."""
        while True:
            try:
                found = await scene.history()
            except (KafkaException, PyMongoError, httpx.HTTPError) as error:
                self._console.print(f"  not yet: {type(error).__name__}: {error}", markup=False)
                if time.monotonic() > until + UNSEEN:
                    raise TimeoutError("the platform cannot be looked at") from error
            else:
                if ledgers.judge(found).good or time.monotonic() > until:
                    return found
            await asyncio.sleep(2)
