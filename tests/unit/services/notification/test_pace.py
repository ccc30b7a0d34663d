"""A rate with a burst: never more than it allows in any span, never less."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.pace import KEPT_FREE, LEAST_BURST, Numbers, Pace


@given(st.integers(1, 10), st.floats(0.5, 20), st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_in_any_span_no_more_and_no_fewer_than_allowed(burst: int, rate: float, gaps: list[float]) -> None:
    pace, now, passed = Pace(rate, burst), 0.0, list[float]()
    for gap in gaps:
        now += gap
        wait = pace.wait(now)
        if wait == 0:
            passed.append(now)
            continue
        full = [at for at in passed if at > now - burst / rate]
        assert len(full) >= burst - 1, "it waited although the bucket held a token"
        assert pace.wait(now + wait * 1.000001) == 0
        now += wait * 1.000001
        passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - passed[first]) * rate + 1e-6


def test_what_is_less_urgent_leaves_places_and_loses_no_speed_by_it() -> None:
    pace = Pace(1.0, LEAST_BURST)
    passed = [pace.wait(0.0, KEPT_FREE["information"]) == 0 for _ in range(4)]
    assert passed == [True, True, False, False]
    assert [pace.wait(0.0, KEPT_FREE["action"]) == 0 for _ in range(2)] == [True, False]
    assert [pace.wait(0.0, KEPT_FREE["code"]) == 0 for _ in range(2)] == [True, False]
    alone = Pace(1.0, LEAST_BURST)
    assert sum(alone.wait(at / 10, KEPT_FREE["information"]) == 0 for at in range(1_000)) == 100 + 1


def test_numbers_are_counted_each_for_itself() -> None:
    numbers = Numbers(1.0, 2)
    assert [numbers.wait(n, 0.0) > 0 for n in ("a", "a", "a", "b")] == [False, False, True, False]
    numbers.undo("a")
    numbers.undo("c")
    assert [numbers.wait(n, 0.0) > 0 for n in ("a", "a")] == [False, True]
