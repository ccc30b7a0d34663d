"""Keys of dossiers: what seals their personal values, and what erases them for ever when it is deleted.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; the associated data is ``dossier/kind``. Each dossier has a
key of its own, wrapped by a master key, in a database of its own. `keyadmin` rotates and erases.

Invariants:
    - A key is made once, by insert-if-absent; where an erasure is recorded none is ever made again.
    - A key is used for at most `KEY_TTL` seconds of the monotonic clock after its reading began: an erasure holds
      everywhere after that time. What was read later is never replaced by a slower answer to an earlier question.
    - A restriction holds everywhere after that time, too: it is read with the key.
    - At most one read of the keyring a batch, plus one insert when dossiers are new; effects that start together are
      one batch.
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis import readings
from chassis.store import Store, StoreUnavailable
from chassis.telemetry import KEY_READS
from schemas.personal import PREFIX, Personal, Seal

COLLECTION: Final = "keys"
NONCE: Final = 12
KEY_BYTES: Final = 32
CACHED: Final = 10_000
KEY_TTL: Final = 30.0
FIRST_MASTER: Final = "1"
RESTRICTED: Final = "restricted"
"""The field of a key's record that says that processing is restricted."""
GONE: Final = "erased"
"""The body of a token made after the erasure: the text is thrown away, nothing can open it."""


class KeyNeeded(Exception):
    """A value must be sealed and its dossier's key is not at hand: `ensure` it and try again."""

    def __init__(self, dossier: str) -> None:
        super().__init__(dossier)
        self.dossier = dossier


class Unopenable(Exception):
    """The key was erased, or the value was tampered with or belongs to another dossier."""


class Restricted(Exception):
    """Whose data these are had their processing restricted: an officer who only looks is not shown them."""


class MasterMissing(StoreUnavailable):
    """A key is wrapped by a master key this process was not given: trouble that ends, and no erasure."""


@dataclass(frozen=True)
class Masters:
    """The master keys by id, 32 bytes each; new keys are wrapped by `current`. Raises ValueError."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str = FIRST_MASTER

    def __post_init__(self) -> None:
        wrong = [name for name, key in self.keys.items() if len(key) != KEY_BYTES]
        if wrong:
            raise ValueError(f"the master key {wrong[0]!r} must be {KEY_BYTES} bytes")
        if self.current not in self.keys:
            raise ValueError(f"there is no master key {self.current!r}")

    def wrap(self, dossier: str, key: bytes) -> dict[str, Any]:
        """The fields of a key's record."""
        nonce = os.urandom(NONCE)
        wrapped = nonce + AESGCM(self.keys[self.current]).encrypt(nonce, key, dossier.encode())
        return {"wrapped": wrapped, "master": self.current}

    def unwrap(self, record: Mapping[str, Any]) -> bytes:
        """The key of a record.

        Raises:
            MasterMissing: its master key is not among these, or is another one of that id.
        """
        master, wrapped = self.keys.get(record["master"]), bytes(record["wrapped"])
        if master is None:
            raise MasterMissing(f"HOSO_MASTER_KEYS has no master key {record['master']!r}")
        try:
            return AESGCM(master).decrypt(wrapped[:NONCE], wrapped[NONCE:], record["_id"].encode())
        except InvalidTag as error:
            raise MasterMissing(f"master key {record['master']!r} does not open that of {record['_id']}") from error


class Keyring:
    """Seals and opens; `ensure`, `fetch` and `open` are its only I/O, once per batch."""

    def __init__(
        self, store: Store, master: Masters | bytes, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = store.collection(COLLECTION)
        self._masters = master if isinstance(master, Masters) else Masters({FIRST_MASTER: master})
        self._monotonic = monotonic
        self._cache: OrderedDict[str, tuple[float, AESGCM | None]] = OrderedDict()
        """In the order of reading: when that began, and the key, or None of an erased dossier."""
        self._restricted: set[str] = set()
        """Of those that were read."""
        self._asked: set[str] = set()
        self._next: asyncio.Task[dict[str, AESGCM | None]] | None = None

    async def ensure(self, dossiers: Iterable[str], *, new: Collection[str] = ()) -> None:
        """Makes and loads the keys of `dossiers`; the first to insert one wins, and an erased one stays erased.

        Those in `new` have probably none yet: nothing is read of them before the insert.
        """
        wanted = self._unknown(dossiers)
        known = wanted.difference(new)
        missing = sorted(wanted - (await self._load(known)).keys())
        if missing:
            began, made = self._monotonic(), {dossier: secrets.token_bytes(KEY_BYTES) for dossier in missing}
            late = await self._keys.insert_missing([{"_id": d, **self._masters.wrap(d, made[d])} for d in missing])
            for at, dossier in enumerate(missing):
                if at not in late:
                    self._keep(dossier, AESGCM(made[dossier]), began, restricted=False)
            await self._load({missing[at] for at in late})

    async def fetch(self, dossiers: Iterable[str]) -> None:
        """Loads the keys that exist."""
        await self._load(self._unknown(dossiers))

    def sealer(self, dossier: str) -> Seal:
        """Seals values of one dossier; raises KeyNeeded where its key is not at hand."""

        def seal(kind: str, clear: str) -> str:
            key = self._at_hand(dossier, fresh=True)
            if key is None:
                return f"{PREFIX}{kind}:{GONE}"
            nonce = os.urandom(NONCE)
            sealed = nonce + key.encrypt(nonce, clear.encode(), f"{dossier}/{kind}".encode())
            return f"{PREFIX}{kind}:{base64.urlsafe_b64encode(sealed).decode()}"

        return seal

    async def open(self, dossier: str, value: Personal) -> str:
        """The clear text.

        Raises:
            Unopenable: without its key it stays sealed for ever. Once that was erased, no value is given out that is
                still clear in the memory of who wrote it either.
            Restricted: this is for an officer who only looks.
        """
        known = await self._look_up(dossier)
        key = known.get(dossier)
        if key is None and (value.token is not None or dossier in known):
            raise Unopenable(f"dossier {dossier} has no key: its personal data was erased")
        if value.token is None or key is None:
            return value.clear
        kind, _, body = value.token.removeprefix(PREFIX).partition(":")
        self._shown(dossier, kind)
        try:
            raw = base64.urlsafe_b64decode(body)
            clear = key.decrypt(raw[:NONCE], raw[NONCE:], f"{dossier}/{kind}".encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unopenable(
                f"a sealed {kind} of dossier {dossier} was tampered with or is another dossier's"
            ) from error
        readings.opened(dossier, kind)
        return clear

    def encrypt(self, dossier: str, name: str, content: bytes) -> bytes:
        """A file's content under the dossier's key, which must just have been ensured (else: KeyNeeded).

        Raises:
            Unopenable: the dossier's key was erased, and a file nobody can read is not worth storing.
        """
        nonce = os.urandom(NONCE)
        return nonce + self._of_file(dossier).encrypt(nonce, content, f"{dossier}/file/{name}".encode())

    def decrypt(self, dossier: str, name: str, content: bytes) -> bytes:
        """The inverse of `encrypt`; the key must just have been fetched (else: KeyNeeded).

        Raises:
            Unopenable: erased, tampered with, or another dossier's.
            Restricted: this is for an officer who only looks.
        """
        self._shown(dossier, "file")
        try:
            clear = self._of_file(dossier).decrypt(content[:NONCE], content[NONCE:], f"{dossier}/file/{name}".encode())
        except (InvalidTag, ValueError) as error:
            raise Unopenable(f"file {name} of dossier {dossier} was tampered with") from error
        readings.opened(dossier, "file")
        return clear

    def _shown(self, dossier: str, kind: str) -> None:
        if dossier in self._restricted and readings.bounded(kind):
            raise Restricted(dossier)

    def _of_file(self, dossier: str) -> AESGCM:
        key = self._at_hand(dossier, fresh=False)
        if key is None:
            raise Unopenable(f"dossier {dossier} has no key: its personal data was erased")
        return key

    def _at_hand(self, dossier: str, *, fresh: bool) -> AESGCM | None:
        """The key that was read, None of an erased dossier."""
        known = self._cache.get(dossier)
        if known is None or (fresh and self._monotonic() - known[0] >= KEY_TTL):
            raise KeyNeeded(dossier)
        return known[1]

    async def _look_up(self, dossier: str) -> dict[str, AESGCM | None]:
        """What there is of one dossier. Whoever asks in the same turn of the event loop is read together.

        The answer is what was read and not what the cache holds by then: a process that was stopped for long between
        the two would find the key forgotten, and must not take that for an erasure.
        """
        if not self._unknown([dossier]):
            return {dossier: self._cache[dossier][1]}
        self._asked.add(dossier)
        if self._next is None:
            self._next = asyncio.create_task(self._read_asked())
        return await asyncio.shield(self._next)

    async def _read_asked(self) -> dict[str, AESGCM | None]:
        await asyncio.sleep(0)
        asked, self._asked, self._next = self._asked, set(), None
        return await self._load(asked)

    def _unknown(self, dossiers: Iterable[str]) -> set[str]:
        """Those of `dossiers` that must be read; every key past its time is forgotten."""
        past = self._monotonic() - KEY_TTL
        while self._cache and next(iter(self._cache.values()))[0] <= past:
            self._cache.popitem(last=False)
        return {d for d in dossiers if d not in self._cache or self._cache[d][0] <= past}

    def _keep(self, dossier: str, key: AESGCM | None, began: float, *, restricted: bool) -> None:
        if self._cache.get(dossier, (began, None))[0] > began:
            return
        self._cache.pop(dossier, None)
        self._cache[dossier] = (began, key)
        self._restricted.discard(dossier)
        if restricted:
            self._restricted.add(dossier)

    async def _load(self, dossiers: set[str]) -> dict[str, AESGCM | None]:
        """Reads those that have a record: the key, or None of an erased dossier."""
        if not dossiers:
            return {}
        began, records = self._monotonic(), await self._keys.load(sorted(dossiers))
        KEY_READS.inc(len(records))
        found = {r["_id"]: AESGCM(self._masters.unwrap(r)) if "wrapped" in r else None for r in records}
        for record in records:
            self._keep(record["_id"], found[record["_id"]], began, restricted=RESTRICTED in record)
        while len(self._cache) > max(CACHED, len(dossiers)):
            self._cache.popitem(last=False)
        return found
