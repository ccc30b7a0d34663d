"""What the services spent: their own counters, and their CPU time as the kernel counts it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

TICKS: Final = os.sysconf("SC_CLK_TCK")
COUNTED: Final = ("hoso_store_calls", "hoso_documents_written", "hoso_events_published")


@dataclass(frozen=True, slots=True)
class Spent:
    """Totals since the processes began: counters by name, CPU seconds."""

    counts: Mapping[str, float]
    cpu_s: float

    def since(self, before: Spent) -> Spent:
        """What was spent between two readings."""
        counts = {name: self.counts[name] - before.counts.get(name, 0) for name in self.counts}
        return Spent(counts, self.cpu_s - before.cpu_s)


async def read(client: httpx.AsyncClient, metrics: Iterable[str], pids: Iterable[int]) -> Spent:
    """Sums the counters at the addresses `metrics` and the CPU time of `pids`."""
    counts: dict[str, float] = dict.fromkeys(COUNTED, 0.0)
    for answer in await asyncio.gather(*(client.get(url) for url in metrics)):
        for family in text_string_to_metric_families(answer.raise_for_status().text):
            if family.name in COUNTED:
                counts[family.name] += sum(s.value for s in family.samples if s.name.endswith("_total"))
    return Spent(counts, sum(cpu_seconds(pid) for pid in pids))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
