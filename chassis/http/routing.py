"""Routes that are found fast: most of the time a small request takes is the way to its function.

FastAPI asks one route after the other, and each router that was included into another asks all of its own again. So
routes are added as they are (`add`), never included, and each says at a glance of most paths that they are not its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class Route(APIRoute):
    """Compares how a path ends before it matches all of it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._end = self.path_format.rpartition("}")[2]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route, with `Match.NONE` at once where the path ends otherwise."""
        return super().matches(scope) if scope["path"].endswith(self._end) else (Match.NONE, {})


def new_router(**options: Any) -> APIRouter:
    """An empty router of such routes; `options` are those of `APIRouter`."""
    return APIRouter(route_class=Route, **options)


def add(to: FastAPI | APIRouter, *routers: APIRouter) -> None:
    """Adds their routes, as they are and in their order. They have brought their prefix and dependencies along."""
    for router in routers:
        (to.router if isinstance(to, FastAPI) else to).routes.extend(router.routes)
