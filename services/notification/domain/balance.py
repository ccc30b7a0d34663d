"""Which provider a message goes by: weights that move with errors and slowness and drift back. Pure.

Synchronous, owned by one driver; `now` is handed in, in seconds of any clock that does not go back.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

WINDOW: Final = 60.0
ENOUGH: Final = 10
ERRORS: Final = 0.10
SLOW: Final = 0.15
STEP: Final = 10.0
CUT: Final = 0.5
DRIFT: Final = 0.05
"""Of the configured weight, regained in each `STEP` without a cut."""
FLOOR: Final = 0.05
"""A provider is never out of the choice for good: what still goes by it shows when it is well again."""
TRIPS: Final = 3
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 15.0
PROBE: Final = 5.0
"""Seconds the one message that tries a provider after a pause has to be answered; then another may."""
Report = Literal["ok", "slow", "error"]


@dataclass
class _Provider:
    weight: float
    share: float = 1.0
    moved: float = float("-inf")
    credit: float = 0.0
    seen: deque[tuple[float, Report]] = field(default_factory=deque)
    counts: Counter[Report] = field(default_factory=Counter)
    """Of `seen`, by word."""
    failures: int = 0
    blocked: float = float("-inf")
    probing: bool = False


class Balance:
    """The choice among providers.

    Invariants:
        - Over a span without reports each provider that is not blocked is chosen in proportion to its weight.
        - A weight is at least `FLOOR` and at most what was configured; without cuts it comes back.
        - One that failed `TRIPS` times in a row is not chosen until a pause is over, a longer one when it fails again.
          However many messages fail at once, the pause is one step longer. After it one message at a time is a probe.
        - While all are blocked none is chosen.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._providers = {name: _Provider(weight) for name, weight in weights.items()}

    def weight(self, name: str, now: float) -> float:
        """What counts in the choice now."""
        found = self._providers[name]
        return found.weight * self._share(found, now)

    def blocked_until(self, name: str) -> float:
        """When it may be tried again."""
        return self._providers[name].blocked

    def order(self, now: float, besides: Iterable[str] = ()) -> list[str]:
        """Whom to try, in this order: the one whose turn it is (smooth weighted round robin), then by weight."""
        left = set(besides)
        open_now = {n: self.weight(n, now) for n, p in self._providers.items() if p.blocked <= now}
        wanted = {n: w for n, w in open_now.items() if n not in left} or open_now
        if not wanted:
            return []
        for name, weight in wanted.items():
            self._providers[name].credit += weight
        first = max(wanted, key=lambda name: self._providers[name].credit)
        self._providers[first].credit -= sum(wanted.values())
        return [first, *sorted((n for n in wanted if n != first), key=lambda n: -wanted[n])]

    def begin(self, name: str, now: float) -> None:
        """A message is about to go by it: where that is a probe, no other does meanwhile."""
        found = self._providers[name]
        if found.failures >= TRIPS:
            found.blocked, found.probing = now + PROBE, True

    def report(self, name: str, word: Report, now: float) -> None:
        """How a message went by it: `slow` came through late."""
        found = self._providers[name]
        found.seen.append((now, word))
        found.counts[word] += 1
        while found.seen and found.seen[0][0] < now - WINDOW:
            found.counts[found.seen.popleft()[1]] -= 1
        self._trip(found, word, now)
        share = self._share(found, now)
        if self._bad(found) and now - found.moved >= STEP:
            found.share, found.moved = max(FLOOR, share * CUT), now
            found.seen.clear()
            found.counts.clear()

    def _trip(self, found: _Provider, word: Report, now: float) -> None:
        if word != "error":
            found.failures, found.blocked, found.probing = 0, now, False
            return
        if now < found.blocked and not found.probing:
            return  # it was tried before the pause began
        found.probing = False
        found.failures += 1
        if found.failures >= TRIPS:
            pause = FIRST_PAUSE * 2.0 ** min(found.failures - TRIPS, 10)
            found.blocked = now + min(LONGEST_PAUSE, pause)

    @staticmethod
    def _bad(found: _Provider) -> bool:
        total, counts = len(found.seen), found.counts
        return total >= ENOUGH and (counts["error"] > ERRORS * total or counts["slow"] > SLOW * total)

    @staticmethod
    def _share(found: _Provider, now: float) -> float:
        """What was cut comes back with time."""
        steps = max(0.0, (now - found.moved) // STEP) if found.share < 1 else 0.0
        return min(1.0, found.share + DRIFT * steps)
