"""``python -m bench.payment --rate 100``: VNPAY's notices at a fixed rate, open loop, and how long each waits.

Every notice is the first of its attempt: it is checked, decided, written durably and answered 00. Each tenth is sent
again and must be answered 02. `bare_p99_ms` is what `bench.bare` takes for one read and one write at that rate. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
from rich.console import Console

from bench.bare.side import beside
from bench.flow.meter import cpu_seconds
from bench.payment.world import FEE, PARTNERS, PATIENCE, SERVICES, World, world
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.stack import TMN_CODE
from services.payment.domain import vnpay

WARM_UP: Final = 100
AGAIN_EVERY: Final = 10
WATCHED: Final = ("payment", "store", "kafka")
BEGUN_AT_ONCE: Final = 16
log = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Answered:
    """One notice: the RspCode, seconds until it came, and when."""

    code: str
    seconds: float
    at: float


async def run(rate: float, seconds: float) -> dict[str, Any]:
    """Starts payment, notifies it, and returns the summary."""
    count = max(1, round(rate * seconds))
    async with Backbone(RUNS / f"bench-payment-{os.getpid()}", keep=False) as backbone:
        running = await stack.start(backbone, services=SERVICES, partners=PARTNERS)
        # The driver shares the machine: aiohttp costs a third of what httpx does, and no more when many wait.
        gateway = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=200), timeout=aiohttp.ClientTimeout(PATIENCE)
        )
        async with world(backbone, running) as place, gateway:
            notices = Notices(place, gateway)
            log.print(f"opening {count + WARM_UP} invoices, and an attempt on each")
            attempts = await _attempts(place, count + WARM_UP)
            await notices.send(attempts[:WARM_UP], min(rate, 50.0))
            log.print(f"{rate:g} notices a second for {seconds:g} s")
            pids = {name: backbone.supervisor.pid(name) for name in WATCHED} | {"driver": os.getpid()}
            spent = {name: cpu_seconds(pid) for name, pid in pids.items()}
            began = time.monotonic()
            answers = await notices.send(attempts[WARM_UP:], rate)
            spent = {name: cpu_seconds(pid) - spent[name] for name, pid in pids.items()}
            log.print({name: f"{1000 * used / count:.1f} ms of CPU a payment" for name, used in spent.items()})
            again = await notices.send(attempts[WARM_UP::AGAIN_EVERY], rate)
        bare = await beside(backbone, "hoso_payment", "invoices", count)
        log.print("the same rate at a server that only reads and writes a document")
        limit = await bare.p99("write", rate, seconds)
    return {**summary(rate, began, answers, again), "bare_p99_ms": limit}


async def _attempts(place: World, count: int) -> list[str]:
    dossiers = [str(uuid.uuid4()) for _ in range(count)]
    await place.accepted(dossiers)
    one_at_a_time = asyncio.Semaphore(BEGUN_AT_ONCE)

    async def begun(dossier: str) -> str:
        async with one_at_a_time:
            await place.until(dossier, status="open")
            attempt: str = (await place.begin(dossier))["attempt"]
            return attempt

    return list(await asyncio.gather(*map(begun, dossiers)))


@dataclass(frozen=True, slots=True)
class Notices:
    """What VNPAY's server does."""

    place: World
    session: aiohttp.ClientSession

    async def send(self, attempts: Sequence[str], rate: float) -> list[Answered]:
        """One for each attempt, `rate` a second, whether or not those before were answered."""
        began = time.monotonic()
        tasks = []
        for number, attempt in enumerate(attempts):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            tasks.append(asyncio.create_task(self._one(attempt)))
        return list(await asyncio.gather(*tasks))

    async def _one(self, attempt: str) -> Answered:
        values = {
            "vnp_Amount": str(FEE * 100),
            "vnp_BankCode": "NCB",
            "vnp_OrderInfo": "Phi ho so",
            "vnp_PayDate": vnpay.stamp(datetime.now(UTC)),
            "vnp_ResponseCode": "00",
            "vnp_TmnCode": TMN_CODE,
            "vnp_TransactionNo": str(int(attempt[:12], 16) % 10**15),
            "vnp_TransactionStatus": "00",
            "vnp_TxnRef": attempt,
        }
        signed = {**values, vnpay.HASH: vnpay.sign(values, self.place.secret)}
        sent = time.perf_counter()
        async with self.session.get(self.place.stack.url("payment") + "/payments/vnpay/ipn", params=signed) as answer:
            code: str = (await answer.json())["RspCode"]
        return Answered(code, time.perf_counter() - sent, time.monotonic())


def summary(rate: float, began: float, answers: Sequence[Answered], again: Sequence[Answered]) -> dict[str, Any]:
    """Payments a second, milliseconds by quantile."""
    waited = sorted(1000 * a.seconds for a in answers)
    paid = sum(a.code == "00" for a in answers)
    return {
        "payments_per_s": round(paid / (max(a.at for a in answers) - began), 1),
        "ipn_p99_ms": round(statistics.quantiles(waited, n=100, method="inclusive")[98], 1),
        "ipn_p50_ms": round(statistics.median(waited), 1),
        "asked_per_s": rate,
        "paid": paid,
        "wrong": len(answers) - paid + sum(a.code != "02" for a in again),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=100.0, help="notices a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    result = asyncio.run(run(given.rate, given.seconds))
    print(json.dumps(result))  # noqa: T201 - the result, for programs
    sys.exit(1 if result["wrong"] else 0)
