"""One's own dossiers: which, and where each stands. Whose they are the services decide, by the access token."""

from __future__ import annotations

import uuid
from typing import Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.signing import signed_in
from services.portal.following import followed, listed
from services.portal.pages import language_of
from services.portal.parts import Portal

PUBLIC: Final = [Depends(public)]


def add(routes: APIRouter, portal: Portal) -> None:
    """The list, and a page a dossier."""
    pages, services = portal.pages, portal.services

    @routes.get("/my", dependencies=PUBLIC)
    async def mine(request: Request) -> Response:
        """All of them, the last filed first."""
        account = await signed_in(portal, request)
        found = listed(await services.own_dossiers(account.token), language_of(request))
        return pages.page(request, "mine", form=True, account=account, found=found)

    @routes.get("/my/{dossier}", dependencies=PUBLIC)
    async def one(request: Request, dossier: str) -> Response:
        """Where it stands; another person's is not there."""
        account = await signed_in(portal, request)
        whole = await services.own_timeline(account.token, _an_id(dossier))
        if whole is None:
            raise _nothing()
        it = followed(whole, language_of(request))
        procedure = (await _names()).get(whole["procedure"])
        return pages.page(request, "own_dossier", form=True, account=account, it=it, procedure=procedure)

    async def _names() -> dict[str, dict[str, str]]:
        return {one["code"]: one["name"] for one in await services.procedures()}


def _an_id(dossier: str) -> str:
    """Raises Problem 404: what is no id is no other path of a service either."""
    try:
        return str(uuid.UUID(dossier))
    except ValueError:
        raise _nothing() from None


def _nothing() -> Problem:
    return Problem(404, "not_found", "There is no such dossier")
