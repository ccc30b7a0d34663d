"""Who calls, and whether they may: OpenID Connect bearer tokens, checked against the issuer's keys.

Deny by default: every route names the roles it is for (`allow`) or says that it is for anyone (`public`);
`routes.unguarded` lists those that do neither, and a test holds that list empty.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import httpx
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis import readings
from chassis.http.answers import Facts
from chassis.http.problems import Problem
from chassis.outgoing import trusted

AUDIENCE: Final = "hoso-api"
ALGORITHMS: Final = ["RS256", "ES256"]
REFETCH_SECONDS: Final = 10.0
MAX_TOKEN: Final = 8192
LEEWAY: Final = 5
TRUSTED_SECONDS: Final = 30.0
TRUSTED: Final = 10_000
ROLES: Final = frozenset(
    {
        "citizen", "clerk", "specialist", "leader", "registrar", "accountant", "operator", "auditor", "upstream",
        "service",
    }
)  # fmt: skip
OFFICERS: Final = ROLES - {"citizen", "upstream", "service"}
"""Not `service`: another of our processes, calling for itself."""
KEEPER: Final = "operator"
"""Who answers for personal data, and sees it while its processing is restricted."""
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Caller:
    """`sub` is the issuer's name for them; `roles` are those we know; `unit` is where an officer works."""

    sub: str
    roles: frozenset[str]
    name: str | None = None
    unit: str | None = None


class Verifier:
    """Checks access tokens of one issuer. Its keys are fetched when first needed and when an unknown one appears.

    Invariants:
        - A token that was verified is trusted for at most `TRUSTED_SECONDS`, and never after it expired.
        - One fetch of the keys runs at a time; whoever needs them waits for the same one.
    """

    def __init__(self, issuer: str, audience: str = AUDIENCE) -> None:
        self._issuer = issuer
        self._keys: KeySet | None = None
        self._fetched = -REFETCH_SECONDS
        self._fetching: asyncio.Task[KeySet] | None = None
        self._trusted: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        """By the digest of the token: until when (monotonic), and who."""
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def verify(self, token: str) -> Caller:
        """The caller.

        Raises:
            Problem: 401, with what is wrong; 503 if the issuer's keys cannot be had.
        """
        if len(token) > MAX_TOKEN:
            raise _unauthorised("the token is too long")
        digest = hashlib.sha256(token.encode()).digest()
        until, caller = self._trusted.get(digest, (0.0, None))
        if caller is None or time.monotonic() >= until:
            caller, lasts = await self._verified(token)
            self._trusted.pop(digest, None)
            self._trusted[digest] = (time.monotonic() + min(lasts, TRUSTED_SECONDS), caller)
            if len(self._trusted) > TRUSTED:
                self._trusted.popitem(last=False)
        return caller

    async def claims(self, token: str) -> dict[str, Any]:
        """What a token says whose signature, issuer, audience and time hold. Raises Problem, as `verify`."""
        try:
            return self._decode(token, await self._key_set())
        except (JoseError, ValueError):
            try:
                return self._decode(token, await self._key_set(again=True))
            except (JoseError, ValueError) as error:
                raise _unauthorised("the token is not valid: it may be expired, or for another service") from error

    async def _verified(self, token: str) -> tuple[Caller, float]:
        """The caller, and for how many seconds the token is valid. Raises Problem."""
        decoded = await self.claims(token)
        roles = decoded.get("roles", ())
        known = ROLES & set(roles) if isinstance(roles, list) else frozenset()
        unit = decoded.get("unit")
        caller = Caller(
            str(decoded["sub"]), frozenset(known), decoded.get("name"), unit if isinstance(unit, str) else None
        )
        return caller, float(decoded["exp"]) + LEEWAY - time.time()

    def _decode(self, token: str, keys: KeySet) -> dict[str, Any]:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        self._claims.validate(decoded.claims)
        return dict(decoded.claims)

    async def _key_set(self, *, again: bool = False) -> KeySet:
        now = time.monotonic()
        if self._keys is None or (again and now - self._fetched > REFETCH_SECONDS):
            if self._fetching is None or self._fetching.done():
                self._fetched = now
                self._fetching = asyncio.create_task(self._fetch())
            self._keys = await asyncio.shield(self._fetching)
        return self._keys

    async def _fetch(self) -> KeySet:
        try:
            async with httpx.AsyncClient(timeout=5, verify=trusted(), trust_env=False) as client:
                found = (await client.get(f"{self._issuer}/.well-known/openid-configuration")).raise_for_status()
                keys = (await client.get(found.json()["jwks_uri"])).raise_for_status()
        except httpx.HTTPError as error:
            raise Problem(503, "unavailable", "The identity provider does not answer") from error
        return KeySet.import_key_set(keys.json())


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorised", detail, headers={"www-authenticate": 'Bearer realm="hoso"'})


class allow:  # noqa: N801 - reads as a word: Depends(allow("clerk"))
    """A dependency that lets callers with one of `roles` through and returns who they are."""

    facts: ClassVar = Facts((401, 403, 503))

    def __init__(self, *roles: str) -> None:
        unknown = set(roles) - ROLES
        if unknown or not roles:
            raise ValueError(f"unknown roles: {sorted(unknown)}")
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorised("send an access token: Authorization: Bearer …")
        verify: Callable[[str], Awaitable[Caller]] = request.app.state.verifier.verify
        caller = await verify(token)
        request.state.caller = caller
        if request.method in _READS and KEEPER not in caller.roles and not OFFICERS.isdisjoint(caller.roles):
            readings.bound()
        if caller.roles.isdisjoint(self.roles):
            raise Problem(403, "forbidden", f"this is for: {', '.join(sorted(self.roles))}")
        return caller


async def public() -> None:
    """A dependency that says: anyone may call this."""
