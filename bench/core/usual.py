"""What the usual ways share: three round trips to the store for each event, with the same guarantees."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from bench.core.contender import Clock, Task
from bench.core.work import Ledger, Moved, Noted, decide

UPDATED: Final = "updated"


class Ledgers:
    """Documents with state, inbox position and outbox, one at a time."""

    def __init__(self, task: Task, clock: Clock) -> None:
        self._client: Any = AsyncIOMotorClient(task.store_url, retryWrites=False, tz_aware=True)
        database = self._client.get_database(
            task.database, read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority", j=True)
        )
        self._raw = database["ledgers"]
        self._clock = clock

    async def handle(self, event: Moved, sequence: int) -> list[tuple[int, Noted]]:
        """Loads, decides and writes; returns the events to publish."""
        while True:
            self._clock.add("store")
            found = await self._raw.find_one({"_id": event.dossier_id}) or {"version": 0, "seen": 0, "last": 0}
            pending = [(e["n"], Noted.model_validate(e["data"])) for e in found.get("outbox", [])]
            if sequence <= found["seen"]:
                return pending
            state = Ledger.model_validate(found["state"]) if found["version"] else None
            decision = decide(state, event, datetime.now(UTC))
            said = [(found["last"] + n, e) for n, e in enumerate(decision.events, 1) if isinstance(e, Noted)]
            values = {
                "version": found["version"] + 1,
                "seen": sequence,
                "last": found["last"] + len(said),
                "state": decision.state.dump() if decision.state else None,
            }
            entries = [{"n": n, "data": e.dump()} for n, e in said]
            update = {"$set": values, "$push": {"outbox": {"$each": entries}}}
            self._clock.add("store")
            try:
                await self._raw.update_one({"_id": event.dossier_id, "version": found["version"]}, update, upsert=True)
            except DuplicateKeyError:
                continue
            return [*pending, *said]

    async def clear(self, aggregate: str, n: int) -> None:
        """Takes what Kafka acknowledged out of the outbox."""
        self._clock.add("store")
        await self._raw.update_one({"_id": aggregate}, {"$pull": {"outbox": {"n": {"$lte": n}}}})
