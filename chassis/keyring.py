"""Keys of dossiers: what seals their personal values, and what erases them for ever when it is deleted.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; the associated data is ``dossier/kind``. Each dossier has a
key of its own, wrapped by the master key, in a database of its own.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.store import Store
from chassis.telemetry import KEY_READS
from schemas.personal import PREFIX, Personal, Seal

NONCE: Final = 12
KEY_BYTES: Final = 32
CACHED: Final = 10_000


class KeyNeeded(Exception):
    """A value must be sealed and its dossier's key is not at hand: `ensure` it and try again."""

    def __init__(self, dossier: str) -> None:
        super().__init__(dossier)
        self.dossier = dossier


class Unopenable(Exception):
    """The key was erased, or the value was tampered with or belongs to another dossier."""


class Keyring:
    """Seals and opens; `ensure` and `fetch` are its only I/O, once per batch."""

    def __init__(self, store: Store, master_key: bytes, master_id: str = "1") -> None:
        if len(master_key) != KEY_BYTES:
            raise ValueError("the master key must be 32 bytes")
        self._keys = store.collection("keys")
        self._master = AESGCM(master_key)
        self._master_id = master_id
        self._cache: OrderedDict[str, AESGCM] = OrderedDict()

    async def ensure(self, dossiers: Iterable[str]) -> None:
        """Makes and loads the keys of `dossiers`; the first to insert one wins."""
        wanted = {d for d in dossiers if d not in self._cache}
        missing = wanted - await self._load(wanted)
        if missing:
            await self._keys.insert_missing([self._new(dossier) for dossier in missing])
            await self._load(missing)

    async def fetch(self, dossiers: Iterable[str]) -> None:
        """Loads the keys that exist."""
        await self._load({d for d in dossiers if d not in self._cache})

    def sealer(self, dossier: str) -> Seal:
        """Seals values of one dossier; raises KeyNeeded where its key is not at hand."""

        def seal(kind: str, clear: str) -> str:
            key = self._cache.get(dossier)
            if key is None:
                raise KeyNeeded(dossier)
            nonce = os.urandom(NONCE)
            sealed = nonce + key.encrypt(nonce, clear.encode(), f"{dossier}/{kind}".encode())
            return f"{PREFIX}{kind}:{base64.urlsafe_b64encode(sealed).decode()}"

        return seal

    async def open(self, dossier: str, value: Personal) -> str:
        """The clear text.

        Raises:
            Unopenable: without its key it stays sealed for ever.
        """
        if value.token is None:
            return value.clear
        await self.fetch([dossier])
        key = self._cache.get(dossier)
        if key is None:
            raise Unopenable(f"dossier {dossier} has no key: its personal data was erased")
        kind, _, body = value.token.removeprefix(PREFIX).partition(":")
        raw = base64.urlsafe_b64decode(body)
        try:
            return key.decrypt(raw[:NONCE], raw[NONCE:], f"{dossier}/{kind}".encode()).decode()
        except InvalidTag as error:
            raise Unopenable(
                f"a sealed {kind} of dossier {dossier} was tampered with or is another dossier's"
            ) from error

    def encrypt(self, dossier: str, name: str, content: bytes) -> bytes:
        """A file's content under the dossier's key, which must have been ensured."""
        nonce = os.urandom(NONCE)
        return nonce + self._cached(dossier).encrypt(nonce, content, f"{dossier}/file/{name}".encode())

    def decrypt(self, dossier: str, name: str, content: bytes) -> bytes:
        """The inverse of `encrypt`; the key must have been fetched.

        Raises:
            Unopenable: tampered with, or another dossier's.
        """
        try:
            return self._cached(dossier).decrypt(content[:NONCE], content[NONCE:], f"{dossier}/file/{name}".encode())
        except InvalidTag as error:
            raise Unopenable(f"file {name} of dossier {dossier} was tampered with") from error

    def _cached(self, dossier: str) -> AESGCM:
        key = self._cache.get(dossier)
        if key is None:
            raise KeyNeeded(dossier)
        return key

    def _new(self, dossier: str) -> dict[str, object]:
        nonce = os.urandom(NONCE)
        wrapped = nonce + self._master.encrypt(nonce, secrets.token_bytes(KEY_BYTES), dossier.encode())
        return {"_id": dossier, "wrapped": wrapped, "master": self._master_id}

    async def _load(self, dossiers: set[str]) -> set[str]:
        if not dossiers:
            return set()
        found = await self._keys.load(sorted(dossiers))
        KEY_READS.inc(len(found))
        for record in found:
            wrapped = bytes(record["wrapped"])
            clear = self._master.decrypt(wrapped[:NONCE], wrapped[NONCE:], record["_id"].encode())
            self._cache[record["_id"]] = AESGCM(clear)
        while len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return {record["_id"] for record in found}
