"""Before every request: in which language it is, and whether this address asks too often. Plain ASGI."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.answers import PROBLEM_TYPE
from services.portal.limits import Buckets, household
from services.portal.pages import ENGLISH

UNLIMITED: Final = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json", "/portal.css", "/portal.js"})
SAFE: Final = frozenset({"GET", "HEAD"})
TOO_LARGE: Final = 413
MOST_READ_AWAY: Final = 128 * 1024 * 1024
"""Bytes; whoever sends more is cut off."""


class Languages:
    """``/en/…`` is ``…`` in English. The scope itself is changed: a fault's page is made outside of all of this."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            english = path == ENGLISH or path.startswith(f"{ENGLISH}/")
            scope["language"] = "en" if english else "vi"
            if english:
                scope["path"] = path.removeprefix(ENGLISH) or "/"
                scope["raw_path"] = scope.get("raw_path", b"").removeprefix(ENGLISH.encode()) or b"/"
        await self._app(scope, receive, send)


class TooLarge:
    """Says 413 with a page, once the body was read away: a browser shows no answer to what it is still sending."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, int], Response]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def answered(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                kind = dict(message.get("headers", ())).get(b"content-type", b"")
                refused = message["status"] == TOO_LARGE and kind.startswith(PROBLEM_TYPE.encode())
            if not refused:
                await send(message)

        await self._app(scope, receive, answered)
        if refused:
            await _read_away(receive)
            await self._refuse(Request(scope), TOO_LARGE)(scope, receive, send)


async def _read_away(receive: Receive) -> None:
    read, more = 0, True
    while more and read < MOST_READ_AWAY:
        message = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)


class Patience:
    """Answers 429 to an address that asks more often than it may."""

    def __init__(
        self, app: ASGIApp, requests: Buckets, posts: Buckets, refuse: Callable[[Request, int], Response]
    ) -> None:
        self._app = app
        self._requests = requests
        self._posts = posts
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNLIMITED:
            await self._app(scope, receive, send)
            return
        who, now = household((scope.get("client") or ("", 0))[0]), time.monotonic()
        allowed = self._requests.take(who, now) and (scope["method"] in SAFE or self._posts.take(who, now))
        if allowed:
            await self._app(scope, receive, send)
            return
        refused = self._refuse(Request(scope), 429)
        refused.headers["retry-after"] = "60"
        await refused(scope, receive, send)
