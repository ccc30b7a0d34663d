"""What people do about a dossier that they filed: take it back, rate how it was handled, complain.

What may be done now submission says; who asks for something else is shown the dossier as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from chassis.http import public
from services.portal.api.own import an_id
from services.portal.api.signing import posted, signed_in
from services.portal.api.supplementing import own
from services.portal.asking import Refused
from services.portal.parts import Portal

PUBLIC: Final = [Depends(public)]
LATE: Final = frozenset({409, 412, 422})
Token = Annotated[str, Form(max_length=100)]
Words = Annotated[str, Form(max_length=4000)]
Score = Annotated[int, Form(ge=1, le=5)]


def add(routes: APIRouter, portal: Portal) -> None:
    """Three things to do, each with a page that says what follows from it."""
    doing = _Doing(portal)
    _withdrawal(routes, doing)
    _rating(routes, doing)
    _complaint(routes, doing)


@dataclass(frozen=True)
class _Doing:
    portal: Portal

    async def ask(self, request: Request, dossier: str, command: str, name: str) -> Response:
        """The page that says what follows, where that may be done now."""
        account = await signed_in(self.portal, request)
        whole = await own(self.portal, account, dossier)
        if command not in whole["possible"]:
            return self.portal.pages.go(request, f"/my/{dossier}")
        return self.portal.pages.page(request, name, form=True, account=account, it=whole)

    async def act(self, request: Request, dossier: str, token: str, what: str, body: Mapping[str, Any]) -> Response:
        """Done, or not any more: the dossier's page tells."""
        account = await posted(self.portal, request, token)
        try:
            await self.portal.services.act(account.token, an_id(dossier), what, body)
        except Refused as refused:
            if refused.status not in LATE:
                raise
        return self.portal.pages.go(request, f"/my/{dossier}")


def _withdrawal(routes: APIRouter, doing: _Doing) -> None:
    @routes.get("/my/{dossier}/withdraw", dependencies=PUBLIC)
    async def before(request: Request, dossier: str) -> Response:
        """What follows from it."""
        return await doing.ask(request, dossier, "WithdrawDossier", "withdraw")

    @routes.post("/my/{dossier}/withdraw", dependencies=PUBLIC)
    async def withdraw(request: Request, dossier: str, reason: Words = "", token: Token = "") -> Response:
        """Taken back."""
        return await doing.act(request, dossier, token, "withdraw", {"reason": reason.strip() or None})


def _rating(routes: APIRouter, doing: _Doing) -> None:
    @routes.get("/my/{dossier}/rating", dependencies=PUBLIC)
    async def before(request: Request, dossier: str) -> Response:
        """How was it?"""
        return await doing.ask(request, dossier, "RateDossier", "rating")

    @routes.post("/my/{dossier}/rating", dependencies=PUBLIC)
    async def rate(request: Request, dossier: str, score: Score, comment: Words = "", token: Token = "") -> Response:
        """Said once."""
        return await doing.act(request, dossier, token, "rating", {"score": score, "comment": comment.strip() or None})


def _complaint(routes: APIRouter, doing: _Doing) -> None:
    portal = doing.portal

    @routes.get("/my/{dossier}/complaint", dependencies=PUBLIC)
    async def before(request: Request, dossier: str) -> Response:
        """What was wrong? And what became of a complaint that was made."""
        account = await signed_in(portal, request)
        made = await portal.services.own_complaint(account.token, an_id(dossier))
        if made is None:
            return await doing.ask(request, dossier, "Complain", "complaint")
        return portal.pages.page(request, "complained", form=True, account=account, dossier=dossier, made=made)

    @routes.post("/my/{dossier}/complaint", dependencies=PUBLIC)
    async def complain(request: Request, dossier: str, words: Words = "", token: Token = "") -> Response:
        """Its answer has a term of its own."""
        if words.strip():
            await doing.act(request, dossier, token, "complaint", {"text": words.strip()})
        return portal.pages.go(request, f"/my/{dossier}/complaint")
