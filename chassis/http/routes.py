"""Who may call what, read off an application: the tests hold it against the design."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from chassis.http.auth import allow, public


def guards(app: FastAPI) -> dict[str, list[frozenset[str] | None]]:
    """``METHOD /path`` to what guards it: the roles of `allow`, None for `public`."""
    return {
        f"{method} {route.path}": list(_guards(getattr(route, "dependant", None)))
        for route in iter_route_contexts(app.routes)
        for method in sorted(route.methods or ())
    }


def unguarded(app: FastAPI) -> list[str]:
    """Routes that do not have exactly one guard."""
    return [route for route, found in guards(app).items() if len(found) != 1]


def _guards(dependant: Dependant | None) -> Iterator[frozenset[str] | None]:
    if dependant is None:
        return
    call: Any = dependant.call
    if isinstance(call, allow):
        yield call.roles
    elif call is public:
        yield None
    for inner in dependant.dependencies:
        yield from _guards(inner)
