"""How fast a provider is used, and how often one number is written to. Pure; `now` is handed in, in seconds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, Literal

MOST_NUMBERS: Final = 50_000
LEAST_BURST: Final = 4
Urgency = Literal["code", "action", "information"]
KEPT_FREE: Final[Mapping[Urgency, int]] = {"code": 0, "action": 1, "information": 2}
"""Places of a burst that are left to what is more urgent: so no backlog is ever in front of a one-time code."""


class Pace:
    """A rate with a burst (GCRA, ITU-T I.371).

    Invariant: in any span of s seconds at most `burst + s * rate` are let through, and no fewer than that allows.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._each = 1 / rate
        self._ahead = (burst - 1) / rate
        self._full_at = float("-inf")

    def wait(self, now: float, kept_free: int = 0) -> float:
        """Seconds until one more may go and leave so many places of the burst to others; 0 lets it through."""
        early = self._full_at - self._ahead - now + kept_free * self._each
        if early > 0:
            return early
        self._full_at = max(self._full_at, now) + self._each
        return 0.0

    def undo(self) -> None:
        """One that was let through did not go after all."""
        self._full_at -= self._each


class Numbers:
    """A pace for each number, of those written to lately; the oldest are forgotten."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._paces: OrderedDict[str, Pace] = OrderedDict()

    def wait(self, number: str, now: float) -> float:
        """As `Pace.wait`, for one number."""
        pace = self._paces.pop(number, None) or Pace(self._rate, self._burst)
        self._paces[number] = pace
        if len(self._paces) > MOST_NUMBERS:
            self._paces.popitem(last=False)
        return pace.wait(now)

    def undo(self, number: str) -> None:
        """As `Pace.undo`, for one number."""
        if number in self._paces:
            self._paces[number].undo()
