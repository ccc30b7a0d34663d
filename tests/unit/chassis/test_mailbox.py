"""The mailbox: in order within an aggregate, one batch at a time for it, nobody starved."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.mailbox import Mailbox

AGGREGATES = st.sampled_from("abcde")


class MailboxMachine(RuleBasedStateMachine):
    """Against one list per aggregate."""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox: Mailbox[int] = Mailbox()
        self.waiting: dict[str, list[int]] = {}
        self.held: set[str] = set()
        self.number = 0

    @rule(aggregate=AGGREGATES)
    def put(self, aggregate: str) -> None:
        self.number += 1
        self.mailbox.put(aggregate, self.number)
        self.waiting.setdefault(aggregate, []).append(self.number)

    @rule(limit=st.integers(1, 6))
    def take(self, limit: int) -> None:
        free = {a: items for a, items in self.waiting.items() if items and a not in self.held}
        taken = self.mailbox.take(limit)
        assert sum(map(len, taken.values())) == min(limit, sum(map(len, free.values())))
        for aggregate, items in taken.items():
            assert aggregate not in self.held
            assert items == self.waiting[aggregate][: len(items)]
            del self.waiting[aggregate][: len(items)]
            self.held.add(aggregate)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        aggregate = data.draw(st.sampled_from(sorted(self.held)))
        self.mailbox.release(aggregate)
        self.held.discard(aggregate)

    @invariant()
    def it_knows_whether_there_is_something(self) -> None:
        free = any(items for a, items in self.waiting.items() if a not in self.held)
        assert self.mailbox.ready == free


TestMailbox = MailboxMachine.TestCase
TestMailbox.settings = settings(max_examples=150, stateful_step_count=40)


def test_one_with_more_than_fits_goes_to_the_end() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for n in range(10):
        mailbox.put("busy", n)
    mailbox.put("quiet", 0)
    assert mailbox.take(4) == {"busy": [0, 1, 2, 3]}
    mailbox.release("busy")
    assert mailbox.take(4) == {"quiet": [0], "busy": [4, 5, 6]}
