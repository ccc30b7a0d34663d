"""Around every request: a limit on its size, its trace, its time. Plain ASGI, so that bodies are never copied."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.problems import Problem, unavailable
from chassis.telemetry import REQUESTS, TRACE, child_trace
from chassis.tracing import TRACER

MAX_BODY: Final = 1024 * 1024
ALWAYS: Final = ("/healthz", "/readyz", "/metrics")


class Limits:
    """Refuses bodies over 1 MiB, declared or streamed, with 413.

    `larger`: the limit in bytes of a method and a path's beginning (``PUT /files/``) whose route streams its body.
    """

    def __init__(self, app: ASGIApp, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        route = f"{scope['method']} {scope['path']}"
        most = next((limit for start, limit in self._larger.items() if route.startswith(start)), MAX_BODY)
        too_large = Problem(413, "too_large", f"at most {most} bytes")
        if not declared.isdigit() or int(declared) > most:
            await too_large.response()(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise too_large
            return message

        await self._app(scope, counted, send)


class Closed:
    """Answers 503 while `why` says something: what is stored may be older than what people were told."""

    def __init__(self, app: ASGIApp, why: Callable[[], str]) -> None:
        self._app = app
        self._why = why

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in ALWAYS and (why := self._why()):
            await unavailable(why).response()(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Observed:
    """Continues the caller's trace, answers with it, and measures by route template (never by path)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        trace = child_trace(parent)
        TRACE.set(trace)
        status = 500
        started = time.perf_counter()

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"traceparent", trace.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answered)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            seconds = time.perf_counter() - started
            REQUESTS.labels(scope["method"], route, str(status)).observe(seconds)
            TRACER.answered(scope["method"], route, status, trace=trace, parent=parent, seconds=seconds)
