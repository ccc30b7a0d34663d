"""How often something was asked for lately, by a number or from an address. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

HOUR: Final = timedelta(hours=1)


def spend(times: Sequence[datetime], most: int, now: datetime) -> tuple[datetime, ...] | None:
    """`times` with one more if there were fewer than `most` in the last hour, else None. What is older is left out.

    What is refused does not count, so the limit itself bounds them.
    """
    lately = tuple(at for at in times if at > now - HOUR)
    return (*lately, now) if len(lately) < most else None
