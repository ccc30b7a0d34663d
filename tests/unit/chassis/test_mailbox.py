"""The mailbox: in order within an aggregate, one batch at a time for it, nobody starved."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.mailbox import IDLE, Mailbox, Patience

AGGREGATES = st.sampled_from("abcde")


REST = 1.0


class MailboxMachine(RuleBasedStateMachine):
    """Against one list per aggregate, and by the clock: each item with the instant until which it may wait."""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox: Mailbox[int] = Mailbox(REST)
        self.waiting: dict[str, list[tuple[int, Patience]]] = {}
        self.due: dict[str, float] = {}
        self.rests: dict[str, float] = {}
        self.held: set[str] = set()
        self.door: set[str] = set()
        """Free ones with somebody at the door."""
        self.now = 0.0
        self.number = 0

    def until(self, aggregate: str, patience: Patience) -> float:
        rested = max(self.now, self.rests.get(aggregate, 0.0))
        return {Patience.REST: rested, Patience.IDLE: self.now + IDLE}.get(patience, self.now)

    def free(self) -> dict[str, list[tuple[int, Patience]]]:
        """What may be taken: of those that are not held, what can wait no longer."""
        return {
            a: items for a, items in self.waiting.items() if items and a not in self.held and self.due[a] <= self.now
        }

    @rule(aggregate=AGGREGATES, patience=st.sampled_from(Patience))
    def put(self, aggregate: str, patience: Patience) -> None:
        self.number += 1
        self.mailbox.put(aggregate, self.number, patience, self.now)
        items = self.waiting.setdefault(aggregate, [])
        items.append((self.number, patience))
        if aggregate not in self.held:
            until = self.until(aggregate, patience)
            self.due[aggregate] = until if len(items) == 1 else min(until, self.due[aggregate])
            if patience is Patience.DOOR:
                self.door.add(aggregate)

    @rule(tenths=st.integers(1, 25))
    def wait(self, tenths: int) -> None:
        self.now += tenths / 10
        self.mailbox.wake(self.now)

    @rule()
    def hurry(self) -> None:
        self.mailbox.hurry()
        self.due.update({a: min(at, self.now) for a, at in self.due.items() if a not in self.held})

    @rule(limit=st.integers(1, 6), door=st.booleans())
    def take(self, *, limit: int, door: bool) -> None:
        free = {a: items for a, items in self.free().items() if (a in self.door) == door}
        taken = self.mailbox.take(limit, door=door)
        assert sum(map(len, taken.values())) == min(limit, sum(map(len, free.values())))
        for aggregate, items in taken.items():
            assert aggregate not in self.held
            assert items == [n for n, _ in self.waiting[aggregate][: len(items)]]
            del self.waiting[aggregate][: len(items)]
            self.waiting[aggregate] = [(n, Patience.NONE) for n, _ in self.waiting[aggregate]]
            self.held.add(aggregate)
            self.door.discard(aggregate)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        aggregate = data.draw(st.sampled_from(sorted(self.held)))
        self.mailbox.release(aggregate, self.now)
        self.held.discard(aggregate)
        self.rests[aggregate] = self.now + REST
        if items := self.waiting[aggregate]:
            least = min(patience for _, patience in items)
            self.due[aggregate] = self.until(aggregate, least)
            if least is Patience.DOOR:
                self.door.add(aggregate)

    @invariant()
    def it_knows_whether_there_is_something(self) -> None:
        assert self.mailbox.ready() == bool(self.free().keys() - self.door)
        assert self.mailbox.ready(door=True) == bool(self.door)

    @invariant()
    def it_asks_to_be_woken_in_time(self) -> None:
        free = self.free()
        waiting = [self.due[a] for a, items in self.waiting.items() if items and a not in self.held and a not in free]
        at = self.mailbox.next_at
        assert (at is not None) == bool(waiting)
        assert at is None or at <= min(waiting)


TestMailbox = MailboxMachine.TestCase
TestMailbox.settings = settings(max_examples=150, stateful_step_count=40)


def test_one_with_more_than_fits_goes_to_the_end() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for n in range(10):
        mailbox.put("busy", n)
    mailbox.put("quiet", 0)
    assert mailbox.take(4) == {"busy": [0, 1, 2, 3]}
    mailbox.release("busy", 0)
    assert mailbox.take(4) == {"quiet": [0], "busy": [4, 5, 6]}


def test_the_first_of_a_quiet_aggregate_waits_for_nothing_and_what_follows_is_taken_together() -> None:
    mailbox: Mailbox[int] = Mailbox(rest=2)
    mailbox.put("a", 1, Patience.REST, now=5)
    assert mailbox.take(9) == {"a": [1]}
    mailbox.release("a", now=10)
    mailbox.put("a", 2, Patience.REST, now=10)
    mailbox.put("a", 3, Patience.REST, now=11)
    assert (mailbox.ready(), mailbox.next_at) == (False, 12)
    mailbox.wake(12)
    assert mailbox.take(9) == {"a": [2, 3]}


def test_a_command_takes_what_waits_with_it() -> None:
    mailbox: Mailbox[int] = Mailbox(rest=2)
    mailbox.put("a", 1, Patience.IDLE, now=5)
    assert not mailbox.ready()
    mailbox.put("a", 2, now=6)
    assert mailbox.take(9) == {"a": [1, 2]}


def test_who_waits_at_the_door_is_taken_with_what_came_before_and_not_behind_a_backlog() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for n in range(10):
        mailbox.put(f"backlog {n}", n)
    mailbox.put("a", 1)
    mailbox.put("a", 2, Patience.DOOR)
    assert mailbox.take(400, door=True) == {"a": [1, 2]}
    mailbox.put("a", 3, Patience.DOOR)
    assert not mailbox.ready(door=True)
    mailbox.release("a", 0)
    assert mailbox.take(400, door=True) == {"a": [3]}
    assert len(mailbox.take(400)) == 10
