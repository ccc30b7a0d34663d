"""A dossier's page that changes by itself, for browsers with scripts; the page is the same after a reload without.

What is sent says only that something changed: the browser then asks for the page, as anybody would.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from chassis.http import Problem, public
from services.portal.api.own import an_id
from services.portal.api.tracking import PROVED
from services.portal.limits import household
from services.portal.live import Look
from services.portal.pages import HEADERS
from services.portal.parts import Portal
from services.portal.seals import SESSION

PUBLIC: Final = [Depends(public)]
OVER: Final = 204
"""To an `EventSource`: do not come again."""
FULL: Final = 429
Seen = Annotated[str, Query(max_length=100)]
Last = Annotated[str, Header(alias="last-event-id", max_length=100)]


def add_script(routes: APIRouter, portal: Portal) -> None:
    """The script."""

    @routes.get("/portal.js", dependencies=PUBLIC)
    async def script() -> Response:
        """Comfort for browsers that run it."""
        return portal.pages.script()


def add(routes: APIRouter, portal: Portal) -> None:
    """For who gave the one-time code."""
    cookies, services = portal.cookies, portal.services

    @routes.get("/track/live", dependencies=PUBLIC)
    async def followed(request: Request, seen: Seen = "", last: Last = "") -> Response:
        """Of the dossier that is followed."""
        proved = cookies.unseal(request, PROVED)
        if proved is None:
            return Response(status_code=OVER)
        return _watching(portal, request, last or seen, lambda: services.timeline(proved["code"]))


def add_own(routes: APIRouter, portal: Portal) -> None:
    """For who signed in."""
    sessions, cookies, services = portal.sessions, portal.cookies, portal.services

    @routes.get("/my/{dossier}/live", dependencies=PUBLIC)
    async def own(request: Request, dossier: str, seen: Seen = "", last: Last = "") -> Response:
        """Of one's own dossier; who is signed in no more is not led to a sign-in page from here."""
        account = await sessions.find(cookies.get(request, SESSION))
        if account is None:
            return Response(status_code=OVER)
        which = an_id(dossier)
        if await services.own_timeline(account.token, which) is None:
            raise Problem(404, "not_found", "There is no such dossier")
        return _watching(portal, request, last or seen, lambda: services.own_timeline(account.token, which))


def _watching(portal: Portal, request: Request, seen: str, look: Look) -> Response:
    who = household(request.client.host if request.client else "")
    if portal.live.full(who):
        return Response(status_code=FULL, headers={"retry-after": "60"})
    headers: dict[str, Any] = {**HEADERS, "cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(portal.live.watch(who, seen, look), media_type="text/event-stream", headers=headers)
