"""The circuit breaker against a naive oracle, and when to try again."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.effects.circuit import Circuit, Circuits, Pass, Trip, Verdict
from chassis.effects.retry import FIRST, LONGEST, LONGEST_ASKED, delay

VERDICTS: st.SearchStrategy[Verdict] = st.sampled_from(["answered", "failed", "none"])


class Breaker(RuleBasedStateMachine):
    """The oracle keeps the whole history of the present state and reads everything from it."""

    @initialize(window=st.integers(1, 6), data=st.data(), half=st.sampled_from([0.0, 0.5, 1.0]))
    def begin(self, window: int, data: st.DataObject, half: float) -> None:
        self.trip = Trip(window, data.draw(st.integers(1, window)), first=1.0, longest=4.0)
        self.circuit = Circuit(self.trip, lambda: half)
        self.half = half
        self.now = 0.0
        self.history: list[Verdict] = []
        self.until: float | None = None
        self.in_a_row = 0
        self.current: list[Pass] = []
        self.stale: list[Pass] = []

    @rule(halves=st.integers(0, 4))
    def pass_time(self, halves: int) -> None:
        self.now += halves / 2

    @rule()
    def admit(self) -> None:
        allowed = self.until is None or (self.now >= self.until and not self.current)
        given = self.circuit.admit(self.now)
        assert (given is not None) == allowed
        if given is not None:
            self.current.append(given)

    @precondition(lambda self: self.current)
    @rule(verdict=VERDICTS, data=st.data())
    def report(self, verdict: Verdict, data: st.DataObject) -> None:
        given = self.current.pop(data.draw(st.integers(0, len(self.current) - 1)))
        self.circuit.report(given, verdict, self.now)
        if verdict == "none":
            return
        if self.until is not None:
            self.change(opens=verdict == "failed")
            return
        self.history.append(verdict)
        if self.history[-self.trip.window :].count("failed") >= self.trip.failures:
            self.change(opens=True)

    @precondition(lambda self: self.stale)
    @rule(verdict=VERDICTS, data=st.data())
    def report_too_late(self, verdict: Verdict, data: st.DataObject) -> None:
        given = self.stale.pop(data.draw(st.integers(0, len(self.stale) - 1)))
        self.circuit.report(given, verdict, self.now)

    def change(self, *, opens: bool) -> None:
        cool_down = min(4.0, 2.0**self.in_a_row)
        self.until = self.now + cool_down * (0.5 + self.half / 2) if opens else None
        self.in_a_row = self.in_a_row + 1 if opens else 0
        self.history.clear()
        self.stale += self.current
        self.current.clear()

    @invariant()
    def state(self) -> None:
        if not hasattr(self, "circuit"):
            return
        expected: Literal["closed", "open", "half_open"] = "closed"
        if self.until is not None:
            expected = "open" if self.now < self.until else "half_open"
        assert self.circuit.state(self.now) == expected
        assert self.circuit.until == self.until
        assert self.circuit.probing == (self.until is not None and bool(self.current))


Breaker.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBreaker = Breaker.TestCase


def test_the_kinds_of_one_partner_share_its_breaker() -> None:
    circuits = Circuits(lambda: 0.0)
    assert circuits.of("post") is circuits.of("post")
    assert circuits.of("post") is not circuits.of("vnpay")


@given(attempts=st.integers(0, 10_000), jitter=st.floats(0, 1), after=st.none() | st.floats(-5, 1e9))
def test_a_retry_waits_what_was_asked_and_a_bounded_jitter(attempts: int, jitter: float, after: float | None) -> None:
    waits = delay(attempts, lambda: jitter, after)
    asked = min(max(after or 0.0, 0.0), LONGEST_ASKED)
    assert asked <= waits <= asked + LONGEST


@pytest.mark.parametrize(("attempts", "ceiling"), [(0, FIRST), (1, 2 * FIRST), (3, 8 * FIRST), (50, LONGEST)])
def test_the_ceiling_of_the_jitter_doubles(attempts: int, ceiling: float) -> None:
    assert delay(attempts, lambda: 1.0) == ceiling
    assert delay(attempts, lambda: 0.0) == 0.0
