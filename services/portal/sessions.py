"""Who is signed in: kept here, never in the browser, which has a random name of 256 bits for it.

Invariants:
    - A record is found by the digest of that name and sealed under a key made of it: who reads the store can neither
      act as anybody nor learn who is signed in.
    - A name is made at each sign-in and never taken from a request, so none can be planted before.
    - It ends with the access token it holds, or earlier; what has ended is as if it had never been.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from chassis.document import Records
from chassis.store import Store, StoreUnavailable
from chassis.telemetry import logger
from services.portal.seals import HEADER

RECORDS: Final = (Records("sessions", (("until",),)),)
NAME_BYTES: Final = 32
LONGEST: Final = 100
CITIZEN: Final = "citizen"
DESKS: Final = ("clerk", "specialist", "leader", "registrar", "accountant")
"""Roles of officers that there are pages for."""
EVERY: Final = 60.0
PAGE: Final = 500
log = logger(__name__)


@dataclass(frozen=True)
class Account:
    """A person who signed in. `token`: the access token that the services are asked with; `unit`: of an officer.

    `roles`: what they are let in as. A session of the release before says none, and is a citizen's: no others were.
    """

    sub: str
    name: str
    token: str
    roles: tuple[str, ...] = (CITIZEN,)
    unit: str | None = None

    @property
    def citizen(self) -> bool:
        """May file, and has dossiers of their own."""
        return CITIZEN in self.roles

    @property
    def officer(self) -> bool:
        """Works on the dossiers of others."""
        return not set(self.roles).isdisjoint(DESKS)


class Sessions:
    """`clock`: now, UTC."""

    def __init__(self, store: Store, key: bytes, clock: Callable[[], datetime]) -> None:
        self._records = store.collection("sessions")
        self._key = key
        self._clock = clock

    async def begin(self, account: Account, seconds: int) -> str:
        """The name of a new one. Raises StoreUnavailable."""
        name = secrets.token_urlsafe(NAME_BYTES)
        sealed = jwe.encrypt_compact(HEADER, json.dumps(asdict(account)).encode(), self._seal(name))
        until = self._clock() + timedelta(seconds=seconds)
        await self._records.insert_missing([{"_id": _digest(name), "until": until, "sealed": sealed}])
        return name

    async def find(self, name: str | None) -> Account | None:
        """Who that is, if anybody. Raises StoreUnavailable."""
        if not name or len(name) > LONGEST:
            return None
        found = next(iter(await self._records.load([_digest(name)])), None)
        if found is None or found["until"] <= self._clock():
            return None
        try:
            opened = jwe.decrypt_compact(found["sealed"], self._seal(name), algorithms=list(HEADER.values())).plaintext
        except JoseError:
            return None  # sealed under a portal key that is no longer ours
        kept = json.loads(opened or b"{}")
        return Account(**{**kept, "roles": tuple(kept.get("roles", (CITIZEN,)))})

    async def end(self, name: str | None) -> None:
        """It is no more, wherever its name still is. Raises StoreUnavailable."""
        if name and len(name) <= LONGEST:
            await self._records.remove([_digest(name)])

    async def prune(self) -> None:
        """Removes what has ended, for as long as the process runs."""
        while True:
            try:
                while await self._records.prune("until", self._clock(), PAGE) == PAGE:
                    pass
            except StoreUnavailable as error:
                log.warning("sessions that ended could not be removed", error=repr(error))
            await asyncio.sleep(EVERY)

    def _seal(self, name: str) -> Any:
        return OctKey.import_key(hmac.digest(self._key, f"session {name}".encode(), hashlib.sha256))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
