"""The choice among providers on a virtual clock: weights move with trouble and drift back."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.balance import FLOOR, PROBE, TRIPS, Balance, Report


def simulate(balance: Balance, begin: float, end: float, word: dict[str, Report], rate: float = 5.0) -> Counter[str]:
    """Messages at a steady rate; one that errs at the first provider goes by the next at once."""
    sent: Counter[str] = Counter()
    for number in range(int((end - begin) * rate)):
        now = begin + number / rate
        for name in balance.order(now):
            balance.begin(name, now)
            balance.report(name, word[name], now)
            if word[name] != "error":
                sent[name] += 1
                break
        else:
            sent["nobody"] += 1
    return sent


def test_without_trouble_the_shares_are_those_configured() -> None:
    sent = simulate(Balance({"a": 3.0, "b": 1.0}), 0, 400, {"a": "ok", "b": "ok"})
    assert (sent["a"], sent["b"]) == (1500, 500)


def test_a_black_out_takes_nothing_with_it_and_the_weight_comes_back() -> None:
    balance = Balance({"a": 1.0, "b": 1.0})
    dark = simulate(balance, 0, 120, {"a": "error", "b": "ok"})
    assert dark == Counter(b=600)
    assert balance.blocked_until("a") > 115
    simulate(balance, 120, 200, {"a": "ok", "b": "ok"})
    later = simulate(balance, 600, 700, {"a": "ok", "b": "ok"})
    assert balance.weight("a", 700) == 1.0
    assert later["a"] == later["b"] == 250


def test_a_slow_provider_loses_weight_step_by_step_and_wins_it_back() -> None:
    balance = Balance({"a": 1.0, "b": 1.0})
    weights = []
    for at in range(0, 60, 10):
        simulate(balance, at, at + 10, {"a": "slow", "b": "ok"})
        weights.append(balance.weight("a", at + 10))
    assert weights[0] == 0.5
    assert all(FLOOR <= weight < 0.3 for weight in weights[1:])
    assert simulate(balance, 60, 70, {"a": "ok", "b": "ok"})["b"] > 25
    assert balance.weight("a", 400) == 1.0


def test_many_that_fail_at_once_make_one_short_pause() -> None:
    balance = Balance({"a": 1.0})
    for _ in range(100):
        balance.report("a", "error", 5.0)
    assert balance.blocked_until("a") == 6.0
    assert balance.order(6.0) == ["a"]
    balance.report("a", "ok", 6.0)
    balance.report("a", "error", 6.0)
    assert balance.order(6.0) == ["a"]


def test_after_a_pause_one_message_at_a_time_tries_it() -> None:
    balance = Balance({"a": 1.0, "b": 1.0})
    for _ in range(TRIPS):
        balance.report("a", "error", 0.0)
    assert balance.order(0.5) == ["b"]
    assert "a" in balance.order(1.0)
    balance.begin("a", 1.0)
    assert balance.order(1.0 + PROBE / 2) == ["b"]
    balance.report("a", "error", 5.0)
    assert balance.order(6.9) == ["b"]
    assert "a" in balance.order(7.0)
    balance.begin("a", 7.0)
    assert "a" in balance.order(7.0 + PROBE), "who was to try it never said how it went"
    balance.begin("a", 7.0 + PROBE)
    balance.report("a", "ok", 13.0)
    balance.begin("a", 13.0)
    assert "a" in balance.order(13.0)


def test_a_breaker_pauses_longer_each_time() -> None:
    balance = Balance({"a": 1.0})
    tried = []
    now = 0.0
    while now < 130:
        if balance.order(now):
            tried.append(now)
            balance.report("a", "error", now)
        now += 0.5
    gaps = [round(later - earlier) for earlier, later in pairwise(tried[3:])]
    assert gaps[:6] == [2, 4, 8, 15, 15, 15]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["ok", "slow", "error"]), st.floats(0, 30)), max_size=80)
)
def test_weights_stay_within_bounds_and_who_is_chosen_is_not_blocked(steps: list[tuple[str, Report, float]]) -> None:
    balance, now = Balance({"a": 2.0, "b": 1.0}), 0.0
    for name, word, passed in steps:
        now += passed
        balance.report(name, word, now)
        for found, most in (("a", 2.0), ("b", 1.0)):
            assert FLOOR * most <= balance.weight(found, now) <= most
        order = balance.order(now)
        assert sorted(order) == sorted(n for n in "ab" if balance.blocked_until(n) <= now)
