"""Following a dossier without signing in: its code, and a one-time code that was sent to the applicant's phone.

Invariants:
    - Whether a dossier exists is nobody's to learn before the one-time code was right: every answer until then is the
      same, and for a code that is not known the same services are asked the same.
    - What was proved is kept by that browser alone, sealed, for half an hour.
"""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from chassis.http import public
from services.portal.api.forms import must_be_ours
from services.portal.asking import Refused
from services.portal.following import followed
from services.portal.live import digest
from services.portal.pages import language_of
from services.portal.parts import Portal

PUBLIC: Final = [Depends(public)]
ASKED, PROVED = "asked", "proved"
ASKING_SECONDS, PROVED_SECONDS = 10 * 60, 30 * 60
TOO_MANY: Final = 429
NOBODY: Final = uuid.UUID("4d2c6d3b-5a58-4c0c-9a3f-6f0e6b1a9e11")
A_CODE: Final = re.compile(r"[A-Z0-9.]{3,35}-[0-9]{6,8}-[0-9]{4,8}")
Token = Annotated[str, Form(max_length=100)]


def add(routes: APIRouter, portal: Portal) -> None:
    """Two questions, one page, and an end."""
    _which(routes, portal)
    _proof(routes, portal)
    _shown(routes, portal)


def _which(routes: APIRouter, portal: Portal) -> None:
    pages, services, cookies = portal.pages, portal.services, portal.cookies

    @routes.get("/track", dependencies=PUBLIC)
    async def ask(request: Request) -> Response:
        """Which dossier?"""
        return pages.page(request, "track", form=True, typed="", wrong="")

    @routes.post("/track", dependencies=PUBLIC)
    async def send(request: Request, code: Annotated[str, Form(max_length=60)] = "", token: Token = "") -> Response:
        """Has a one-time code sent, if there is such a dossier."""
        must_be_ours(portal, request, token)
        normal = re.sub(r"\s", "", code).upper()
        if A_CODE.fullmatch(normal) is None:
            return pages.page(request, "track", 422, form=True, typed=code, wrong="track.no_code")
        found = await services.timeline(normal)
        dossier = found["id"] if found else str(uuid.uuid5(NOBODY, normal))
        try:
            await services.send_code(dossier, request.client.host if request.client else "unknown")
        except Refused as refused:
            if refused.status != TOO_MANY:
                raise
            return pages.page(request, "track", TOO_MANY, form=True, typed=code, wrong="track.too_often")
        answer = pages.go(request, "/track/code")
        cookies.seal(answer, ASKED, {"code": normal, "dossier": dossier}, ASKING_SECONDS)
        return answer


def _proof(routes: APIRouter, portal: Portal) -> None:
    pages, services, cookies = portal.pages, portal.services, portal.cookies

    @routes.get("/track/code", dependencies=PUBLIC)
    async def ask_code(request: Request) -> Response:
        """Which one-time code?"""
        asked = cookies.unseal(request, ASKED)
        if asked is None:
            return pages.go(request, "/track")
        return pages.page(request, "track_code", form=True, code=asked["code"], wrong="")

    @routes.post("/track/code", dependencies=PUBLIC)
    async def check(request: Request, digits: Annotated[str, Form(max_length=20)] = "", token: Token = "") -> Response:
        """Right once, in five minutes and five tries."""
        must_be_ours(portal, request, token)
        asked = cookies.unseal(request, ASKED)
        if asked is None:
            return pages.go(request, "/track")
        typed = re.sub(r"\s", "", digits)
        six = re.fullmatch(r"[0-9]{6}", typed) is not None
        if not six or not await services.right_code(asked["dossier"], typed):
            wrong = "track.wrong_code" if six else "track.six_digits"
            return pages.page(request, "track_code", 422, form=True, code=asked["code"], wrong=wrong)
        answer = pages.go(request, "/track/dossier")
        cookies.drop(answer, ASKED)
        cookies.seal(answer, PROVED, {"code": asked["code"]}, PROVED_SECONDS)
        return answer


def _shown(routes: APIRouter, portal: Portal) -> None:
    pages, services, cookies = portal.pages, portal.services, portal.cookies

    @routes.get("/track/dossier", dependencies=PUBLIC)
    async def show(request: Request) -> Response:
        """Where it stands."""
        proved = cookies.unseal(request, PROVED)
        whole = await services.timeline(proved["code"]) if proved else None
        if whole is None:
            return pages.go(request, "/track")
        listed = {one["code"]: one["name"] for one in await services.procedures()}
        it = followed(whole, language_of(request))
        live = f"/track/live?seen={digest(whole)}"
        return pages.page(
            request, "dossier", form=True, script=True, it=it, procedure=listed.get(whole["procedure"]), live=live
        )

    @routes.post("/track/end", dependencies=PUBLIC)
    async def end(request: Request, token: Token = "") -> Response:
        """On a computer that others use too."""
        must_be_ours(portal, request, token)
        answer = pages.go(request, "/track")
        cookies.drop(answer, PROVED)
        return answer
