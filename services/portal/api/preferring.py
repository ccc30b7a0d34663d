"""How one is told of one's dossiers: which way, in which language, and whether also of what no law asks for.

Notification keeps that with each dossier; here it is set for all that are under way at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from chassis.http import public
from services.portal.api.forms import texts_of
from services.portal.api.signing import posted, signed_in
from services.portal.asking import Refused
from services.portal.following import Listed, listed
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.preferences import Told, answers, questions, unanswered, wish
from services.portal.seals import TOKEN
from services.portal.sessions import Account

PUBLIC: Final = [Depends(public)]
MOST: Final = 50
"""Dossiers under way that are asked about and set, the last filed first."""
AT_ONCE: Final = 8
UNFIT: Final = 422
T = TypeVar("T")


def add(routes: APIRouter, portal: Portal) -> None:
    """One page."""
    pages = portal.pages

    @routes.get("/my/preferences", dependencies=PUBLIC)
    async def show(request: Request) -> Response:
        """How one is told now."""
        account = await signed_in(portal, request)
        found = await _told(portal, request, account)
        asked = questions(answers(found[0].now) if found else {}, language_of(request))
        return pages.page(
            request, "preferences", form=True, account=account, told=found, questions=asked, wrong=(),
            saved="saved" in request.query_params, differ=len({one.now["channel"] for one in found}) > 1,
        )  # fmt: skip

    @routes.post("/my/preferences", dependencies=PUBLIC)
    async def save(request: Request) -> Response:
        """From now on, of every dossier under way."""
        given = await texts_of(request)
        account = await posted(portal, request, given.get(TOKEN, ""))
        found = await _told(portal, request, account)
        wanted = wish(given)
        if wanted is None:
            asked = unanswered(questions(given, language_of(request)), language_of(request))
            wrong = tuple(one for one in asked if one.fault)
            return pages.page(
                request, "preferences", UNFIT, form=True, account=account, told=found, questions=asked, wrong=wrong,
                saved=False, differ=False,
            )  # fmt: skip
        await _few_at_once(found, lambda one: _prefer(portal, account, one, wanted))
        return pages.go(request, "/my/preferences?saved")


async def _told(portal: Portal, request: Request, account: Account) -> list[Told]:
    language = language_of(request)
    under_way = [one for one in listed(await portal.services.own_dossiers(account.token), language) if not one.ended]

    async def one(dossier: Listed) -> Told | None:
        now = await portal.services.own_preferences(account.token, dossier.id)
        return None if now is None else Told(dossier, now, language)

    return [told for told in await _few_at_once(under_way[:MOST], one) if told is not None]


async def _prefer(portal: Portal, account: Account, told: Told, wanted: dict[str, Any]) -> None:
    """A dossier without an address for e-mail is still told by the way it was."""
    try:
        await portal.services.prefer(account.token, told.dossier.id, wanted)
    except Refused as refused:
        if refused.status != UNFIT:
            raise
        await portal.services.prefer(account.token, told.dossier.id, {**wanted, "channel": told.now["channel"]})


async def _few_at_once(items: list[Any], do: Callable[[Any], Awaitable[T]]) -> list[T]:
    """No service is asked for all of them in the same moment."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(item: Any) -> T:
        async with turn:
            return await do(item)

    return list(await asyncio.gather(*map(one, items)))
