"""Who watches a dossier without asking again, and how many may: each in a place of its own, for a while.

Invariants:
    - No address has more than `EACH` places, and no more than `ALL` are taken in one replica.
    - A place is given back when its watching ends, however it ends.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from services.portal.asking import Refused, Unavailable

EACH: Final = 20
"""Many share an address: a household, an office, a carrier's network."""
ALL: Final = 500
LONGEST: Final = 600.0
"""Seconds; the browser begins again by itself, and is asked again who it is."""
AGAIN: Final = 5_000
"""Milliseconds until it does."""
Look = Callable[[], Awaitable[Mapping[str, Any] | None]]


def digest(whole: Mapping[str, Any]) -> str:
    """What a timeline is told apart by."""
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:24]


class Live:
    """`every`: seconds between two looks at a dossier; `longest`: seconds that one watching lasts."""

    def __init__(self, every: float, longest: float = LONGEST) -> None:
        self._every = every
        self._longest = longest
        self._taken: Counter[str] = Counter()
        self._over = asyncio.Event()

    def full(self, who: str) -> bool:
        """Whether there is no place for this address."""
        return self._taken[who] >= EACH or self._taken.total() >= ALL

    def close(self) -> None:
        """Ends all of them: the process is about to."""
        self._over.set()

    async def watch(self, who: str, seen: str, look: Look) -> AsyncGenerator[bytes, None]:
        """Server-sent events (HTML Living Standard, 9.2): `changed` whenever the dossier is not as it was `seen`."""
        if self.full(who):
            return
        with self._place(who):
            yield f"retry: {AGAIN}\n\n".encode()
            until = time.monotonic() + self._longest
            while not self._over.is_set() and time.monotonic() < until:
                try:
                    now = await self._looked(look)
                except Refused:
                    return  # not this person's any more: the next attempt is told so
                if now is not None and now != seen:
                    seen = now
                    yield f"id: {now}\nevent: changed\ndata: {now}\n\n".encode()
                else:
                    yield b": still\n\n"  # a proxy ends what says nothing
                await self._pause()

    @staticmethod
    async def _looked(look: Look) -> str | None:
        try:
            whole = await look()
        except Unavailable:
            return None
        return None if whole is None else digest(whole)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._every):
                await self._over.wait()
        except TimeoutError:
            return

    @contextmanager
    def _place(self, who: str) -> Iterator[None]:
        self._taken[who] += 1
        try:
            yield
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]
