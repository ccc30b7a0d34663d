"""When dead letters come one after the other, it is not the letters that are bad."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Final

from chassis.decision import Reason

RUN: Final = 20
WINDOW: Final = 200
SHARE: Final = 0.5
SENDERS: Final[frozenset[Reason]] = frozenset({"unidentifiable", "too_large", "undecodable", "wrong_version"})
"""Reasons that are the sender's fault alone: not counted for a topic that another party writes."""


class Breaker:
    """Opens on a run of dead letters: after a bad release the consumer stops and pages, and fills no dead-letter topic.

    Synchronous, one owner, no clock. One for each topic, so that nobody who may write one topic stops the others.

    Invariants:
        - It opens only on a counted dead letter: after `run` of them in a row with no success between, or when at
          least `share` of the last `window` results were counted dead letters (never before `window` results).
        - A success ends a run; what waits (`gap`, `blocked`) and what is not counted neither ends one nor adds to it.
        - Once open it stays open, whatever comes, until `reset`: a person decides, or the process is started again.
        - At most `window` results are remembered.
    """

    def __init__(
        self, run: int = RUN, window: int = WINDOW, share: float = SHARE, *, uncounted: Collection[Reason] = ()
    ) -> None:
        if not (0 < run <= window and 0 < share <= 1):
            raise ValueError("0 < run <= window and 0 < share <= 1")
        self._limit = run
        self._share = share
        self._uncounted = frozenset(uncounted) | {"gap", "blocked"}
        self._window: deque[bool] = deque(maxlen=window)
        self._dead = 0
        self._run = 0
        self.why: str | None = None
        """Why it is open, for the page; None while it is closed."""

    @property
    def open(self) -> bool:
        """The consumer must take no further record."""
        return self.why is not None

    def record(self, reason: Reason | None) -> bool:
        """Takes the result of one record, in order: None for one that was handled or seen before. Returns `open`."""
        if reason in self._uncounted:
            return self.open
        dead = reason is not None
        if len(self._window) == self._window.maxlen:
            self._dead -= self._window[0]
        self._window.append(dead)
        self._dead += dead
        self._run = self._run + 1 if dead else 0
        if dead and not self.open:
            self.why = self._judged(reason)
        return self.open

    def reset(self) -> None:
        """Closes it and forgets what it has seen."""
        self._window.clear()
        self._dead = self._run = 0
        self.why = None

    def _judged(self, reason: Reason | None) -> str | None:
        if self._run >= self._limit:
            return f"{self._run} dead letters in a row, the last one {reason}"
        full = len(self._window) == self._window.maxlen
        if full and self._dead >= self._share * len(self._window):
            return f"{self._dead} of the last {len(self._window)} records are dead letters, the last one {reason}"
        return None
