"""Filing for somebody at the counter: the applicant agrees first, and how and when is kept with the dossier.

Nothing is kept of it before it is filed: a page that is left is gone, and files have to be chosen again where something
was wrong.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from chassis.http import Problem, public
from law.clock.hours import local
from services.portal.api.desk.asked import UNFIT, done, key_in, token_in
from services.portal.api.forms import must_be_ours, texts_of
from services.portal.api.signing import officer
from services.portal.asking import PartnerError, Refused
from services.portal.desk.assisting import EMPTY, Basis, agreed_at, answered, asked, consent, filing, missing, said
from services.portal.desk.commands import hindrance
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.procedures import by_field
from services.portal.questions import Question, Section
from services.portal.sessions import Account
from services.portal.texts import text

PUBLIC: Final = [Depends(public)]
CLERK: Final = "clerk"
PAPER: Final = "documents."
BAD: Final = frozenset({400, 408, 409, 413, UNFIT, 429})
"""What submission may say of a file or of the filing that whoever sent it can put right."""


@dataclass(frozen=True)
class Form:
    """The page: the consent, then every topic. `faults`: by question, of documents too; `fault`: all else."""

    procedure: Mapping[str, Any]
    agreed: Section
    parts: tuple[Section, ...]
    faults: Mapping[str, str]
    fault: str
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def wrong(self) -> tuple[Question, ...]:
        """What is to be put right."""
        questions = [one for part in (self.agreed, *self.parts) for one in part.questions if one.fault]
        papers = [paper for part in self.parts for paper in part.papers]
        faulty = [(f"{PAPER}{paper.code}", paper.name) for paper in papers]
        found = [
            Question(name, label, "file", fault=self.faults[name]) for name, label in faulty if name in self.faults
        ]
        return (*questions, *found)


@dataclass(frozen=True)
class Sent:
    """What was typed, what is wrong with it by question, and why it was not filed."""

    given: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


def add(routes: APIRouter, portal: Portal) -> None:
    """Which procedure, and one page for the rest."""
    pages, services = portal.pages, portal.services

    @routes.get("/desk/assist", dependencies=PUBLIC)
    async def choose(request: Request) -> Response:
        """Every procedure, by field."""
        account = await officer(portal, request, CLERK)
        groups = by_field(await services.procedures(), language_of(request))
        return pages.page(request, "desk_assist", form=True, account=account, groups=groups)

    @routes.get("/desk/assist/{code}", dependencies=PUBLIC)
    async def ask(request: Request, code: str) -> Response:
        """What to read out to the applicant, and everything that is asked."""
        account = await officer(portal, request, CLERK)
        return await _page(portal, request, account, code, Sent())

    @routes.post("/desk/assist/{code}", dependencies=PUBLIC)
    async def file(request: Request, code: str) -> Response:
        """The dossier; or what is wrong, with everything that was typed."""
        account, language = await officer(portal, request, CLERK), language_of(request)
        given = await texts_of(request)
        must_be_ours(portal, request, token_in(given))
        key = key_in(given)
        parts = asked(await _basis(portal, code), EMPTY, {}, language)
        faults = missing((consent(given, {}, local(datetime.now(UTC)), language), *parts), given, language)
        at, account_of = agreed_at(given), given.get("account", "").strip()
        if at is None:
            faults |= {"consented_time": text(language, "desk.assist.no_time")}
        if faults:
            return await _page(portal, request, account, code, Sent(given, faults))
        put = list[dict[str, str]]()
        try:
            for name, upload in _uploads(await request.form()):
                id_ = await _brought(portal, account, account_of or f"desk:{account.sub}", name, upload)
                put.append({"code": name.removeprefix(PAPER), "file": id_})
            whole = filing(code, answered(parts, given), put)
            agreed = {"consent": given["consent"], "consented_at": at, "account": account_of or None}
            dossier = await portal.desks.assist(account.token, {"filing": whole, **agreed}, key)
        except PartnerError as error:
            for one in put:
                await services.remove_file(account.token, one["file"])
            if not isinstance(error, Refused) or error.status not in BAD:
                raise
            faults = said(error.faults(language), [one["code"] for one in put])
            return await _page(portal, request, account, code, Sent(given, faults, hindrance(error.code, language)))
        return done(portal, request, f"/desk/dossiers/{dossier}", "assist")


async def _brought(portal: Portal, account: Account, owner: str, name: str, upload: UploadFile) -> str:
    """The id of a file. Raises Refused, of the question it answers."""
    id_ = str(uuid.uuid4())
    try:
        await portal.services.put_file(account.token, id_, str(upload.filename), upload, owner)
    except Refused as refused:
        raise refused.about(name) from refused
    return id_


async def _basis(portal: Portal, code: str) -> Basis:
    """Raises Problem 404."""
    services = portal.services
    procedure, schema, places = await asyncio.gather(services.procedure(code), services.form(code), services.units())
    if procedure is None or schema is None:
        raise Problem(404, "not_found", "There is no such procedure")
    return Basis(procedure, schema, places)


async def _page(portal: Portal, request: Request, account: Account, code: str, sent: Sent) -> Response:
    language = language_of(request)
    basis = await _basis(portal, code)
    content = answered(asked(basis, EMPTY, {}, language), sent.given)
    form = Form(
        procedure=basis.procedure,
        agreed=consent(sent.given, sent.faults, local(datetime.now(UTC)), language),
        parts=asked(basis, content, sent.faults, language),
        faults=sent.faults,
        fault=sent.fault,
    )
    status = UNFIT if sent.faults or sent.fault else 200
    return portal.pages.page(request, "desk_assisting", status, form=True, account=account, it=form)


def _uploads(sent: FormData) -> list[tuple[str, UploadFile]]:
    """The files that were chosen, by the name of their input."""
    return [(name, file) for name, file in sent.items() if isinstance(file, UploadFile) and file.filename]
