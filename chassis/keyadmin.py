"""What an operator does to the keyring while services run: rotation of the master key, erasure of a dossier.

Invariants:
    - A key is re-wrapped by compare-and-set on its wrapped form: neither an erasure nor another rotation is undone.
    - An erased dossier keeps a record without a key, so that nobody makes it another one.
    - A held one is not erased: hold and key are one record, so neither overtakes the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chassis.keyring import COLLECTION, RESTRICTED, Masters
from chassis.store import Store

BATCH: Final = 500
ERASED: Final = "erased"
HELD: Final = "held"
_ROTATABLE: Final = {"wrapped": {"$exists": True}}


@dataclass(frozen=True, slots=True)
class Erasure:
    """Who had a dossier's key deleted, when and why; no personal data."""

    dossier: str
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Who forbade that a dossier be erased (a court, an inspection), when and why; no personal data."""

    dossier: str
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Restriction:
    """Who restricted the processing of a dossier's personal data, when and why; no personal data."""

    dossier: str
    at: datetime
    by: str
    reason: str


class Held(Exception):
    """A legal hold forbids the erasure."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(f"held since {hold.at.isoformat()} by {hold.by}: {hold.reason}")
        self.hold = hold


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

        Raises:
            Held: a legal hold forbids it; nothing was changed.
        """
        record: dict[str, Any] = {"at": erasure.at, "by": erasure.by, "reason": erasure.reason}
        there = {"_id": erasure.dossier}
        await self._keys.insert_missing([{**there, ERASED: record}])
        change = {"$set": {ERASED: record}, "$unset": {"wrapped": "", "master": ""}}
        free = {ERASED: {"$exists": False}, HELD: {"$exists": False}}
        await self._keys.change([({**there, **free}, change)])
        done = await self.erasure(erasure.dossier)
        if done is None and (hold := await self.held(erasure.dossier)) is not None:
            raise Held(hold)
        return done == erasure

    async def hold(self, hold: Hold) -> bool:
        """Forbids the erasure of a dossier that has a key; False if that was erased, or is held already."""
        record = {"at": hold.at, "by": hold.by, "reason": hold.reason}
        free = {"wrapped": {"$exists": True}, HELD: {"$exists": False}}
        return await self._keys.change([({"_id": hold.dossier, **free}, {"$set": {HELD: record}})]) == 1

    async def release(self, dossier: str) -> bool:
        """Ends a hold; False if there is none."""
        there = {"_id": dossier, HELD: {"$exists": True}}
        return await self._keys.change([(there, {"$unset": {HELD: ""}})]) == 1

    async def restrict(self, restriction: Restriction) -> bool:
        """No officer is shown what is sealed of it, within `keyring.KEY_TTL` seconds; False if it was so, or erased."""
        record = {"at": restriction.at, "by": restriction.by, "reason": restriction.reason}
        free = {"wrapped": {"$exists": True}, RESTRICTED: {"$exists": False}}
        return await self._keys.change([({"_id": restriction.dossier, **free}, {"$set": {RESTRICTED: record}})]) == 1

    async def lift(self, dossier: str) -> bool:
        """Ends a restriction; False if there is none."""
        there = {"_id": dossier, RESTRICTED: {"$exists": True}}
        return await self._keys.change([(there, {"$unset": {RESTRICTED: ""}})]) == 1

    async def restricted(self, dossier: str) -> Restriction | None:
        """The restriction of a dossier."""
        found = await self._keys.load([dossier])
        record = found[0].get(RESTRICTED) if found else None
        return None if record is None else Restriction(dossier, **record)

    async def held(self, dossier: str) -> Hold | None:
        """The hold on a dossier."""
        found = await self._keys.load([dossier])
        record = found[0].get(HELD) if found else None
        return None if record is None else Hold(dossier, **record)

    async def erasure(self, dossier: str) -> Erasure | None:
        """The record of a dossier's erasure."""
        found = await self._keys.load([dossier])
        record = found[0].get(ERASED) if found else None
        return None if record is None else Erasure(dossier, **record)
