"""What every contender is told, and what it says at its end."""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass, field

from bench.core.work import Mix


@dataclass(frozen=True, slots=True)
class Task:
    """Handle `count` events of `topic` and say theirs to `out`; `database` is empty."""

    bootstrap: str
    store_url: str
    topic: str
    out: str
    database: str
    mix: Mix
    count: int

    @classmethod
    def from_arguments(cls) -> Task:
        """As the parent wrote it into argv."""
        return cls(**json.loads(sys.argv[1]))


@dataclass(slots=True)
class Clock:
    """From the first event in hand to the last one done."""

    began: float = 0.0
    ended: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        """At the first event; later calls change nothing."""
        self.began = self.began or time.perf_counter()

    def stop(self) -> None:
        """After the last commit."""
        self.ended = time.perf_counter()

    def add(self, name: str, n: int = 1) -> None:
        """Counts calls of one kind."""
        self.counts[name] = self.counts.get(name, 0) + n

    def report(self, task: Task) -> None:
        """One JSON object: events per second, calls, peak memory in MB."""
        seconds = self.ended - self.began
        usage = resource.getrusage(resource.RUSAGE_SELF)
        said = Said(task.count / seconds, seconds, dict(self.counts), usage.ru_maxrss / 1024, usage.ru_utime)
        print(json.dumps(asdict(said)))  # noqa: T201 - what the parent reads


@dataclass(frozen=True, slots=True)
class Said:
    """Events per second, seconds, calls by kind, MB of memory at most, seconds of CPU in user mode."""

    per_s: float
    seconds: float
    counts: dict[str, int]
    rss_mb: float
    cpu_s: float
