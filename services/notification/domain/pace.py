"""How fast a provider is used, and how often one number is written to. Pure; `now` is handed in, in seconds."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MOST_NUMBERS: Final = 50_000


class Pace:
    """A rate with a burst (GCRA, ITU-T I.371).

    Invariant: in any span of s seconds at most `burst + s * rate` are let through, and no fewer than that allows.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._each = 1 / rate
        self._ahead = (burst - 1) / rate
        self._full_at = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until one more may go; 0 lets it through."""
        early = self._full_at - self._ahead - now
        if early > 0:
            return early
        self._full_at = max(self._full_at, now) + self._each
        return 0.0


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
