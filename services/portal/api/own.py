"""One's own dossiers: which, and where each stands. Whose they are the services decide, by the access token."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Mapping
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.signing import signed_in
from services.portal.asking import Unavailable
from services.portal.bills import bills, owed
from services.portal.deliveries import arriving, expected, in_force
from services.portal.following import followed, listed
from services.portal.live import digest
from services.portal.pages import language_of
from services.portal.parts import Portal

PUBLIC: Final = [Depends(public)]
T = TypeVar("T")


def add(routes: APIRouter, portal: Portal) -> None:
    """The list, and a page a dossier."""
    pages, services = portal.pages, portal.services

    @routes.get("/my", dependencies=PUBLIC)
    async def mine(request: Request) -> Response:
        """All of them, the last filed first."""
        account = await signed_in(portal, request)
        dossiers, drafts = await asyncio.gather(
            services.own_dossiers(account.token), services.own_drafts(account.token)
        )
        found = listed(dossiers, language_of(request))
        return pages.page(request, "mine", form=True, account=account, found=found, drafts=drafts)

    @routes.get("/my/{dossier}", dependencies=PUBLIC)
    async def one(request: Request, dossier: str) -> Response:
        """Where it stands; another person's is not there."""
        account = await signed_in(portal, request)
        who, which, language = account.token, an_id(dossier), language_of(request)
        whole, names, held, invoices, delivery = await asyncio.gather(
            services.own_timeline(who, which),
            _names(),
            services.own_dossier(who, which),
            _if_there(services.own_invoices(who, which)),
            _if_there(services.own_delivery(who, which)),
        )
        if whole is None:
            raise _nothing()
        it, procedure = followed(whole, language), names.get(whole["procedure"])
        asked = bills(invoices or (), language)
        return pages.page(
            request, "own_dossier", form=True, script=True, account=account, it=it, procedure=procedure, dossier=which,
            live=f"/my/{which}/live?seen={digest(whole)}",
            bills=asked, owed=owed(asked), results=in_force(delivery), possible=_possible(held),
            arriving=arriving(delivery, language) if expected(delivery, ended=it.ended) else None,
        )  # fmt: skip

    @routes.get("/my/{dossier}/results/{code}", dependencies=PUBLIC)
    async def result(request: Request, dossier: str, code: str) -> Response:
        """A document that was issued, as it was signed (PDF)."""
        account = await signed_in(portal, request)
        content = await services.own_result(account.token, an_id(dossier), code)
        if content is None:
            raise _nothing()
        answer = pages.file(content, "application/pdf", "ket-qua.pdf")
        answer.headers["cache-control"] = "no-store"
        return answer

    async def _names() -> dict[str, dict[str, str]]:
        return {one["code"]: one["name"] for one in await services.procedures()}


def _possible(held: Mapping[str, Any] | None) -> frozenset[str]:
    """What its owner may do about it now; an opinion is given once."""
    if held is None:
        return frozenset()
    return frozenset(held["possible"]) - ({"RateDossier"} if "score" in held else set())


async def _if_there(asked: Awaitable[T]) -> T | None:
    """Nothing, while the service is away: the rest of the page is worth showing."""
    try:
        return await asked
    except Unavailable:
        return None


def an_id(dossier: str) -> str:
    """Raises Problem 404: what is no id is no other path of a service either."""
    try:
        return str(uuid.UUID(dossier))
    except ValueError:
        raise _nothing() from None


def _nothing() -> Problem:
    return Problem(404, "not_found", "There is no such dossier")
