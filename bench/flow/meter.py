"""What the services spent: their own counters, and their CPU time as the kernel counts it."""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

TICKS: Final = os.sysconf("SC_CLK_TCK")
COUNTED: Final = ("hoso_store_calls", "hoso_documents_written", "hoso_events_published")


@dataclass(frozen=True, slots=True)
class Spent:
    """Totals since the processes began: counters by name, CPU seconds by process."""

    counts: Mapping[str, float]
    cpu: Mapping[str, float]

    @property
    def cpu_s(self) -> float:
        """Of all processes together."""
        return sum(self.cpu.values())

    def since(self, before: Spent) -> Spent:
        """What was spent between two readings."""
        return Spent(_less(self.counts, before.counts), _less(self.cpu, before.cpu))


def _less(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0) for name, value in after.items()}


async def read(client: httpx.AsyncClient, metrics: Iterable[str], pids: Mapping[str, int]) -> Spent:
    """Sums the counters at the addresses `metrics`; the CPU time of `pids` by name."""
    counts: dict[str, float] = dict.fromkeys(COUNTED, 0.0)
    for answer in await asyncio.gather(*(client.get(url) for url in metrics)):
        for family in text_string_to_metric_families(answer.raise_for_status().text):
            if family.name in COUNTED:
                counts[family.name] += sum(s.value for s in family.samples if s.name.endswith("_total"))
    return Spent(counts, {name: cpu_seconds(pid) for name, pid in pids.items()})


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def quantile(values: Sequence[float], percent: int) -> float:
    """The value below which `percent` of all lie."""
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)
