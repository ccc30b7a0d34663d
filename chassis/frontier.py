"""How far a consumer may commit: per partition, per epoch. Pure and synchronous; `chassis.consumer` obeys it."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

P = TypeVar("P", bound=Hashable)


class Ticket(NamedTuple, Generic[P]):
    """One record in hand: where it came from, and in which epoch its partition was held then."""

    partition: P
    epoch: int
    offset: int


@dataclass(slots=True)
class _Held:
    """One partition while we hold it. `flying`: offsets in hand, ascending; `done`: those behind a slower one.

    `left`: the lowest offset that was left, which no commit passes.
    """

    epoch: int
    flying: deque[int] = field(default_factory=deque)
    done: set[int] = field(default_factory=set)
    position: int | None = None
    committed: int | None = None
    draining: bool = False
    stopped: bool = False
    left: int | None = None

    @property
    def durable(self) -> int | None:
        return self.position if self.position is None or self.left is None else min(self.position, self.left)


class Frontier(Generic[P]):
    """The partitions this member holds and how far each may be committed.

    Invariants:
        - `commits` never reaches past a record that is not done: everything below was handled, dropped or parked.
        - It never goes back within an epoch, and a ticket of an older epoch changes nothing.
        - A draining or stopped partition gives no tickets; a fenced one is not committed.
        - A stopped partition is committed up to the record that stopped it and no further.
        - A record that was left holds the commits of its partition up until it is held anew; those behind it go on.
        - Memory is bounded by the records in hand.
    """

    def __init__(self) -> None:
        self._held: dict[P, _Held] = {}
        self._epoch = 0
        self.in_hand = 0

    # -- membership ---------------------------------------------------------------------------------------------

    def assign(self, partitions: Iterable[P]) -> None:
        """Begins an epoch for each; what was in hand of one held before is fenced."""
        self._epoch += 1
        for partition in partitions:
            self.fence([partition])
            self._held[partition] = _Held(self._epoch)

    def drain(self, partitions: Iterable[P]) -> None:
        """No more tickets of these: they are about to be taken away."""
        for partition in partitions:
            if partition in self._held:
                self._held[partition].draining = True

    def drained(self, partitions: Iterable[P]) -> bool:
        """Nothing of these is in hand, but for what is behind a stop."""
        return not any(held.flying and not held.stopped for p in partitions if (held := self._held.get(p)) is not None)

    def fence(self, partitions: Iterable[P]) -> None:
        """Forgets these: whatever is still in hand of them counts for nothing."""
        for partition in partitions:
            held = self._held.pop(partition, None)
            if held is not None:
                self.in_hand -= len(held.flying) - len(held.done)

    @property
    def partitions(self) -> frozenset[P]:
        """Those held."""
        return frozenset(self._held)

    @property
    def stopped(self) -> frozenset[P]:
        """Those stopped at a record that cannot be handled now."""
        return frozenset(p for p, held in self._held.items() if held.stopped)

    @property
    def waiting(self) -> frozenset[P]:
        """Those whose position stands still for a reason that is known: stopped, or a record was left."""
        return self.stopped | {p for p, held in self._held.items() if held.left is not None}

    # -- records ------------------------------------------------------------------------------------------------

    def take(self, partition: P, offset: int) -> Ticket[P] | None:
        """A ticket for the next record of a partition, or None if it must not be handled now.

        Raises:
            ValueError: the offset is not above all that were taken in this epoch.
        """
        held = self._held.get(partition)
        if held is None or held.draining or held.stopped:
            return None
        lowest = held.position if not held.flying else held.flying[-1] + 1
        if lowest is not None and offset < lowest:
            raise ValueError(f"offset {offset} of {partition} was taken before; expected {lowest} or more")
        held.flying.append(offset)
        self.in_hand += 1
        return Ticket(partition, held.epoch, offset)

    def done(self, ticket: Ticket[P]) -> None:
        """The record was handled, dropped as seen, or durably parked."""
        held = self._of(ticket)
        if held is None:
            return
        held.done.add(ticket.offset)
        self.in_hand -= 1
        while held.flying and held.flying[0] in held.done:
            offset = held.flying.popleft()
            held.done.discard(offset)
            held.position = offset + 1

    def leave(self, ticket: Ticket[P]) -> None:
        """This process never can handle the record: it is out of hand, and is not committed."""
        held = self._of(ticket)
        if held is not None:
            held.left = ticket.offset if held.left is None else min(held.left, ticket.offset)
            self.done(ticket)

    def stop(self, ticket: Ticket[P]) -> None:
        """The record cannot be handled now: its partition waits, the others go on."""
        held = self._of(ticket)
        if held is not None:
            held.stopped = True

    def restart(self, partition: P) -> int:
        """Begins a new epoch of a stopped partition; returns the offset to read from: the lowest not done."""
        held = self._held[partition]
        self.assign([partition])
        renewed = self._held[partition]
        renewed.position, renewed.committed = held.durable, held.committed
        return held.flying[0] if held.left is None else min(held.flying[0], held.left)

    def _of(self, ticket: Ticket[P]) -> _Held | None:
        held = self._held.get(ticket.partition)
        if held is None or held.epoch != ticket.epoch:
            return None
        finished = ticket.offset in held.done or not held.flying or ticket.offset < held.flying[0]
        return None if finished else held

    # -- commits ------------------------------------------------------------------------------------------------

    def commits(self) -> dict[P, int]:
        """The offsets that may be committed now and are not yet."""
        return {p: h.durable for p, h in self._held.items() if h.durable is not None and h.durable != h.committed}

    def committed(self, offsets: Mapping[P, int]) -> None:
        """The broker has these."""
        for partition, offset in offsets.items():
            held = self._held.get(partition)
            if held is not None:
                held.committed = offset

    def in_hand_of(self, partition: P) -> int:
        """How many records of a partition are in hand."""
        held = self._held[partition]
        return len(held.flying) - len(held.done)

    def position(self, partition: P) -> int | None:
        """The offset after the last record below which all are done; None before the first."""
        return self._held[partition].durable
