"""The OpenAPI document of an application. What may be refused follows from what a route depends on, by these rules:

    its dependencies        what each of them says of itself (`answers.may_answer`)
    public, no dependency   nothing
    a path parameter        404
    `{dossier}` in its path 410: whoever it is about may have been erased
    parameters or a body    422; a body that FastAPI reads 400
    not GET                 413
    a service that closes   503, but for what `middleware.ALWAYS` names

What a route refuses besides stands in its own `responses=`. A test calls every service and finds what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from chassis.http.answers import SCHEMA, facts, refusals
from chassis.http.auth import allow
from chassis.http.middleware import ALWAYS

BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the identity provider. Of the roles that a route names, one is enough.",
}
FASTAPI_S: Final = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1, with every answer but 500."""
    document = FastAPI.openapi(app)
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            operation = document["paths"].get(getattr(route, "path_format", route.path), {}).get(method.lower())
            if operation is not None:
                if getattr(app.state, "closes", False) and route.path not in ALWAYS:
                    operation["responses"].setdefault("503", _named(503)["503"])
                _complete(operation, method, route)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in FASTAPI_S:
        schemas.pop(name, None)
    schemas["Problem"] = SCHEMA
    components["securitySchemes"] = {"bearer": BEARER}
    return document


def _complete(operation: dict[str, Any], method: str, route: RouteContext) -> None:
    dependencies = list(_calls(getattr(route, "dependant", None)))
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
        responses |= _named(422)
    for status in _statuses(method, route, dependencies):
        responses.update({name: said for name, said in _named(status).items() if name not in responses})
    operation["responses"] = dict(sorted(responses.items()))
    headers = [header for call in dependencies if (header := facts(call).header) is not None]
    if headers:
        operation["parameters"] = [*operation.get("parameters", ()), *headers]
    for call in dependencies:
        if isinstance(call, allow):
            operation["security"] = [{"bearer": [role]} for role in sorted(call.roles)]


def _statuses(method: str, route: RouteContext, dependencies: list[Any]) -> Iterator[int]:
    for call in dependencies:
        yield from facts(call).statuses
    if "{" in (route.path or ""):
        yield 404
    if "{dossier}" in (route.path or ""):
        yield 410
    if method != "GET":
        yield 413
        if getattr(route, "body_field", None) is not None:
            yield 400


def _named(status: int) -> dict[str, Any]:
    return {str(name): said for name, said in refusals(status).items()}


def _calls(dependant: Dependant | None) -> Iterator[Any]:
    """What a route depends on, however deep."""
    for inner in () if dependant is None else dependant.dependencies:
        yield inner.call
        yield from _calls(inner)
