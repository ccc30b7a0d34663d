"""The result of a dossier and its way to the applicant: the desk, the registrar, and the leader who takes one back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.desk.asked import back
from services.portal.api.desk.errands import Subject, ask, do, named
from services.portal.api.own import an_id
from services.portal.api.signing import officer
from services.portal.desk.errands import DELIVERY, at_hand, envelope, loss
from services.portal.desk.lists import line
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.sessions import Account
from services.portal.texts import known, text

PUBLIC: Final = [Depends(public)]
ROLES: Final = ("clerk", "registrar", "leader")
ERRANDS: Final = {one.slug: one for one in DELIVERY}


def add(routes: APIRouter, portal: Portal) -> None:
    """The page, its documents, and each errand."""
    pages, desks = portal.pages, portal.desks

    @routes.get("/desk/dossiers/{dossier}/result", dependencies=PUBLIC)
    async def show(request: Request, dossier: str) -> Response:
        """Where it is, and what there is to do about it."""
        account, language = await officer(portal, request, *ROLES), language_of(request)
        subject = await _subject(portal, request, account, dossier)
        errands = at_hand(DELIVERY, account.roles, subject.state, language)
        return back(
            portal, request, subject.home, "desk_result", account=account, subject=subject, errands=errands,
            dossier=dossier,
        )  # fmt: skip

    @routes.get("/desk/dossiers/{dossier}/results/{code}", dependencies=PUBLIC)
    async def document(request: Request, dossier: str, code: str) -> Response:
        """A document that was issued, as it was signed (PDF)."""
        account = await officer(portal, request, *ROLES)
        content = await desks.result(account.token, an_id(dossier), code)
        if content is None:
            raise Problem(404, "not_found", "There is no such document")
        answer = pages.file(content, "application/pdf", "ket-qua.pdf")
        answer.headers["cache-control"] = "no-store"
        return answer

    @routes.get("/desk/dossiers/{dossier}/result/{slug}", dependencies=PUBLIC)
    async def before(request: Request, dossier: str, slug: str) -> Response:
        """What follows from an errand, and what it needs."""
        account = await officer(portal, request, *ROLES)
        errand = named(ERRANDS, slug, account)
        return await ask(portal, request, account, await _subject(portal, request, account, dossier), errand)

    @routes.post("/desk/dossiers/{dossier}/result/{slug}", dependencies=PUBLIC)
    async def act(request: Request, dossier: str, slug: str) -> Response:
        """Done; or what is in the way."""
        account = await officer(portal, request, *ROLES)
        errand = named(ERRANDS, slug, account)
        return await do(portal, request, account, await _subject(portal, request, account, dossier), errand)


async def _subject(portal: Portal, request: Request, account: Account, dossier: str) -> Subject:
    """Raises Problem 404."""
    desks, language = portal.desks, language_of(request)
    whole, state = await asyncio.gather(
        desks.dossier(account.token, an_id(dossier)), desks.delivery(account.token, an_id(dossier))
    )
    if whole is None or state is None:
        raise Problem(404, "not_found", "There is no such dossier")
    said = [("desk.result", text(language, f"desk.delivery.{state['status']}"))]
    said += [("procedure.ways", text(language, f"way.{state['way']}"))] if "way" in state else []
    for key, prefix in (("trouble", "desk.trouble"), ("held", "desk.held")):
        said += [("desk.trouble_title", known(language, f"{prefix}.{state[key]}", state[key]))] if key in state else []
    said += [("desk.ask.tracking", state["tracking"])] if "tracking" in state else []
    said += [("desk.at_desk", state["desk"]["name"])] if isinstance(state.get("desk"), dict) else []
    said += [("desk.loss", loss(one, language)) for one in (*state["cases"], *filter(None, (state.get("case"),)))]
    said += [("desk.papers", envelope(one, language)) for one in state["inbound"] if "tracking" in one]
    facts = (*line(whole, datetime.now(UTC), language).facts(language)[:2],
             *((text(language, key), value) for key, value in said))  # fmt: skip
    return Subject(f"/desk/dossiers/{dossier}/result", desks.delivery_of(dossier), state, facts)
