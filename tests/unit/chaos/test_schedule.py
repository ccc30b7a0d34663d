"""The schedule is a pure function of the seed, and it reaches everything."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from deploy.local.stack import SERVICES as STARTED
from tests.chaos.harness.schedule import FREEZE, KINDS, SERVICES, schedule

seeds = st.integers(0, 2**32)
lengths = st.floats(30, 600)


@given(seeds, lengths)
def test_the_same_seed_gives_the_same_strokes(seed: int, seconds: float) -> None:
    assert schedule(seed, seconds) == schedule(seed, seconds)


def test_another_seed_gives_others() -> None:
    assert len({repr(schedule(seed, 60)) for seed in range(20)}) == 20


@given(seeds)
def test_every_minute_kills_every_kind_of_process_once(seed: int) -> None:
    kills = [stroke for stroke in schedule(seed, 180) if stroke.action == "kill"]
    for minute in range(3):
        turn = Counter(s.target for s in kills[minute * len(KINDS) : (minute + 1) * len(KINDS)])
        assert turn == dict.fromkeys(KINDS, 1)


@given(seeds, lengths)
def test_at_least_ten_kills_a_minute_within_the_time(seed: int, seconds: float) -> None:
    strokes = schedule(seed, seconds)
    assert sum(s.action == "kill" for s in strokes) >= int(seconds / 6)
    assert all(0 <= s.at <= seconds for s in strokes)
    assert list(strokes) == sorted(strokes, key=lambda s: s.at)


@given(seeds)
def test_consumers_are_frozen_past_their_session(seed: int) -> None:
    freezes = [s for s in schedule(seed, 150) if s.action == "freeze"]
    assert {s.target for s in freezes} == set(SERVICES)
    assert all(10 < FREEZE[0] <= s.seconds <= FREEZE[1] for s in freezes)


@given(seeds)
def test_only_the_kinds_asked_for_are_hit(seed: int) -> None:
    strokes = schedule(seed, 120, kinds=("kafka",), kills_per_minute=5)
    assert [(s.action, s.target) for s in strokes] == [("kill", "kafka")] * 10


def test_every_service_that_runs_is_a_kind() -> None:
    assert set(STARTED) == set(SERVICES)
