"""The OpenAPI document: what each dependency of a route adds, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from chassis.http import Verifier, allow, body, content, create_app, idempotency, may_answer, public, refusals, tagged
from chassis.http.document import describe

OPEN = [Depends(public)]
BUSY = {"name": "X-Turn", "schema": {"type": "string"}}


class Form(BaseModel):
    name: str


@may_answer(429, header=BUSY)
async def turn() -> None:
    """A dependency of one's own."""


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    routes = APIRouter()

    async def nothing() -> dict[str, str]:
        return {}

    async def posted(form: Form) -> dict[str, str]:
        return {"name": form.name}

    async def one(dossier: str, limit: int = 1) -> dict[str, str]:
        return {dossier: str(limit)}

    async def page() -> Response:
        return Response()

    routes.get("/plain", dependencies=OPEN)(nothing)
    routes.get("/guarded", dependencies=[Depends(allow("clerk", "leader"))])(nothing)
    routes.get("/cached", dependencies=[*OPEN, Depends(tagged)])(nothing)
    routes.get("/dossiers/{dossier}", dependencies=OPEN)(one)
    routes.get("/parts/{name}", dependencies=OPEN)(nothing)
    routes.post("/keyed", dependencies=[Depends(allow("citizen")), Depends(idempotency)])(nothing)
    routes.post("/form", dependencies=OPEN)(posted)
    routes.post("/raw", dependencies=OPEN, openapi_extra=body("text/csv"))(nothing)
    routes.get("/page", dependencies=OPEN, response_class=Response, responses=content("application/pdf"))(page)

    async def outer(turned: Annotated[None, Depends(turn)]) -> None:
        return turned

    routes.get("/deep", dependencies=[*OPEN, Depends(outer)], responses=refusals(409))(nothing)

    async def ready() -> dict[str, str]:
        return {}

    found: dict[str, Any] = describe(create_app("test", routes, Verifier("http://127.0.0.1:9"), ready=ready))["paths"]
    return found


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/plain", "200"),
        ("get", "/guarded", "200 401 403 503"),
        ("get", "/cached", "200 304"),
        ("get", "/dossiers/{dossier}", "200 404 410 422"),
        ("get", "/parts/{name}", "200 404"),
        ("post", "/keyed", "200 400 401 403 409 413 503"),
        ("post", "/form", "200 400 413 422"),
        ("post", "/raw", "200 413"),
        ("get", "/page", "200"),
        ("get", "/deep", "200 409 429"),
        ("get", "/healthz", "200"),
        ("get", "/readyz", "200 503"),
    ],
)
def test_statuses_follow_from_dependencies(paths: dict[str, Any], method: str, path: str, statuses: str) -> None:
    assert list(paths[path][method]["responses"]) == statuses.split()


def test_refusals_are_problems_and_nothing_of_fastapi_is_left(paths: dict[str, Any]) -> None:
    refused = paths["/form"]["post"]["responses"]["422"]["content"]
    assert refused == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "HTTPValidationError" not in str(paths)
    assert "content" not in paths["/cached"]["get"]["responses"]["304"]


def test_headers_roles_and_media_types(paths: dict[str, Any]) -> None:
    key = next(p for p in paths["/keyed"]["post"]["parameters"] if p["name"] == "Idempotency-Key")
    assert (key["in"], key["required"]) == ("header", True)
    assert paths["/deep"]["get"]["parameters"] == [{**BUSY, "in": "header"}]
    assert paths["/guarded"]["get"]["security"] == [{"bearer": ["clerk"]}, {"bearer": ["leader"]}]
    assert "security" not in paths["/plain"]["get"]
    assert list(paths["/raw"]["post"]["requestBody"]["content"]) == ["text/csv"]
    assert list(paths["/page"]["get"]["responses"]["200"]["content"]) == ["application/pdf"]


def test_a_service_that_closes_may_answer_503_wherever_it_then_does() -> None:
    async def ready() -> dict[str, str]:
        return {}

    routes = APIRouter()
    routes.get("/plain", dependencies=OPEN)(ready)
    app = create_app("test", routes, Verifier("http://127.0.0.1:9"), ready=ready, closed=lambda: "")
    paths = describe(app)["paths"]
    assert {path for path, item in paths.items() if "503" in item["get"]["responses"]} == {
        "/plain",
        "/openapi.json",
        "/readyz",
    }
