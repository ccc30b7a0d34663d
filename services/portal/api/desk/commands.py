"""One command on one dossier: what follows from it is said, what it needs is asked, and then it is done once.

Invariants:
    - It is done on the dossier as the officer saw it: one that has changed is looked at again, with what was typed
      kept.
    - A page is one command: sent twice, it is the same one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.desk.dossiers import DONE, DONE_SECONDS, Seen, seen
from services.portal.api.forms import must_be_ours
from services.portal.api.signing import officer
from services.portal.asking import Refused
from services.portal.desk.commands import (
    BY_SLUG,
    Act,
    Mark,
    Offer,
    at_fault,
    filled,
    hindrance,
    marked,
    marks,
    offers,
    questions,
)
from services.portal.desk.lists import BOXES
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.questions import Question
from services.portal.seals import TOKEN
from services.portal.sessions import Account
from services.portal.texts import known, text

PUBLIC: Final = [Depends(public)]
CHANGED: Final = 412
UNFIT: Final = 422
TOLD: Final = frozenset({403, 409, CHANGED, UNFIT})
"""Refusals that are told on the page of the command."""
LONGEST: Final = 9
"""Digits of a revision."""


@dataclass(frozen=True)
class Given:
    """What was sent: answers by question, what is wrong with them, and why it was not done.

    `revision`: of the dossier as it was seen.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    revision: int | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True)
class Asked:
    """The page. `offer`: none where this cannot be done any more; `key`: of the request that it sends."""

    it: Seen
    act: Act
    offer: Offer | None
    questions: tuple[Question, ...]
    marks: tuple[Mark, ...]
    revision: int
    fault: str
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def wrong(self) -> tuple[Question, ...]:
        """What is to be put right."""
        return tuple(one for one in (*self.questions, *(mark.why for mark in self.marks)) if one.fault)


def add(routes: APIRouter, portal: Portal) -> None:
    """The page of each command, and doing it."""
    pages, desks = portal.pages, portal.desks

    async def page(request: Request, account: Account, act: Act, given: Given, status: int = 200) -> Response:
        dossier, language = request.path_params["dossier"], language_of(request)
        it = await seen(portal, request, account, dossier)
        found = await desks.commands(account.token, dossier)
        offer = next((one for one in offers(found["commands"], language) if one.act is act), None)
        if offer is None and not given.fault:
            return pages.go(request, f"/desk/dossiers/{dossier}")
        shown = marks(it.answers, it.documents, given.answers, language) if act.marks else ()
        for name in given.faults if act.marks else ():
            shown = at_fault(shown, name, language)
        asked = Asked(
            it=it,
            act=act,
            offer=offer,
            questions=questions(act, found["units"], given.answers, given.faults, language),
            marks=shown,
            revision=it.whole["revision"] if given.revision is None else given.revision,
            fault=given.fault,
        )
        return pages.page(request, "desk_command", status, form=True, account=account, asked=asked, dossier=dossier)

    @routes.get("/desk/dossiers/{dossier}/{slug}", dependencies=PUBLIC)
    async def before(request: Request, dossier: str, slug: str) -> Response:  # noqa: ARG001 - `page` reads it
        """What follows from it, and what it needs."""
        return await page(request, await officer(portal, request, *BOXES), _act(slug), Given())

    @routes.post("/desk/dossiers/{dossier}/{slug}", dependencies=PUBLIC)
    async def do(request: Request, dossier: str, slug: str) -> Response:
        """Done; or what is in the way, with everything that was typed."""
        account, act = await officer(portal, request, *BOXES), _act(slug)
        sent = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        must_be_ours(portal, request, sent.get(TOKEN, ""))
        given, language = Given(sent, _revision(sent)), language_of(request)
        body, faults = filled(act, sent, language)
        if act.marks:
            it = await seen(portal, request, account, dossier)
            body = {"items": marked(marks(it.answers, it.documents, sent, language))}
            given = replace(given, fault="" if body["items"] else text(language, "desk.nothing_marked"))
        if faults or given.fault:
            return await page(request, account, act, replace(given, faults=faults), UNFIT)
        try:
            await desks.act(account.token, dossier, act.path, body, revision=given.revision or 0, key=_key(sent))
        except Refused as refused:
            if refused.status not in TOLD:
                raise
            return await page(request, account, act, _refused(given, refused, request), refused.status)
        answer = pages.go(request, f"/desk/dossiers/{dossier}")
        portal.cookies.seal(answer, DONE, {"dossier": dossier, "slug": act.slug}, DONE_SECONDS)
        return answer


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


def _key(sent: Mapping[str, str]) -> str:
    """Raises Problem 404 for a form that is not as it was given."""
    try:
        return uuid.UUID(sent.get("key", "")).hex
    except ValueError:
        raise Problem(404, "not_found", "This is no form of ours") from None


def _refused(given: Given, refused: Refused, request: Request) -> Given:
    """What was sent, and why it was not done. A dossier that has changed is seen anew."""
    language = language_of(request)
    if refused.status == CHANGED:
        return replace(given, revision=None, fault=text(language, "desk.changed"))
    other = text(language, "desk.wrong.other")
    names = [str(one.get("field", "")) for one in refused.errors]
    faults = {name: known(language, f"desk.wrong.{name}", other) for name in names}
    return replace(given, faults=faults, fault=hindrance(refused.code, language))
