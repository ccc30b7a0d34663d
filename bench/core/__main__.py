"""``python -m bench.core``: every contender in turn, three rounds, medians."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress

from bench import process
from bench.core.contender import Said, Task
from bench.core.work import Mix, fill
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone

ROUNDS: Final = 3
PATIENCE: Final = 300.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender on one mix; `count` events give it some seconds of work."""

    name: str
    mix: Mix
    count: int


ENTRIES: Final = (
    Entry("chassis", "hot", 24_000),
    Entry("chassis", "spread", 12_000),
    Entry("faststream", "hot", 1_600),
    Entry("faststream", "spread", 1_500),
    Entry("loop", "hot", 400),
    Entry("raw", "hot", 40_000),
    Entry("store", "hot", 24_000),
    Entry("store", "spread", 12_000),
)


async def run(entry: Entry, backbone: Backbone, label: str, *, scale: float) -> Said:
    """Fills a topic and lets one contender work on it.

    Raises:
        RuntimeError: it failed; the message is what it said.
    """
    topic, out = f"{label}.in", f"{label}.out"
    count = await asyncio.to_thread(fill, backbone.kafka, topic, out, entry.mix, max(400, int(entry.count * scale)))
    task = Task(backbone.kafka, backbone.store_url, topic, out, label.replace(".", "_"), entry.mix, count)
    return Said(**await process.said(f"bench.core.by_{entry.name}", asdict(task), PATIENCE))


def summary(found: dict[tuple[str, Mix], list[Said]]) -> dict[str, Any]:
    """Medians, and the ratios between them."""
    speed = {key: statistics.median(said.per_s for said in runs) for key, runs in found.items()}
    hot = found["chassis", "hot"]
    events = {key: sum(s.per_s * s.seconds for s in runs) for key, runs in found.items()}

    def per_1000(name: str) -> float:
        return round(1000 * sum(s.counts[name] for s in hot) / events["chassis", "hot"], 2)

    return {
        "hot_per_s": round(speed["chassis", "hot"]),
        "spread_per_s": round(speed["chassis", "spread"]),
        "faststream_hot_per_s": round(speed["faststream", "hot"]),
        "faststream_spread_per_s": round(speed["faststream", "spread"]),
        "loop_per_s": round(speed["loop", "hot"]),
        "raw_per_s": round(speed["raw", "hot"]),
        "store_limit_per_s": round(speed["store", "spread"]),
        "store_limit_hot_per_s": round(speed["store", "hot"]),
        "vs_faststream_hot": round(speed["chassis", "hot"] / speed["faststream", "hot"], 2),
        "vs_faststream_spread": round(speed["chassis", "spread"] / speed["faststream", "spread"], 2),
        "spread_vs_store": round(speed["chassis", "spread"] / speed["store", "spread"], 2),
        "hot_vs_raw": round(speed["chassis", "hot"] / speed["raw", "hot"], 2),
        "store_calls_per_1000": per_1000("store"),
        "publishes_per_1000": per_1000("publishes"),
        "commits_per_1000": per_1000("commits"),
        "rss_mb": round(max(s.rss_mb for s in hot)),
    }


async def main(rounds: int, scale: float, only: str | None) -> None:
    """The last line is the summary."""
    console = Console(stderr=True)
    found: dict[tuple[str, Mix], list[Said]] = defaultdict(list)
    entries = [e for e in ENTRIES if only in {None, e.name}]
    run_dir = Path(RUNS) / f"bench-{os.getpid()}"
    async with Backbone(run_dir, keep=False) as backbone:
        with Progress(console=console) as progress:
            bar = progress.add_task("contenders", total=rounds * len(entries))
            for number in range(rounds):
                for entry in entries:
                    label = f"{entry.name}.{entry.mix}.{number}"
                    said = await run(entry, backbone, label, scale=scale)
                    found[entry.name, entry.mix].append(said)
                    progress.advance(bar)
                    console.print(f"{label:24} {said.per_s:9,.0f}/s  {said.cpu_s:5.1f} s CPU  {dict(said.counts)}")
    if only is None:
        print(json.dumps(summary(found)))  # noqa: T201 - the result, for programs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of events")
    parser.add_argument("--only", help="one contender, without the summary")
    given = parser.parse_args()
    asyncio.run(main(given.rounds, given.scale, given.only))
