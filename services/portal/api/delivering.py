"""How one gets the result: the way chosen, and another one until it has left. Whether it has delivery says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.forms import texts_of
from services.portal.api.own import an_id
from services.portal.api.signing import posted, signed_in
from services.portal.api.supplementing import own
from services.portal.asking import Refused
from services.portal.deliveries import Chosen, again, asked, chosen, follows, wish
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.places import Places
from services.portal.questions import Question
from services.portal.seals import TOKEN
from services.portal.sessions import Account
from services.portal.texts import Language

PUBLIC: Final = [Depends(public)]
LATE: Final = 409
UNFIT: Final = 422


@dataclass(frozen=True)
class Choosing:
    """All that the pages of one choice are made of."""

    dossier: str
    choice: Mapping[str, Any]
    ways: tuple[str, ...]
    desks: list[dict[str, Any]]
    places: Places
    language: Language

    @property
    def now(self) -> Chosen:
        """What was chosen."""
        return chosen(self.choice, self.ways, self.desks, self.places, self.language)

    def follows(self, way: str) -> tuple[str, ...]:
        """What choosing it brings with it."""
        return follows(way, self.choice, self.language)

    def asked(self, way: str) -> tuple[Question, ...]:
        """Raises Problem 404 for a way that this procedure does not have."""
        if way not in self.now.ways:
            raise Problem(404, "not_found", "The result does not come that way")
        return asked(way, self.choice, self.desks, self.places, self.language)


async def _choosing(portal: Portal, request: Request, account: Account, dossier: str) -> Choosing:
    """Raises Problem 404 for another's, and until delivery has heard of it."""
    services, which = portal.services, an_id(dossier)
    whole, choice, desks, places = await asyncio.gather(
        own(portal, account, which),
        services.own_choice(account.token, which),
        services.desks(),
        services.units(),
    )
    procedure = await services.procedure(whole["procedure"])
    if choice is None or choice["way"] is None:
        raise Problem(404, "not_found", "Nothing is known of its delivery yet")
    ways = procedure["ways"]["value"] if procedure is not None else [choice["way"]]
    return Choosing(which, choice, tuple(ways), desks, places, language_of(request))


def add(routes: APIRouter, portal: Portal) -> None:
    """What is chosen, and a page for each way."""
    pages, services = portal.pages, portal.services

    @routes.get("/my/{dossier}/delivery", dependencies=PUBLIC)
    async def show(request: Request, dossier: str) -> Response:
        """How the result comes, and how else it could."""
        account = await signed_in(portal, request)
        it = await _choosing(portal, request, account, dossier)
        return pages.page(request, "delivery", form=True, account=account, it=it, now=it.now)

    @routes.get("/my/{dossier}/delivery/{way}", dependencies=PUBLIC)
    async def before(request: Request, dossier: str, way: str) -> Response:
        """What follows from it, and what must be known for it."""
        account = await signed_in(portal, request)
        it = await _choosing(portal, request, account, dossier)
        questions = it.asked(way)
        if it.now.refused:
            return pages.go(request, f"/my/{it.dossier}/delivery")
        return pages.page(
            request, "delivery_way", form=True, account=account, it=it, way=way, questions=questions, wrong=()
        )

    @routes.post("/my/{dossier}/delivery/{way}", dependencies=PUBLIC)
    async def choose(request: Request, dossier: str, way: str) -> Response:
        """Chosen; or what is to be put right; or, where it is too late, why."""
        given = await texts_of(request)
        account = await posted(portal, request, given.get(TOKEN, ""))
        it = await _choosing(portal, request, account, dossier)
        questions = it.asked(way)
        try:
            await services.choose(account.token, it.dossier, wish(way, questions, given))
        except Refused as refused:
            if refused.status == UNFIT:
                fields = [str(one.get("field", "")) for one in refused.errors]
                shown = again(questions, given, fields, it.language)
                return pages.page(
                    request, "delivery_way", UNFIT, form=True, account=account, it=it, way=way, questions=shown,
                    wrong=tuple(one for one in shown if one.fault),
                )  # fmt: skip
            if refused.status != LATE:
                raise
        return pages.go(request, f"/my/{it.dossier}/delivery")
