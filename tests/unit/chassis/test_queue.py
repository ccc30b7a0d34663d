"""The fair queue against a naive oracle: turns, concurrency, rate, and what waited too long."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.effects.queue import FairQueue, Limit

DOSSIERS = st.sampled_from("abcde")
RATES = st.sampled_from([None, 0.5, 2.0])
"""Powers of two, so that instants are exact."""


class Turns(RuleBasedStateMachine):
    """`waiting`: (dossier, number, latest) in the order of arrival; `turns`: dossiers, the next one first."""

    @initialize(concurrency=st.integers(1, 4), rate=RATES, burst=st.integers(1, 3))
    def begin(self, concurrency: int, rate: float | None, burst: int) -> None:
        self.limit = Limit(concurrency, rate, burst)
        self.queue: FairQueue[tuple[str, int]] = FairQueue(self.limit)
        self.now = 0.0
        self.number = 0
        self.waiting: list[tuple[str, int, float]] = []
        self.turns: list[str] = []
        self.taken: list[float] = []
        self.running = 0

    @rule(dossier=DOSSIERS, patience=st.integers(0, 12), copies=st.integers(1, 4))
    def add(self, dossier: str, patience: int, copies: int) -> None:
        for _ in range(copies):
            self.number += 1
            self.queue.add(dossier, (dossier, self.number), now=self.now, latest=self.now + patience / 2)
            self.waiting.append((dossier, self.number, self.now + patience / 2))
            if dossier not in self.turns:
                self.turns.append(dossier)

    @rule(quarters=st.integers(0, 12))
    def pass_time(self, quarters: int) -> None:
        self.now += quarters / 4

    @rule()
    def wait_until_something_changes(self) -> None:
        """Between now and `next_at` nothing changes; it is what the driver sleeps for."""
        at = self.queue.next_at()
        if at is None or at <= self.now:
            return
        before = (self.may_take(), self.late(self.now))
        self.now = (self.now + at) / 2
        assert (self.may_take(), self.late(self.now)) == before
        self.now = at

    @rule()
    def overdue(self) -> None:
        expected = self.late(self.now)
        assert sorted(self.queue.overdue(self.now)) == sorted(expected)
        self.waiting = [w for w in self.waiting if w[:2] not in expected]
        self.turns = [d for d in self.turns if any(w[0] == d for w in self.waiting)]

    @precondition(lambda self: not self.late(self.now))
    @rule()
    def take(self) -> None:
        assert self.queue.ready(self.now) == self.may_take()
        if not self.may_take():
            return
        dossier = self.turns.pop(0)
        expected = next(w for w in self.waiting if w[0] == dossier)
        assert self.queue.take(self.now) == expected[:2]
        self.waiting.remove(expected)
        if any(w[0] == dossier for w in self.waiting):
            self.turns.append(dossier)
        self.taken.append(self.now)
        self.running += 1

    @precondition(lambda self: self.running > 0)
    @rule(took=st.integers(0, 8))
    def done(self, took: int) -> None:
        self.queue.done(float(took))
        self.running -= 1

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "queue"):
            assert len(self.queue) == len(self.waiting)
            assert self.queue.running == self.running <= self.limit.concurrency
            assert self.queue.interval >= 0

    def late(self, now: float) -> list[tuple[str, int]]:
        return [w[:2] for w in self.waiting if w[2] <= now]

    def may_take(self) -> bool:
        """Every span that ends now, counted by hand."""
        rate, burst = self.limit.rate, self.limit.burst
        paced = rate is None or all(
            len(self.taken) - i + 1 <= burst + (self.now - at) * rate for i, at in enumerate(self.taken)
        )
        return bool(self.waiting) and self.running < self.limit.concurrency and paced


Turns.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestTurns = Turns.TestCase


def test_a_dossier_with_a_thousand_effects_starves_nobody() -> None:
    queue: FairQueue[str] = FairQueue(Limit(concurrency=2_000))
    for _ in range(1_000):
        queue.add("big", "big", now=0, latest=100)
    for n in range(50):
        queue.add(f"small{n}", f"small{n}", now=0, latest=100)
    first = [queue.take(1) for _ in range(51)]
    assert first.count("big") == 1
    assert len(set(first)) == 51


def test_the_pace_is_what_the_rate_allows_or_what_the_calls_take() -> None:
    queue: FairQueue[str] = FairQueue(Limit(concurrency=2, rate=4.0))
    assert queue.interval == 0.25

    def ends(took: float) -> float:
        queue.add("a", "a", now=0, latest=9)
        queue.take(0)
        queue.done(took)
        return queue.interval

    assert [ends(took) for took in (8.0, 8.0, 2.0)] == pytest.approx([4.0, 4.0, 3.0])
    calm = [ends(1.0) for _ in range(500)][-1]
    hasty = [ends(10.0) for _ in range(10)][-1]  # ten run into their time-out
    assert hasty < 3 * calm


def test_the_oldest_is_the_one_that_waits_longest() -> None:
    queue: FairQueue[str] = FairQueue(Limit())
    assert queue.oldest(5) == 0
    queue.add("a", "1", now=1, latest=100)
    queue.add("b", "2", now=3, latest=100)
    assert queue.oldest(5) == 4
    queue.take(5)
    assert queue.oldest(5) == 2
