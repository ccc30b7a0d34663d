"""Numbers without holes, whoever dies before he says that he has written his down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.decision import DeadlineDue, Decision, Refused
from chassis.series import (
    CHECK_AFTER,
    MAX_CHECKED,
    MAX_HOLDERS,
    CheckHolders,
    HoldersChecked,
    Series,
    Take,
    check,
    checked,
    take,
)

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
FULL = Series(last=MAX_HOLDERS, holders={f"h{n}": n for n in range(1, MAX_HOLDERS + 1)}, check_at=NOW)


def test_a_full_series_gives_again_once_somebody_is_spoken_for() -> None:
    with pytest.raises(Refused, match="500 numbers wait"):
        take(FULL, Take(holder="new"), NOW)
    assert take(FULL, Take(holder="h7"), NOW).answer == {"number": 7}
    assert take(FULL, Take(holder="new", written=("h1", "stranger")), NOW).answer == {"number": MAX_HOLDERS + 1}


def test_so_many_are_looked_at_together_and_the_others_later() -> None:
    decision = check(FULL, DeadlineDue(), NOW)
    (effect,) = decision.effects
    assert isinstance(effect, CheckHolders)
    assert effect.holders == tuple(FULL.holders)[:MAX_CHECKED]
    left = checked(decision.state, HoldersChecked(written=effect.holders), NOW)
    assert left.state is not None
    assert list(left.state.holders) == list(FULL.holders)[MAX_CHECKED:]
    assert left.due == left.state.check_at == NOW + CHECK_AFTER


def test_a_document_of_the_release_before_is_watched_from_its_next_number_on() -> None:
    decision = take(Series(last=3, holders={"old": 3}), Take(holder="new"), NOW)
    assert decision.due == NOW + CHECK_AFTER


class Life(RuleBasedStateMachine):
    """Holders that ask, write down, and processes that die before they say so; time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.state: Series | None = None
        self.due: datetime | None = None
        self.asking: dict[str, int | None] = {}
        self.has: dict[str, int] = {}
        self.spoken_for: set[str] = set()
        self.check: CheckHolders | None = None

    def _apply(self, decision: Decision[Series]) -> None:
        self.state = decision.state
        if isinstance(decision.due, datetime):
            self.due = decision.due

    @rule()
    def begins(self) -> None:
        self.asking[f"h{len(self.asking) + len(self.has)}"] = None

    @precondition(lambda self: self.asking)
    @rule(data=st.data(), speaks=st.booleans())
    def asks(self, data: st.DataObject, *, speaks: bool) -> None:
        holder = data.draw(st.sampled_from(sorted(self.asking)))
        written = tuple(sorted(self.spoken_for)) if speaks else ()
        decision = take(self.state, Take(holder=holder, written=written), self.now)
        self.spoken_for -= set(written)
        self._apply(decision)
        number = decision.answer["number"]
        assert self.asking[holder] in {None, number}, "a repeat gets the same number"
        self.asking[holder] = number

    @precondition(lambda self: any(number is not None for number in self.asking.values()))
    @rule(data=st.data(), dies=st.booleans())
    def writes_down(self, data: st.DataObject, *, dies: bool) -> None:
        holder = data.draw(st.sampled_from(sorted(h for h, number in self.asking.items() if number is not None)))
        number = self.asking.pop(holder)
        assert number is not None
        self.has[holder] = number
        if dies:
            self.spoken_for.clear()
        else:
            self.spoken_for.add(holder)

    @precondition(lambda self: self.due is not None and self.check is None)
    @rule()
    def time_goes_on(self) -> None:
        assert self.due is not None
        self.now, self.due = max(self.now, self.due), None
        decision = check(self.state, DeadlineDue(), self.now)
        self._apply(decision)
        for effect in decision.effects:
            assert isinstance(effect, CheckHolders)
            self.check = effect

    @precondition(lambda self: self.check is not None)
    @rule()
    def they_are_looked_at(self) -> None:
        assert self.check is not None
        written = tuple(holder for holder in self.check.holders if holder in self.has)
        self.check = None
        self._apply(checked(self.state, HoldersChecked(written=written), self.now))

    @invariant()
    def no_hole_and_none_twice(self) -> None:
        given = [number for number in (*self.has.values(), *self.asking.values()) if number is not None]
        assert sorted(given) == list(range(1, len(given) + 1))

    @invariant()
    def whoever_is_kept_is_going_to_be_looked_at(self) -> None:
        kept = self.state.holders if self.state is not None else {}
        assert not kept or self.due is not None or self.check is not None
        assert all(number is None or holder in kept for holder, number in self.asking.items())

    def teardown(self) -> None:
        """In the end nobody is kept who is not waiting."""
        for _ in range(2):
            if self.check is not None:
                self.they_are_looked_at()
            if self.due is not None:
                self.time_goes_on()
        if self.check is not None:
            self.they_are_looked_at()
        kept = set(self.state.holders) if self.state is not None else set()
        assert kept == {holder for holder, number in self.asking.items() if number is not None}


Life.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
TestLife = Life.TestCase
