"""Who asked how often lately, counted over all replicas: plain records, found by a token (HMAC)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from chassis.store import Store
from services.notification.domain.quotas import spend

RACES: Final = 10
"""Who loses so often to others that ask for the same at the same time asks too often."""


class Quotas:
    """One record for each token; an hour after its last change it means nothing (`effects.pruning`)."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._asked = store.collection("asked")
        self._clock = clock

    async def spend(self, token: str, most: int) -> bool:
        """Whether one more is allowed this hour; if so it counts. Raises StoreUnavailable."""
        for _ in range(RACES):
            now = self._clock()
            found = next(iter(await self._asked.load([token])), None)
            times = spend(() if found is None else found["times"], most, now)
            if times is None:
                return False
            record: dict[str, Any] = {"times": list(times), "at": now}
            if found is None:
                if not await self._asked.insert_missing([{"_id": token, "n": 1, **record}]):
                    return True
            elif await self._asked.change(
                [({"_id": token, "n": found["n"]}, {"$set": {**record, "n": found["n"] + 1}})]
            ):
                return True
        return False
