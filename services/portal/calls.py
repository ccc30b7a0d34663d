"""How a service's public HTTP is called: as whom, at which address, and what an answer without anything means."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx

from services.portal.asking import Refused, answered, requested

ABSENT: Final = frozenset({404, 410, 422})
"""Not there, gone, or no name of anything."""


class Calls:
    """With one client, whose limits and time they share."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def _post(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        own = {**headers, "idempotency-key": uuid.uuid4().hex}
        answer: dict[str, Any] = (await self._ask("POST", url, json=body, headers=own)).json()
        return answer

    async def _got(self, url: str, **options: Any) -> dict[str, Any]:
        """Raises Unavailable, Refused."""
        found: dict[str, Any] = (await self._ask("GET", url, **options)).json()
        return found

    async def _content(self, url: str, **options: Any) -> bytes | None:
        answer = await self._if_there("GET", url, **options)
        return None if answer is None else answer.content

    async def _found(self, url: str, *, method: str = "GET", **options: Any) -> dict[str, Any] | None:
        answer = await self._if_there(method, url, **options)
        found: dict[str, Any] | None = None if answer is None else answer.json()
        return found

    async def _if_there(self, method: str, url: str, **options: Any) -> httpx.Response | None:
        try:
            return await self._ask(method, url, **options)
        except Refused as refused:
            if refused.status in ABSENT:
                return None
            raise

    async def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Raises Unavailable, Refused."""
        return answered(await requested(self.client, method, url, **options))


def bearer(token: str) -> dict[str, str]:
    """The header of whoever has that access token."""
    return {"authorization": f"Bearer {token}"}


def segment(text: str) -> str:
    """One segment of a path, whatever was typed: never another path."""
    return "%2E" * len(text) if text in {".", ".."} else quote(text, safe="")
