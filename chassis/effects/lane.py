"""One kind of effect in one process: its queue and its partner's circuit, put together.

Pure and synchronous like both of them; `now` is handed in, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from chassis.decision import Effect
from chassis.document import PendingEffect
from chassis.effects.circuit import Circuit, Pass, State, Verdict
from chassis.effects.queue import FairQueue, Limit

MARGIN: Final = 1.0
LONGEST_PAUSE: Final = 300.0
PROBE_LOOK: Final = 0.1


@dataclass(eq=False, slots=True)
class Job:
    """An effect whose lease we hold until `lapses`; `handed`: its bytes were about to leave (`Call.check`)."""

    aggregate: str
    pending: PendingEffect
    lapses: float
    trace: str | None
    status: Literal["queued", "sent"] = "queued"
    handed: bool = False


def declared(kind: type[Effect]) -> Limit:
    """The limit a kind of effect declares itself."""
    return Limit(kind.CONCURRENCY, kind.RATE, kind.BURST)


class Lane:
    """Which jobs of one kind may be sent now, and which can no longer be.

    Invariants:
        - A job is given out once, to be sent or to be handed back.
        - It is sent only if its call can end a margin before its lease does, and with a pass of the circuit, if any.
        - What cannot be sent in time, because the queue is long or the circuit open, is handed back before its lease
          lapses: a call's time and the margin remain to record that.
    """

    def __init__(self, kind: type[Effect], limit: Limit, circuit: Circuit | None) -> None:
        """Raises ValueError for a kind whose lease leaves no time for its call."""
        if kind.CALL_TIMEOUT.total_seconds() + MARGIN >= kind.LEASE.total_seconds():
            raise ValueError(f"{kind.TYPE}: LEASE must be over CALL_TIMEOUT and {MARGIN} s")
        self.timeout = kind.CALL_TIMEOUT.total_seconds()
        self.queue: FairQueue[Job] = FairQueue(limit)
        self.circuit = circuit

    def add(self, job: Job, now: float) -> None:
        """A job that waits its turn."""
        self.queue.add(job.aggregate, job, now=now, latest=job.lapses - self.timeout - MARGIN)

    def hand_back(self, now: float, *, everything: bool = False) -> list[tuple[Job, float]]:
        """What cannot be sent in time, each with the seconds it should wait: spread at the pace of the queue."""
        blocked = self._blocked_until(now)
        late = self.queue.overdue(float("inf") if everything else blocked)
        return [
            (job, blocked - now + min(LONGEST_PAUSE, rank * self.queue.interval))
            for rank, job in enumerate(late, len(self.queue))
        ]

    def give_out(self, now: float) -> list[tuple[Job, Pass | None]]:
        """What is to be sent now, after `hand_back`; each is to be `ended`."""
        given: list[tuple[Job, Pass | None]] = []
        while self.queue.ready(now):
            permit = self.circuit.admit(now) if self.circuit is not None else None
            if self.circuit is not None and permit is None:
                break
            job = self.queue.take(now)
            job.status = "sent"
            given.append((job, permit))
        return given

    def ended(self, permit: Pass | None, verdict: Verdict, *, began: float, now: float) -> State | None:
        """A call is over. Returns the circuit's state if this changed it."""
        self.queue.done(now - began)
        if self.circuit is None or permit is None:
            return None
        before = self.circuit.until
        self.circuit.report(permit, verdict, now)
        return None if self.circuit.until == before else self.circuit.state(now)

    def next_at(self, now: float) -> float | None:
        """When time alone changes what may be done. A probe of another lane may end unheard: it is looked for."""
        at = self.queue.next_at()
        if at is None:
            return None
        if self.circuit is not None and self.circuit.probing:
            return max(at, now + PROBE_LOOK)
        return max(at, self._blocked_until(now))

    def _blocked_until(self, now: float) -> float:
        """The end of an open circuit's cool-down, or now."""
        return now if self.circuit is None else max(now, self.circuit.until or now)
