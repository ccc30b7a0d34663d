"""One command on one dossier: what follows from it is said, what it needs is asked, and then it is done once.

Invariants:
    - It is done on the dossier as the officer saw it: one that has changed is looked at again, with what was typed
      kept.
    - A page is one command: sent twice, it is the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.desk.asked import CHANGED, TOLD, UNFIT, Asked, done, key_in, page, refusal, token_in
from services.portal.api.desk.dossiers import InPlaceOf, Seen, seen
from services.portal.api.forms import must_be_ours, texts_of
from services.portal.api.own import an_id
from services.portal.api.signing import officer
from services.portal.asking import Refused
from services.portal.desk.asks import filled, questions
from services.portal.desk.commands import BY_SLUG, Act, at_fault, marked, marks, offers, original
from services.portal.desk.lists import BOXES
from services.portal.desks import AsSeen
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.questions import Choice
from services.portal.sessions import Account
from services.portal.texts import Language, text
from services.portal.words import named, unit

PUBLIC: Final = [Depends(public)]
FORBIDDEN: Final = 403
LONGEST: Final = 9
"""Digits of a revision."""


@dataclass(frozen=True)
class Given:
    """What was sent: answers by question, what is wrong with them, and why it was not done.

    `revision`: of the dossier as it was seen; `absent`: the officer it is done for.
    """

    dossier: str
    answers: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""
    revision: int | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


def add(routes: APIRouter, portal: Portal) -> None:
    """The page of each command, and doing it."""

    @routes.get("/desk/dossiers/{dossier}/originals/{file}", dependencies=PUBLIC)
    async def before_original(request: Request, dossier: str, file: str) -> Response:
        """What it means to have seen the paper of a document."""
        account = await officer(portal, request, *BOXES)
        return await _shown(portal, request, account, original(an_id(file)), Given(dossier))

    @routes.post("/desk/dossiers/{dossier}/originals/{file}", dependencies=PUBLIC)
    async def see_original(request: Request, dossier: str, file: str) -> Response:
        """The paper and the file are the same."""
        return await _done(portal, request, original(an_id(file)), dossier)

    @routes.get("/desk/dossiers/{dossier}/{slug}", dependencies=PUBLIC)
    async def before(request: Request, dossier: str, slug: str, absent: InPlaceOf = "") -> Response:
        """What follows from it, and what it needs."""
        account = await officer(portal, request, *BOXES)
        return await _shown(portal, request, account, _act(slug), Given(dossier, absent=absent))

    @routes.post("/desk/dossiers/{dossier}/{slug}", dependencies=PUBLIC)
    async def do(request: Request, dossier: str, slug: str) -> Response:
        """Done; or what is in the way, with everything that was typed."""
        return await _done(portal, request, _act(slug), dossier)


async def _shown(
    portal: Portal, request: Request, account: Account, act: Act, given: Given, *, status: int = 200
) -> Response:
    asked = await _asked(portal, request, account, act, given)
    if asked is None:
        return portal.pages.go(request, f"/desk/dossiers/{given.dossier}")
    return page(portal, request, account, asked, status)


async def _done(portal: Portal, request: Request, act: Act, dossier: str) -> Response:
    account = await officer(portal, request, *BOXES)
    sent, language = await texts_of(request), language_of(request)
    must_be_ours(portal, request, token_in(sent))
    as_seen = AsSeen(_revision(sent), key_in(sent))
    given = Given(dossier, sent, sent.get("absent", ""), as_seen.revision)
    body, faults = filled(act.asks, sent, language)
    if act.marks:
        it = await seen(portal, request, account, dossier)
        body = {"items": marked(marks(it.answers, it.documents, sent, language))}
        given = replace(given, fault="" if body["items"] else text(language, "desk.nothing_marked"))
    if faults or given.fault:
        return await _shown(portal, request, account, act, replace(given, faults=faults), status=UNFIT)
    try:
        await portal.desks.act(account.token, dossier, act.path, body, seen=as_seen, in_place_of=given.absent)
    except Refused as refused:
        if refused.status not in TOLD:
            raise
        fault, faults = refusal(refused, act.slug, language)
        given = replace(given, fault=fault, faults=faults)
        if refused.status == CHANGED:  # it is seen anew
            given = replace(given, fault=text(language, "desk.changed"), revision=None)
        return await _shown(portal, request, account, act, given, status=refused.status)
    return done(portal, request, f"/desk/dossiers/{dossier}", act.slug)


async def _asked(portal: Portal, request: Request, account: Account, act: Act, given: Given) -> Asked | None:
    """None where this cannot be done and nobody tried to. Raises Problem 404."""
    dossier, language = given.dossier, language_of(request)
    it = await seen(portal, request, account, dossier)
    found = await _commands(portal, account, dossier, given.absent)
    offer = next(iter(offers(found["commands"], language, (act,))), None)
    if offer is None and not given.fault:
        return None
    home = f"/desk/dossiers/{dossier}"
    shown = marks(it.answers, it.documents, given.answers, language) if act.marks else ()
    for name in given.faults if act.marks else ():
        shown = at_fault(shown, name, language)
    units = tuple(Choice(one, unit(one, language)) for one in found["units"])
    return Asked(
        slug=act.slug,
        home=home,
        action=request.scope["path"],
        facts=(*it.line.facts(language), *await _about(portal, account, act, it, language)),
        questions=questions(act.asks, {"unit": units}, given.answers, given.faults, language),
        marks=shown,
        possible=offer is not None and not offer.hindrance,
        hindrance=offer.hindrance if offer is not None else "",
        fault=given.fault,
        absent=given.absent,
        hidden={"revision": str(it.whole["revision"] if given.revision is None else given.revision)},
    )


async def _about(
    portal: Portal, account: Account, act: Act, it: Seen, language: Language
) -> tuple[tuple[str, str], ...]:
    """What it answers or ends; nothing where there is none, or where it is withheld."""
    match act.about:
        case "step":
            said = named(it.whole["step"], language) if it.whole["step"] else ""
        case "stage":
            said = it.stage
        case "complaint":
            made = None if it.withheld else await portal.desks.complaint(account.token, it.whole["id"])
            said = made["text"] if made else ""
        case _:
            said = ""
    return ((text(language, f"desk.about.{act.about}"), said),) if said else ()


async def _commands(portal: Portal, account: Account, dossier: str, in_place_of: str) -> dict[str, Any]:
    """Raises Problem 404 where that absent officer asked for nobody, or for somebody else."""
    try:
        return await portal.desks.commands(account.token, dossier, in_place_of)
    except Refused as refused:
        if in_place_of and refused.status == FORBIDDEN:
            raise Problem(404, "not_found", "They did not ask you to stand in") from refused
        raise


def _act(slug: str) -> Act:
    """Raises Problem 404."""
    found = BY_SLUG.get(slug)
    if found is None:
        raise Problem(404, "not_found", "There is no such command")
    return found


def _revision(sent: Mapping[str, str]) -> int:
    """Raises Problem 404 for a form that is not as it was given."""
    found = sent.get("revision", "")
    if not (found.isascii() and found.isdecimal() and len(found) <= LONGEST):
        raise Problem(404, "not_found", "This is no form of ours")
    return int(found)
