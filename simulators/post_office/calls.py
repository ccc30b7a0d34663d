"""Calls back with statuses, signed; again and again until they are taken, or given up."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

TRIES: Final = 6
FIRST_WAIT: Final = 0.5


class Caller:
    """One address and one secret. The signature is HMAC-SHA256 of ``timestamp.body``."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret.encode()
        self._client = httpx.AsyncClient(timeout=5, trust_env=False)
        self._calls: set[asyncio.Task[None]] = set()

    def tell(self, message: Mapping[str, Any], *, after: float = 0.0, times: int = 1) -> None:
        """Sends `message`, in `after` seconds, `times` over."""
        for _ in range(times):
            call = asyncio.get_running_loop().create_task(self._call(json.dumps(message).encode(), after))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, body: bytes, after: float) -> None:
        wait = FIRST_WAIT
        await asyncio.sleep(after)
        for _ in range(TRIES):
            stamp = str(int(time.time()))
            signature = hmac.new(self._secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
            headers = {
                "content-type": "application/json", "x-post-timestamp": stamp, "x-post-signature": signature
            }  # fmt: skip
            try:
                if (await self._client.post(self._url, content=body, headers=headers)).is_success:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(wait)
            wait *= 2

    async def close(self) -> None:
        """Gives up what was not taken yet."""
        for call in self._calls:
            call.cancel()
        await self._client.aclose()
