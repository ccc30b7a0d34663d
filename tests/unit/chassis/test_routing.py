"""Routes that look at a path's end first find what FastAPI's own would find."""

from __future__ import annotations

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from chassis.http.routing import add, new_router

CALLS = {"guarded": 0}


async def _guard() -> None:
    CALLS["guarded"] += 1


def _fill(routes: APIRouter) -> APIRouter:
    @routes.get("/dossiers/{dossier}")
    async def one(dossier: str) -> str:
        return f"one {dossier}"

    @routes.get("/dossiers/{dossier}/timeline")
    async def timeline(dossier: str) -> str:
        return f"timeline {dossier}"

    @routes.post("/dossiers")
    async def filed() -> str:
        return "filed"

    @routes.get("/files/{rest:path}")
    async def file(rest: str) -> str:
        return f"file {rest}"

    @routes.get("/files/{rest:path}/scan")
    async def never(rest: str) -> str:
        return f"never {rest}"

    return routes


def _added() -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    inner = _fill(new_router(prefix="/inner", dependencies=[Depends(_guard)]))
    outer = _fill(new_router())
    add(outer, inner)
    add(app, outer)
    return app


def _included() -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    outer = _fill(APIRouter())
    outer.include_router(_fill(APIRouter(prefix="/inner", dependencies=[Depends(_guard)])))
    app.include_router(outer)
    return app


@pytest.mark.parametrize("prefix", ["", "/inner"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/dossiers/d-1"),
        ("GET", "/dossiers/d-1/timeline"),
        ("GET", "/dossiers/timeline"),
        ("GET", "/dossiers/d-1/"),
        ("GET", "/dossiers/d-1/elsewhere"),
        ("POST", "/dossiers"),
        ("GET", "/dossiers"),
        ("DELETE", "/dossiers/d-1/timeline"),
        ("GET", "/files/a/b/scan"),
        ("GET", "/files/a%2Fb"),
        ("GET", "/nowhere"),
    ],
)
async def test_what_is_added_answers_as_what_is_included(method: str, path: str, prefix: str) -> None:
    answers = []
    for app in (_added(), _included()):
        CALLS["guarded"] = 0
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            answer = await client.request(method, prefix + path)
        answers.append((answer.status_code, answer.text, answer.headers.get("allow"), CALLS["guarded"]))
    assert answers[0] == answers[1]


def test_a_path_that_ends_otherwise_is_never_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def matches(route: APIRoute, _scope: Scope) -> tuple[Match, Scope]:
        asked.append(route.path)
        return Match.NONE, {}

    monkeypatch.setattr(APIRoute, "matches", matches)
    for route in _fill(new_router()).routes:
        route.matches({"type": "http", "path": "/dossiers/d-1/timeline"})
    assert asked == ["/dossiers/{dossier}", "/dossiers/{dossier}/timeline", "/files/{rest:path}"]
