"""Events, operators and releases in any order, held against a naive oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chassis.decision import Refused
from chassis.delivery import Delivery
from chassis.document import Document
from chassis.parking import SideRecord

from .parking_kit import FOLDER, ID, NOW, POISON, Heard, drop, event, filled, numbers, replay, stored

COUNT = 8


class ParkingMachine(RuleBasedStateMachine):
    """Events come in any order and again; operators replay, drop and fix whenever they like."""

    @initialize(poison=st.sets(st.integers(1, COUNT), max_size=3))
    def start(self, poison: set[int]) -> None:
        POISON.clear()
        POISON.update(poison)
        self.beside: dict[str, SideRecord] = {}
        self.doc: Document[Heard] = Document(ID)
        self.came: set[int] = set()
        self.given_up: set[int] = set()
        self.applied: list[int] = []
        self.seen = 0

    def fold(self, delivery: Delivery) -> Any:
        self.doc = filled(stored(self.doc, self.beside), [delivery], self.beside)
        return FOLDER.fold(self.doc, delivery, NOW)

    def advance(self, giving_up: frozenset[int] = frozenset()) -> None:
        """The oracle: take the next one while there is one, it is no poison, or it is given up."""
        while (following := self.seen + 1) in self.came | giving_up:
            if following in giving_up:
                self.given_up.add(following)
            elif following in POISON:
                return
            else:
                self.applied.append(following)
            self.seen = following

    @rule(n=st.integers(1, COUNT), pad=st.sampled_from([0, 3_000]))
    def an_event_comes(self, n: int, pad: int) -> None:
        tried = n == self.seen + 1
        self.fold(event(n, pad=pad))
        if n > self.seen:
            self.came.add(n)
        if tried:
            self.advance()

    @rule()
    def an_operator_replays(self) -> None:
        self.fold(replay())
        self.advance()

    @rule(asked=st.frozensets(st.integers(1, COUNT), min_size=1, max_size=3), missing=st.booleans())
    def an_operator_drops(self, asked: frozenset[int], missing: bool) -> None:  # noqa: FBT001
        ahead = {n for n in asked if n > self.seen}
        may = bool(ahead) and min(ahead) == self.seen + 1 and (missing or min(ahead) in self.came)
        try:
            self.fold(drop(*asked, missing=missing))
        except Refused:
            assert ahead
            assert not may
        else:
            assert may or not ahead
        if may:
            self.advance(frozenset(n for n in ahead if missing or n in self.came))

    @precondition(lambda _self: bool(POISON))
    @rule(data=st.data())
    def a_release_fixes_one(self, data: st.DataObject) -> None:
        POISON.discard(data.draw(st.sampled_from(sorted(POISON))))

    @invariant()
    def it_is_as_the_oracle_says(self) -> None:
        if not hasattr(self, "doc"):
            return
        assert self.doc.seen.get("said", 0) == self.seen
        assert list(numbers(self.doc)) == self.applied
        assert [p.sequence for p in self.doc.parked] == sorted(n for n in self.came if n > self.seen)
        assert {g.sequence for g in self.doc.given_up} == self.given_up
        for p in self.doc.parked:
            hole = not set(range(self.seen + 1, p.sequence)) <= self.came
            assert (p.reason == "gap") == (hole and p.reason in {"gap", "blocked"})

    def teardown(self) -> None:
        """After all came and all is fixed nothing stays parked, and all but what was given up was handled in order."""
        if not hasattr(self, "doc"):
            return
        POISON.clear()
        for n in range(1, COUNT + 1):
            self.fold(event(n))
        self.fold(replay())
        assert self.doc.parked == []
        assert list(numbers(self.doc)) == [n for n in range(1, COUNT + 1) if n not in self.given_up]


TestParkingAgainstAnOracle = ParkingMachine.TestCase
TestParkingAgainstAnOracle.settings = settings(deadline=None, max_examples=60, stateful_step_count=25)
