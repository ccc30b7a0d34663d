"""How often one address may ask: a bucket for each, refilled evenly. Pure: time is brought.

Invariants:
    - No more than `MOST` addresses are remembered; the one that asked longest ago is forgotten first.
    - Who is forgotten begins with a full bucket, so forgetting never locks anybody out.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final

MOST: Final = 20_000
NETWORK: Final = 64
"""Bits of an IPv6 address that name a household; the rest is its own to change."""


class Buckets:
    """Each holds what is allowed in one minute."""

    def __init__(self, a_minute: int) -> None:
        self._full = float(a_minute)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, now: float) -> bool:
        """Whether one more is allowed at `now`, in seconds of a monotonic clock."""
        left, at = self._left.pop(who, (self._full, now))
        left = min(self._full, left + (now - at) * self._full / 60)
        allowed = left >= 1
        self._left[who] = (left - 1 if allowed else left, now)
        if len(self._left) > MOST:
            self._left.popitem(last=False)
        return allowed


def household(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 one; anything else as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:  # noqa: PLR2004 - the protocol's number
        return address
    return str(ipaddress.ip_network((found, NETWORK), strict=False))
