"""``python -m bench.delivery``: signed documents a second through the service and bare, and latencies of verification.

The floor is a process that does nothing but render and sign the same page twice over, in the same run. The service
does that, and stores, seals, publishes and answers besides. Both have one process that signs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console

from bench.delivery import site
from bench.delivery.floor import WARM_UP, floor
from bench.delivery.site import YOGA, Ways
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from schemas.topics import STREAMS

RATE: Final = 100
log = Console(stderr=True)


async def flow(ways: Ways, documents: int) -> float:
    """Documents a second through the service: from the events of a dossier to `document_stored` on Kafka.

    What is told is made and sealed beforehand: that is the work of another service.
    """
    topic = STREAMS["delivery"].name
    consumer = AIOKafkaConsumer(bootstrap_servers=ways.backbone.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(STREAMS["delivery"].partitions)]
        consumer.assign(parts)
        await consumer.seek_to_end(*parts)
        for part in parts:
            await consumer.position(part)
        told = [await ways.told(YOGA, "online", ways.new()) for _ in range(documents)]
        await asyncio.gather(*(ways.tell(one) for one in told))
        first = last = 0.0
        counted = 0
        while counted < documents:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                stored = sum(dict(r.headers)["ce_type"] == b"delivery.document_stored.v1" for r in records)
                counted += stored
                last = time.perf_counter()
                first = first or last
        return (documents - 1) / (last - first)
    finally:
        await consumer.stop()


async def verify(ways: Ways, codes: Sequence[str], seconds: float) -> list[float]:
    """Latencies in ms of `RATE` verifications a second, open loop: each is sent when its time has come."""
    took: list[float] = []
    loop = asyncio.get_running_loop()

    async def one(code: str, at: float) -> None:
        await asyncio.sleep(max(0.0, at - loop.time()))
        answer = await ways.client.get(f"{ways.url('delivery')}/verification/{code}")
        answer.raise_for_status()
        took.append((loop.time() - at) * 1000)

    began = loop.time() + 0.1
    await asyncio.gather(*(one(codes[n % len(codes)], began + n / RATE) for n in range(int(RATE * seconds))))
    return took


async def run(documents: int, seconds: float) -> dict[str, Any]:
    """All of it, and what to print."""
    async with Backbone(Path(RUNS) / f"bench-{os.getpid()}", keep=False) as backbone, AsyncExitStack() as ends:
        log.print("starting delivery")
        ways = await site.start(backbone, ends)
        warm = [await ways.decided(YOGA, "online") for _ in range(WARM_UP)]
        codes = [(await ways.status(path, "delivered"))["documents"][0]["code"] for path in warm]
        log.print("bare rendering and signing")
        bare = await asyncio.to_thread(_apart, seconds)
        log.print("through the service")
        through = await flow(ways, documents)
        log.print("verification")
        took = await verify(ways, codes, seconds)
    return {
        "signed_pdf_per_s": round(through, 1),
        "pyhanko_floor_per_s": round(bare, 1),
        "vs_floor": round(through / bare, 2),
        "verify_p99_ms": round(statistics.quantiles(took, n=100)[98], 1),
    }


def _apart(seconds: float) -> float:
    """The floor in a process of its own, as the press is one."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(floor, (seconds,))


def main() -> int:
    """One line of JSON; exit 1 where a bound is missed."""
    parser = argparse.ArgumentParser(prog="bench.delivery")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    found = asyncio.run(run(given.documents, given.seconds))
    print(json.dumps(found))  # noqa: T201
    return 0 if found["vs_floor"] >= 0.7 and found["verify_p99_ms"] <= 50 else 1  # noqa: PLR2004 - what is asked


if __name__ == "__main__":
    sys.exit(main())
