"""The application factory: every service's HTTP side is made here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.decision import Command
from chassis.delivery import Delivery, Handled, IdempotencyKey
from chassis.engine import Engine
from chassis.http import problems
from chassis.http.answers import content
from chassis.http.auth import Verifier, public
from chassis.http.document import describe
from chassis.http.middleware import Closed, Limits, Observed
from chassis.http.recording import Recorded
from chassis.http.routing import add, new_router
from chassis.ledger import Ledger
from chassis.mailbox import Patience
from chassis.telemetry import TRACE

WRITE_TIMEOUT: Final = 10.0
NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own, which asks at every request whether it is on: traces and metrics are the chassis'."""
Ready = Callable[[], Awaitable[Mapping[str, str]]]


async def send(engine: Engine[Any], aggregate: str, command: Command, key: IdempotencyKey | None) -> Mapping[str, Any]:
    """The handler's answer, once the change is durable.

    Raises:
        Refused: the command may not be done now (404, 403, 422 or 409 over HTTP).
        Problem: 503 if the write is not known to have happened in 10 seconds.
    """
    try:
        async with asyncio.timeout(WRITE_TIMEOUT):
            delivery = Delivery(aggregate, command, trace=TRACE.get(), key=key, patience=Patience.DOOR)
            result = await engine.handle(delivery)
    except TimeoutError as error:
        raise problems.unavailable("it is not known yet whether this was done") from error
    return result.answer if isinstance(result, Handled) else {}


def create_app(
    name: str,
    router: APIRouter,
    verifier: Verifier,
    *,
    ready: Ready,
    larger: Mapping[str, int] | None = None,
    ledger: Ledger | None = None,
    closed: Callable[[], str] | None = None,
) -> FastAPI:
    """A service's application: its routes, and health, readiness and metrics on the same port.

    `larger`: bodies over the usual limit, as `Limits` takes them. `ledger`: where readings of personal data and
    officers' acts are recorded; without one nothing is. `closed`: why nothing else is answered now.
    """
    # No redirect to a path with or without its last slash: that would be an answer of every route.
    app = FastAPI(title=f"hoso {name}", openapi_url=None, redirect_slashes=False, telemetry=NO_TELEMETRY)
    app.state.verifier = verifier
    problems.install(app)
    app.add_middleware(Limits, larger=larger)
    if ledger is not None:
        app.add_middleware(Recorded, ledger=ledger)
    app.state.closes = closed is not None
    if closed is not None:
        app.add_middleware(Closed, why=closed)
    app.add_middleware(Observed)
    add(app, _health(ready), router)
    return app


@lru_cache(maxsize=1)
def described(app: FastAPI) -> dict[str, Any]:
    """Its OpenAPI document, made when first asked for."""
    return describe(app)


def _health(ready: Ready) -> APIRouter:
    routes = new_router(dependencies=[Depends(public)])

    @routes.get("/openapi.json")
    async def openapi(request: Request) -> dict[str, Any]:
        """What may be asked of this service, and everything it may answer."""
        return described(request.app)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is alive."""
        return {"status": "alive"}

    @routes.get("/readyz", responses=content("application/json", status=503, description="Not ready"))
    async def readyz() -> JSONResponse:
        """Store and broker answer; 503 names what does not."""
        wrong = await ready()
        return JSONResponse({"ready": not wrong, "wrong": dict(wrong)}, 503 if wrong else 200)

    @routes.get("/metrics", response_class=Response, responses=content("text/plain"))
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes
