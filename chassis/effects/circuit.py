"""A circuit breaker: whether a partner is worth calling. Pure and synchronous; `now` is handed in, in seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, NewType

from chassis.effects.retry import Jitter

State = Literal["closed", "half_open", "open"]
STATES: Final[tuple[State, ...]] = ("closed", "half_open", "open")
Verdict = Literal["answered", "failed", "none"]
"""`answered`: the partner is there, whatever it said. `none`: the call says nothing about the partner."""
Pass = NewType("Pass", int)


@dataclass(frozen=True, slots=True)
class Trip:
    """Opens at `failures` among the last `window` verdicts; cool-downs in seconds."""

    window: int = 10
    failures: int = 5
    first: float = 1.0
    longest: float = 60.0


DEFAULT: Final = Trip()


class Circuit:
    """One partner's breaker, shared by all who call it.

    Invariants:
        - Closed lets every call through, and opens when `trip.failures` of the last `trip.window` verdicts failed.
        - Open lets none through before `until`; from then on it is half-open.
        - Half-open has at most one probe out: answered, it closes with an empty window and the shortest cool-down;
          failed, it opens again for longer; without a verdict, the next call is the probe.
        - The verdict of a call that was let through before the last change of state counts for nothing.
        - The n-th cool-down in a row is between half and the whole of min(longest, first * 2**n).
    """

    def __init__(self, trip: Trip, jitter: Jitter) -> None:
        self._trip = trip
        self._jitter = jitter
        self._verdicts: deque[bool] = deque(maxlen=trip.window)
        self._epoch = 0
        self._opened = 0
        self.probing = False
        self.until: float | None = None

    def state(self, now: float) -> State:
        """Closed, open, or half-open once the cool-down is over."""
        if self.until is None:
            return "closed"
        return "open" if now < self.until else "half_open"

    def admit(self, now: float) -> Pass | None:
        """A pass for one call, to be given back with `report`; None if it may not be made now."""
        state = self.state(now)
        if state == "open" or (state == "half_open" and self.probing):
            return None
        self.probing = state == "half_open"
        return Pass(self._epoch)

    def report(self, given: Pass, verdict: Verdict, now: float) -> None:
        """What the call of this pass showed."""
        if given != self._epoch:
            return
        if self.until is not None:
            self.probing = False
            if verdict == "answered":
                self._close()
            elif verdict == "failed":
                self._open(now)
            return
        if verdict == "none":
            return
        self._verdicts.append(verdict == "failed")
        if sum(self._verdicts) >= self._trip.failures:
            self._open(now)

    def _open(self, now: float) -> None:
        cool_down = min(self._trip.longest, self._trip.first * 2**self._opened)
        self.until = now + cool_down * (0.5 + self._jitter() / 2)
        self._opened = min(self._opened + 1, 30)
        self._changed()

    def _close(self) -> None:
        self.until = None
        self._opened = 0
        self._changed()

    def _changed(self) -> None:
        self._epoch += 1
        self.probing = False
        self._verdicts.clear()


class Circuits:
    """The breakers of one process, by partner's name."""

    def __init__(self, jitter: Jitter, trip: Trip = DEFAULT) -> None:
        self._jitter = jitter
        self._trip = trip
        self._by_partner: dict[str, Circuit] = {}

    def of(self, partner: str) -> Circuit:
        """The one breaker of this partner."""
        if partner not in self._by_partner:
            self._by_partner[partner] = Circuit(self._trip, self._jitter)
        return self._by_partner[partner]
