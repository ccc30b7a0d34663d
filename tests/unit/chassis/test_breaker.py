"""A run of dead letters stops the consumer; hypothesis holds the breaker against counting everything again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.breaker import SENDERS, Breaker
from chassis.decision import Reason

REASONS: list[Reason | None] = [None, None, "bug", "invalid", "gap", "blocked", "unidentifiable"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(REASONS), max_size=80), st.integers(1, 6), st.integers(6, 20), st.floats(0.1, 1.0))
def test_it_opens_when_a_naive_count_says_so_and_never_closes_by_itself(
    results: list[Reason | None], run: int, window: int, share: float
) -> None:
    breaker = Breaker(run, window, share, uncounted={"unidentifiable"})
    counted: list[bool] = []
    expected = False
    for reason in results:
        if reason not in {"gap", "blocked", "unidentifiable"}:
            counted.append(reason is not None)
            last = counted[-window:]
            in_a_row = len(counted) >= run and all(counted[-run:])
            mostly = len(last) == window and sum(last) >= share * window and counted[-1]
            expected = expected or in_a_row or mostly
        assert breaker.record(reason) is expected
        assert (breaker.why is not None) is expected


def test_one_poisoned_dossier_does_not_open_it() -> None:
    breaker = Breaker(run=3)
    for _ in range(50):
        breaker.record("impossible")
        for _ in range(20):
            breaker.record("blocked")
        assert not breaker.record(None)


def test_it_says_why() -> None:
    breaker = Breaker(run=2)
    breaker.record("bug")
    assert breaker.record("bug")
    assert breaker.why == "2 dead letters in a row, the last one bug"
    breaker = Breaker(run=4, window=4, share=0.5)
    for reason in ("bug", None, None):
        breaker.record(reason)
    assert breaker.record("invalid")
    assert breaker.why == "2 of the last 4 records are dead letters, the last one invalid"


def test_what_is_the_sender_s_fault_does_not_stop_a_topic_of_another_party() -> None:
    upstream = Breaker(run=2, uncounted=SENDERS)
    assert not any(upstream.record(reason) for reason in sorted(SENDERS) * 10)
    assert [upstream.record("bug"), upstream.record("bug")] == [False, True]


def test_after_a_reset_it_starts_from_nothing() -> None:
    breaker = Breaker(run=2)
    breaker.record("bug")
    breaker.record("bug")
    breaker.reset()
    assert not breaker.open
    assert [breaker.record("bug"), breaker.record("bug")] == [False, True]


@pytest.mark.parametrize(("run", "window", "share"), [(0, 10, 0.5), (11, 10, 0.5), (5, 10, 0.0), (5, 10, 1.1)])
def test_settings_that_could_never_open_it_are_refused(run: int, window: int, share: float) -> None:
    with pytest.raises(ValueError, match="window"):
        Breaker(run, window, share)
