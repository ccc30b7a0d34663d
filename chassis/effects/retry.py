"""When to try again what was certainly not executed. Pure: the jitter, a number from 0 to 1, is handed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST: Final = 0.2
LONGEST: Final = 60.0
LONGEST_ASKED: Final = 3_600.0
_DOUBLINGS: Final = 20

Jitter = Callable[[], float]


def delay(attempts: int, jitter: Jitter, after: float | None = None) -> float:
    """Seconds until the next attempt: exponential back-off with full jitter, from nothing to 60 s.

    What the partner asked for (`after`, seconds; an hour is believed at most) is waited first, the jitter comes on
    top, so that all who were sent away do not come back at once.
    """
    ceiling = min(LONGEST, FIRST * 2.0 ** min(max(attempts, 0), _DOUBLINGS))
    asked = min(max(after or 0.0, 0.0), LONGEST_ASKED)
    return asked + jitter() * ceiling
