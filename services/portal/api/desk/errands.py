"""An errand at delivery or payment: its page, and doing it once. Whether there is occasion for it its state says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from chassis.http import Problem
from services.portal.api.desk.asked import TOLD, UNFIT, Asked, done, key_in, page, refusal, token_in
from services.portal.api.forms import must_be_ours, texts_of
from services.portal.asking import Refused
from services.portal.desk.asks import filled, questions
from services.portal.desk.errands import Errand, State, address
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.questions import Question
from services.portal.sessions import Account
from services.portal.texts import known, text

SCAN: Final = "scan"
TOO_LARGE: Final = 413


@dataclass(frozen=True)
class Subject:
    """What errands are about: its page, its address at the service, its state, and what a page says it is."""

    home: str
    url: str
    state: State
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wrong:
    """What was in the way: in words, and by question."""

    fault: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)


async def ask(portal: Portal, request: Request, account: Account, subject: Subject, errand: Errand) -> Response:
    """The page of an errand; where there is no occasion for it, the page it came from."""
    if errand.choices(subject.state, language_of(request)) is None:
        return portal.pages.go(request, subject.home)
    return page(portal, request, account, _asked(request, subject, errand, {}, Wrong()))


async def do(portal: Portal, request: Request, account: Account, subject: Subject, errand: Errand) -> Response:
    """Done; or what is in the way, with everything that was typed."""
    sent, language = await texts_of(request), language_of(request)
    must_be_ours(portal, request, token_in(sent))
    key = key_in(sent)
    body, faults = filled(errand.asks, sent, language)
    scan = await _scan(request) if errand.scan else None
    if scan == b"":
        faults[SCAN] = text(language, "desk.no_scan")
    if faults:
        return page(portal, request, account, _asked(request, subject, errand, sent, Wrong("", faults)), UNFIT)
    path, given = address(errand, body)
    try:
        if scan is None:
            await portal.desks.errand(account.token, f"{subject.url}/{path}", given, key)
        else:
            await portal.desks.scan(account.token, f"{subject.url}/{path}", given, scan, key)
    except Refused as refused:
        if refused.status not in {*TOLD, TOO_LARGE}:
            raise
        wrong = Wrong(*refusal(refused, errand.slug, language))
        if scan is not None and refused.status in {TOO_LARGE, UNFIT} and not refused.errors:  # of the body itself
            wrong = Wrong(wrong.fault, {SCAN: known(language, f"desk.wrong.scan_{refused.code}", wrong.fault)})
        return page(portal, request, account, _asked(request, subject, errand, sent, wrong), refused.status)
    return done(portal, request, subject.home, errand.slug)


def named(errands: Mapping[str, Errand], slug: str, account: Account) -> Errand:
    """Raises Problem 404 for one that is not this officer's."""
    found = errands.get(slug)
    if found is None or set(found.roles).isdisjoint(account.roles):
        raise Problem(404, "not_found", "There is no such errand")
    return found


async def _scan(request: Request) -> bytes:
    """Empty where none was chosen."""
    file = (await request.form()).get(SCAN)
    return await file.read() if isinstance(file, UploadFile) else b""


def _asked(request: Request, subject: Subject, errand: Errand, sent: Mapping[str, str], wrong: Wrong) -> Asked:
    language = language_of(request)
    choices = errand.choices(subject.state, language)
    faults: dict[str, Any] = dict(wrong.faults)
    asked = questions(errand.asks, choices or {}, sent, faults, language)
    if errand.scan:
        label = text(language, "desk.ask.scan")
        asked = (*asked, Question(SCAN, label, "pdf", required=True, fault=faults.get(SCAN, "")))
    return Asked(
        slug=errand.slug,
        home=subject.home,
        action=request.scope["path"],
        facts=subject.facts,
        questions=asked,
        possible=choices is not None,
        fault=wrong.fault,
        file=errand.scan,
    )
