"""Plain records that nobody will ask for any more are removed, a page at a time.

Invariants:
    - A half of a receipt, and word of a message nobody can tell about, are kept for as long as a carrier tries and
      `LATE` after that: a receipt that comes by then finds its message.
    - A quota is kept for longer than the hour it counts.
    - A record that was changed meanwhile stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from chassis.document import Records
from chassis.store import Store, StoreUnavailable
from chassis.telemetry import logger
from services.notification.domain.quotas import HOUR

LATE: Final = timedelta(days=3)
EVERY: Final = 60.0
REST: Final = 1.0
PAGE: Final = 500
RECORDS: Final = (
    Records("parts", (("at",),)),
    Records("unmatched", (("at",),)),
    Records("doubtful", (("to",), ("until",))),
    Records("asked", (("at",),)),
)
"""The plain records of notification; `unmatched` is emptied by `effects.parts`."""
log = logger(__name__)


class Pruning:
    """`kept`: how long a carrier tries to deliver."""

    def __init__(self, store: Store, clock: Callable[[], datetime], kept: timedelta) -> None:
        self._clock = clock
        self._old = (
            (store.collection("parts"), "at", kept + LATE),
            (store.collection("doubtful"), "until", kept + LATE),
            (store.collection("asked"), "at", 2 * HOUR),
            # What the release before counted in; it means nothing after an hour, and is written by no other.
            (store.collection("quotas"), "at", LATE),
        )

    async def sweep(self) -> bool:
        """Removes a page of each; whether there may be more. Raises StoreUnavailable."""
        now = self._clock()
        found = [await records.prune(field, now - age, PAGE) for records, field, age in self._old]
        return PAGE in found

    async def run(self) -> None:
        """Until cancelled."""
        more = False
        while True:
            await asyncio.sleep(REST if more else EVERY)
            try:
                more = await self.sweep()
            except StoreUnavailable as error:
                log.warning("old records could not be removed yet", error=str(error)[:200])
