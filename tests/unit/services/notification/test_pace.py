"""A rate with a burst: never more than it allows in any span, never less."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.pace import Numbers, Pace


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


def test_numbers_are_counted_each_for_itself() -> None:
    numbers = Numbers(1.0, 2)
    assert [numbers.wait(n, 0.0) > 0 for n in ("a", "a", "a", "b")] == [False, False, True, False]
