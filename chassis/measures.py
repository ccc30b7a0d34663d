"""What a process says of itself when Prometheus asks: made then from what its parts know already.

An event costs an addition to a plain list; no metric object is touched for it.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, get_args

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from chassis.decision import ParkReason
from chassis.telemetry import DEAD_LETTERS, EFFECTS, FAULTS, PUBLISHED
from schemas.topics import CATALOGUES, STREAMS

if TYPE_CHECKING:
    from chassis.consumer import Consumer
    from chassis.guard import Guard
    from chassis.journal import Journal
    from chassis.unit import Unit

BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; what is patient waits up to two of them on purpose (`chassis.mailbox`)."""
RESULTS: Final = ("done", "deferred", "handed_back", "failed", "uncertain", "unknown")
"""What may become of an effect, or of one attempt at it."""
FAULTY: Final = ("engine", "sweep", "http")
_LABELS: Final = [*(str(bound) for bound in BOUNDS), "+Inf"]


class HandlerTimes:
    """Seconds from the mailbox to the durable write, by message and result: both are names of classes, so few."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._totals: dict[tuple[str, str], float] = {}

    def add(self, message: str, result: str, seconds: float) -> None:
        """One delivery that is settled."""
        key = (message, result)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = [0] * len(_LABELS)
            self._totals[key] = 0.0
        counts[bisect_left(BOUNDS, seconds)] += 1
        self._totals[key] += seconds

    def results(self) -> Iterator[tuple[str, str, int]]:
        """(message, result, how many)."""
        for (message, result), counts in self._counts.items():
            yield message, result, sum(counts)

    def histograms(self) -> Mapping[str, tuple[list[tuple[str, float]], float]]:
        """Per message the cumulated buckets and the sum of seconds, whatever the result was."""
        merged: dict[str, list[int]] = {}
        totals: dict[str, float] = {}
        for (message, result), counts in self._counts.items():
            merged[message] = [a + b for a, b in zip(merged.get(message, [0] * len(counts)), counts, strict=True)]
            totals[message] = totals.get(message, 0.0) + self._totals[message, result]
        return {message: (_cumulated(counts), totals[message]) for message, counts in merged.items()}


def _cumulated(counts: Iterable[int]) -> list[tuple[str, float]]:
    total = 0
    return [(label, total := total + count) for label, count in zip(_LABELS, counts, strict=True)]


def zeroes(service: str, units: Iterable[Unit]) -> None:
    """Counters that are alerted on exist from the start: Prometheus sees no increase in what was born above zero."""
    for reason in (*get_args(ParkReason), "unidentifiable"):
        DEAD_LETTERS.labels(reason)
    for unit in units:
        FAULTS.labels(unit.engine.kind.name)
        for effect in unit.engine.kind.effects:
            for result in RESULTS:
                EFFECTS.labels(effect.TYPE, result)
    for where in FAULTY:
        FAULTS.labels(where)
    for stream, topic in STREAMS.items():
        if service in topic.producers:
            for kind in CATALOGUES[stream].types.values():
                PUBLISHED.labels(topic.name, kind.type_name())


class Measures(Collector):
    """The samples of one process of one service."""

    def __init__(
        self, service: str, units: Sequence[Unit], consumer: Consumer, guard: Guard, journal: Journal | None
    ) -> None:
        self._guard = guard
        self._journal = journal
        self._units = units
        self._consumer = consumer
        zeroes(service, units)

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask the parts before they run."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All of them, now."""
        yield from self._handlers()
        yield from self._waiting()
        yield from self._lags()
        yield self._healthy()

    def _handlers(self) -> Iterator[Metric]:
        labels = ["aggregate", "message"]
        counts = CounterMetricFamily("hoso_messages", "Messages, by what became of them", labels=[*labels, "result"])
        seconds = HistogramMetricFamily("hoso_handler_seconds", "From the mailbox to the durable write", labels=labels)
        for unit in self._units:
            name, times = unit.engine.kind.name, unit.engine.times
            for message, result, count in times.results():
                counts.add_metric([name, message, result], count)
            for message, (buckets, total) in times.histograms().items():
                seconds.add_metric([name, message], buckets, total)
        yield counts
        yield seconds

    def _waiting(self) -> Iterator[Metric]:
        outbox = GaugeMetricFamily(
            "hoso_outbox_aggregates", "Aggregates with events Kafka has not acknowledged", labels=["aggregate"]
        )
        oldest = GaugeMetricFamily("hoso_outbox_oldest_seconds", "Age of the oldest such event", labels=["aggregate"])
        late = GaugeMetricFamily(
            "hoso_deadline_late_seconds", "By how much what is longest due is late", labels=["aggregate"]
        )
        behind = GaugeMetricFamily(
            "hoso_aggregates_behind",
            "Aggregates whose state is older than what was published: nothing is done for them",
            labels=["aggregate"],
        )
        journal = GaugeMetricFamily("hoso_journal_waiting", "Writes the journal does not have yet")
        journal.add_metric([], self._journal.waiting if self._journal is not None else 0)
        for unit in self._units:
            name = unit.engine.kind.name
            behind.add_metric([name], len(unit.engine.behind))
            outbox.add_metric([name], unit.relay.waiting)
            oldest.add_metric([name], unit.relay.age(unit.clock()))
            late.add_metric([name], unit.late(time.monotonic()))
        yield from (outbox, oldest, late, behind, journal)

    def _lags(self) -> Iterator[Metric]:
        labels = ["topic", "partition"]
        records = GaugeMetricFamily("hoso_consumer_lag", "Records not yet handled", labels=labels)
        seconds = GaugeMetricFamily("hoso_consumer_lag_seconds", "Age of the oldest of them in hand", labels=labels)
        for lag in self._consumer.lags(time.time()):
            records.add_metric([lag.topic, str(lag.partition)], lag.records)
            seconds.add_metric([lag.topic, str(lag.partition)], lag.seconds)
        stopped = GaugeMetricFamily(
            "hoso_breaker_open", "1: stopped by a run of dead letters, a person must look", labels=["topic"]
        )
        for topic, is_open in self._consumer.breakers().items():
            stopped.add_metric([topic], is_open)
        yield from (records, seconds, stopped)

    def _healthy(self) -> Metric:
        """The parts that make /readyz say no, each by itself."""
        healthy = GaugeMetricFamily("hoso_healthy", "0: this part cannot work now", labels=["part", "aggregate"])
        healthy.add_metric(["consumer", ""], self._consumer.healthy)
        healthy.add_metric(["guard", ""], self._guard.passed.is_set())
        healthy.add_metric(["journal", ""], self._journal is None or self._journal.healthy)
        for unit in self._units:
            name = unit.engine.kind.name
            healthy.add_metric(["relay", name], unit.relay.healthy)
            healthy.add_metric(["engine", name], unit.engine.healthy)
            healthy.add_metric(["schema", name], not unit.engine.unloadable)
        return healthy
