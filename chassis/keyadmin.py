"""What an operator does to the keyring while services run: rotation of the master key, erasure of a dossier.

Invariants:
    - A key is re-wrapped by compare-and-set on its wrapped form: neither an erasure nor another rotation is undone.
    - An erased dossier keeps a record without a key, so that nobody makes it another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chassis.keyring import COLLECTION, Masters
from chassis.store import Store

BATCH: Final = 500
ERASED: Final = "erased"
_ROTATABLE: Final = {"wrapped": {"$exists": True}}


@dataclass(frozen=True, slots=True)
class Erasure:
    """Who had a dossier's key deleted, when and why; no personal data."""

    dossier: str
    at: datetime
    by: str
    reason: str


class KeyAdmin:
    """The keyring as its keeper sees it. It needs no key but to rotate."""

    def __init__(self, store: Store) -> None:
        self._keys = store.collection(COLLECTION)

    async def count(self) -> dict[str, int]:
        """How many dossiers' keys each master key wraps, and how many were erased."""
        counts = await self._keys.tally({}, "master")
        return {ERASED if master is None else master: n for master, n in counts.items()}

    async def rotate(
        self, masters: Masters, *, batch: int = BATCH, progress: Callable[[int], None] = lambda _n: None
    ) -> int:
        """Wraps every key by `masters.current`, and returns how many it was. Begun again, it goes on where it stopped.

        `progress` is told how many keys were looked at. Services that still make keys under another master key make it
        necessary to run again: `count` tells.

        Raises:
            MasterMissing: a key is wrapped by a master key that is not among `masters`.
        """
        done, after = 0, ""
        old = {**_ROTATABLE, "master": {"$ne": masters.current}}
        while found := await self._keys.scan(old, after, batch):
            after = found[-1]["_id"]
            writes = [
                (
                    {"_id": record["_id"], "wrapped": record["wrapped"]},
                    {"$set": masters.wrap(record["_id"], masters.unwrap(record))},
                )
                for record in found
            ]
            done += await self._keys.change(writes)
            progress(len(found))
        return done

    async def erase(self, erasure: Erasure) -> bool:
        """Deletes a dossier's key for ever, or the chance of one; False if it was done before: the first record stays.

        Everywhere its personal data is unreadable once the services' copies of the key have expired
        (`keyring.KEY_TTL` seconds).
        """
        record: dict[str, Any] = {"at": erasure.at, "by": erasure.by, "reason": erasure.reason}
        there = {"_id": erasure.dossier}
        await self._keys.insert_missing([{**there, ERASED: record}])
        change = {"$set": {ERASED: record}, "$unset": {"wrapped": "", "master": ""}}
        await self._keys.change([({**there, ERASED: {"$exists": False}}, change)])
        return await self.erasure(erasure.dossier) == erasure

    async def erasure(self, dossier: str) -> Erasure | None:
        """The record of a dossier's erasure."""
        found = await self._keys.load([dossier])
        record = found[0].get(ERASED) if found else None
        return None if record is None else Erasure(dossier, **record)
