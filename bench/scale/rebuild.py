"""How long a new generation of statistics takes to count a log of a million events, behind the view of the old one."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress

from bench.tracking.site import next_generation, platform
from bench.tracking.stories import STORY, told
from chassis.relay import Publisher
from deploy.local.probes import until
from deploy.local.stack import STATISTICS
from services.tracking.statistics.log import ends
from services.tracking.statistics.verify import compare

WARM_UP: Final = 100
AT_ONCE: Final = 1_000
PATIENCE: Final = 3_600.0
log = Console(stderr=True)


async def rebuild(events: int) -> dict[str, Any]:
    """Seconds from the start of its process until it has counted all, and whether a plain recount gives the same."""
    async with platform(STATISTICS) as bench:
        await bench.through(STATISTICS, WARM_UP)
        supervisor = bench.backbone.supervisor
        supervisor.kill(STATISTICS, signal.SIGTERM)  # a clean end keeps its view
        await supervisor.wait_restarted(STATISTICS, 1, seconds=PATIENCE)
        supervisor.kill(STATISTICS, signal.SIGSTOP)
        await _fill(bench.kafka, events // len(STORY))
        wanted = await ends(bench.kafka)
        began = time.perf_counter()
        process, bench.statistics = next_generation(bench.backbone, bench.running)
        await bench.backbone.start([process])
        await until(lambda: bench.handled(STATISTICS, wanted), PATIENCE)
        seconds = time.perf_counter() - began
        found = await compare(bench.kafka, await bench.cells())
        supervisor.kill(STATISTICS, signal.SIGCONT)
    return {"events": found.records, "seconds": round(seconds, 1), "verify_equal": found.equal}


async def _fill(kafka: str, dossiers: int) -> None:
    publisher = Publisher(kafka, "bench", "2")
    with Progress(console=log) as progress:
        bar = progress.add_task(f"{dossiers * len(STORY):,} events", total=dossiers)
        for first in range(0, dossiers, AT_ONCE):
            some = min(AT_ONCE, dossiers - first)
            records = await asyncio.to_thread(told, some)
            await asyncio.gather(*(publisher.publish(topic, those) for topic, those in records.items()))
            progress.advance(bar, some)
    await publisher.close()
