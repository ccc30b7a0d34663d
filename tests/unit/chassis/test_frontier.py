"""The commit frontier against a naive oracle: every offset below a commit is done, and nothing goes back."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.frontier import Frontier, Ticket

PARTITIONS = ("a", "b", "c")


class FrontierMachine(RuleBasedStateMachine):
    """The oracle forgets nothing: which offsets were handled, by whomever, and what the broker was told."""

    def __init__(self) -> None:
        super().__init__()
        self.frontier: Frontier[str] = Frontier()
        self.handled: dict[str, set[int]] = {p: set() for p in PARTITIONS}
        self.committed = dict.fromkeys(PARTITIONS, 0)
        self.next: dict[str, int] = {}
        self.in_hand: list[Ticket[str]] = []
        self.old: list[Ticket[str]] = []
        self.halted: dict[str, int] = {}
        self.leaving: set[str] = set()
        self.left: dict[str, int] = {}

    @rule(partition=st.sampled_from(PARTITIONS))
    def assign(self, partition: str) -> None:
        self._forget(partition)
        self.frontier.assign([partition])
        self.next[partition] = self.committed[partition]

    @rule(partition=st.sampled_from(PARTITIONS), hole=st.integers(0, 2))
    def take(self, partition: str, hole: int) -> None:
        offset = self.next.get(partition, 0) + hole
        ticket = self.frontier.take(partition, offset)
        takes = partition in self.next and partition not in self.halted and partition not in self.leaving
        assert (ticket is not None) == takes
        if ticket is not None:
            self.handled[partition].update(range(self.next[partition], offset))  # holes hold no records
            self.next[partition] = offset + 1
            self.in_hand.append(ticket)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        ticket = self.in_hand.pop(data.draw(st.integers(0, len(self.in_hand) - 1)))
        if self.halted.get(ticket.partition) == ticket.offset:
            self.in_hand.append(ticket)
            return
        self.frontier.done(ticket)
        self.handled[ticket.partition].add(ticket.offset)
        self.old.append(ticket)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.in_hand))
        if ticket.partition not in self.halted:
            self.frontier.stop(ticket)
            self.halted[ticket.partition] = ticket.offset

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.in_hand))
        if self.halted.get(ticket.partition) == ticket.offset:
            return
        self.in_hand.remove(ticket)
        self.frontier.leave(ticket)
        self.left[ticket.partition] = min(ticket.offset, self.left.get(ticket.partition, ticket.offset))
        self.old.append(ticket)
        assert ticket.partition in self.frontier.waiting

    @precondition(lambda self: self.halted)
    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        partition = data.draw(st.sampled_from(sorted(self.halted)))
        unhandled = {t.offset for t in self.in_hand if t.partition == partition}
        lowest = min(unhandled | {self.left.get(partition, min(unhandled))})
        assert self.frontier.restart(partition) == lowest
        self._forget(partition)
        self.next[partition] = lowest

    @precondition(lambda self: self.old)
    @rule(data=st.data())
    def a_late_answer_changes_nothing(self, data: st.DataObject) -> None:
        before = self.frontier.commits()
        self.frontier.done(data.draw(st.sampled_from(self.old)))
        assert self.frontier.commits() == before

    @rule(partition=st.sampled_from(PARTITIONS))
    def drain(self, partition: str) -> None:
        self.frontier.drain([partition])
        if partition in self.next:
            self.leaving.add(partition)
        left = any(t.partition == partition for t in self.in_hand) and partition not in self.halted
        assert self.frontier.drained([partition]) == (not left)

    @rule(partition=st.sampled_from(PARTITIONS))
    def fence(self, partition: str) -> None:
        self.frontier.fence([partition])
        self._forget(partition)
        self.next.pop(partition, None)

    @rule()
    def commit(self) -> None:
        offsets = self.frontier.commits()
        self.frontier.committed(offsets)
        self.committed.update(offsets)
        assert self.frontier.commits() == {}

    @invariant()
    def nothing_unhandled_is_below_a_commit(self) -> None:
        for partition, offset in self.frontier.commits().items():
            assert offset > self.committed[partition] or partition in self.next
            assert set(range(offset)) <= self.handled[partition]

    @invariant()
    def what_is_in_hand_is_counted(self) -> None:
        assert self.frontier.in_hand == len(self.in_hand)

    def _forget(self, partition: str) -> None:
        self.old.extend(t for t in self.in_hand if t.partition == partition)
        self.in_hand = [t for t in self.in_hand if t.partition != partition]
        self.halted.pop(partition, None)
        self.left.pop(partition, None)
        self.leaving.discard(partition)


TestFrontier = FrontierMachine.TestCase
TestFrontier.settings = settings(max_examples=150, stateful_step_count=40)


def test_an_offset_is_taken_once_in_an_epoch() -> None:
    frontier: Frontier[str] = Frontier()
    frontier.assign(["a"])
    assert frontier.take("a", 7) == Ticket("a", 1, 7)
    with pytest.raises(ValueError, match="offset 7 of a was taken before; expected 8 or more"):
        frontier.take("a", 7)


def test_a_slow_record_holds_the_commit_and_not_the_others() -> None:
    frontier: Frontier[str] = Frontier()
    frontier.assign(["a", "b"])
    slow, *_ = [frontier.take("a", n) for n in range(3)]
    quick = frontier.take("b", 0)
    assert slow
    assert quick
    for ticket in (Ticket("a", 1, 1), Ticket("a", 1, 2), quick):
        frontier.done(ticket)
    assert frontier.commits() == {"b": 1}
    frontier.done(slow)
    assert frontier.commits() == {"a": 3, "b": 1}


def test_a_record_that_was_left_holds_the_commit_up_until_its_partition_is_held_anew() -> None:
    frontier: Frontier[str] = Frontier()
    frontier.assign(["a"])
    tickets = [frontier.take("a", n) for n in range(4)]
    for ticket in tickets:
        assert ticket
        frontier.leave(ticket) if ticket.offset == 2 else frontier.done(ticket)
    assert (frontier.commits(), frontier.in_hand, frontier.waiting) == ({"a": 2}, 0, frozenset("a"))
    frontier.assign(["a"])
    for n in (2, 3):
        again = frontier.take("a", n)
        assert again
        frontier.done(again)
    assert (frontier.commits(), frontier.waiting) == ({"a": 4}, frozenset())


def test_a_ticket_of_an_earlier_epoch_does_not_commit_what_was_read_again() -> None:
    frontier: Frontier[str] = Frontier()
    frontier.assign(["a"])
    before = frontier.take("a", 0)
    frontier.assign(["a"])
    again = frontier.take("a", 0)
    assert before
    assert again
    frontier.done(before)
    assert frontier.commits() == {}
    frontier.done(again)
    assert frontier.commits() == {"a": 1}
