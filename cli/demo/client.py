"""Callers of the platform: what a browser or an officer's desk would send, again with the same key while it fails."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import httpx

PATIENCE: Final = 90.0
PAUSE: Final = 0.15
T = TypeVar("T")


class DemoError(Exception):
    """A step of the demo could not be done; the message says which and why."""


class Caller:
    """One signed-in person."""

    def __init__(self, client: httpx.AsyncClient, token: str, patience: float = PATIENCE) -> None:
        self._client = client
        self._patience = patience
        self._headers = {"authorization": f"Bearer {token}"}

    @property
    def account(self) -> str:
        """The `sub` of the access token: what the identity provider calls this person."""
        body = self._headers["authorization"].split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return str(claims["sub"])

    async def get(self, url: str, **params: str) -> Any:
        """The JSON at `url`; raises DemoError if it stays wrong."""
        return (await self._ask("GET", url, self._headers, params=params)).json()

    async def find(self, url: str) -> Any | None:
        """The JSON at `url`, or None while there is none (404)."""
        answer = await self._ask("GET", url, self._headers, missing=True)
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.json()

    async def content(self, url: str) -> bytes:
        """The bytes at `url`."""
        return (await self._ask("GET", url, self._headers)).content

    async def post(self, url: str, body: Mapping[str, Any] | None = None, key: str | None = None) -> Any:
        """Posts with an idempotency key, so that a repeat after a lost answer is the same request.

        ``If-Match: *``: whichever revision a dossier is at.
        """
        headers = {**self._headers, "idempotency-key": key or uuid.uuid4().hex, "if-match": "*"}
        return (await self._ask("POST", url, headers, json=body)).json()

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], *, missing: bool = False, **options: Any
    ) -> httpx.Response:
        until = time.monotonic() + self._patience
        while True:
            try:
                answer = await self._client.request(method, url, headers=headers, **options)
            except httpx.TransportError as error:
                why = f"{type(error).__name__}: {error}"
            else:
                if answer.is_success or (missing and answer.status_code == httpx.codes.NOT_FOUND):
                    return answer
                why = f"{answer.status_code} {answer.text[:500]}"
                if answer.status_code < httpx.codes.BAD_GATEWAY:
                    raise DemoError(f"{method} {url}: {why}")
            if time.monotonic() > until:
                raise DemoError(f"{method} {url}: {why}")
            await asyncio.sleep(PAUSE)


async def wait_for(
    what: str, look: Callable[[], Awaitable[T | None]], *, patience: float = PATIENCE, pause: float = PAUSE
) -> T:
    """Looks until there is something, which neither None nor False is.

    Raises DemoError, naming `what`, after `patience` seconds.
    """
    until = time.monotonic() + patience
    while True:
        found = await look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > until:
            raise DemoError(f"{what} did not happen within {patience:.0f} s")
        await asyncio.sleep(pause)
