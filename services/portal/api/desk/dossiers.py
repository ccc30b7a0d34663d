"""One dossier: the form beside the documents, what happened, and what may be done now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from chassis.http import Problem, public
from services.portal.api.desk.asked import back
from services.portal.api.own import an_id
from services.portal.api.signing import officer
from services.portal.asking import Refused, Unavailable
from services.portal.desk.commands import offers
from services.portal.desk.dossier import Answer, Document, answers, documents, history, people, stage
from services.portal.desk.lists import BOXES, Line, line, lines
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.sessions import Account

PUBLIC: Final = [Depends(public)]
InPlaceOf = Annotated[str, Query(alias="for", max_length=100)]
"""The absent officer that somebody acts for."""
WITHHELD: Final = frozenset({403, 410})
"""Content that is restricted, or erased."""
PASSED_ON: Final = ("content-type", "content-length", "content-disposition", "content-security-policy")


@dataclass(frozen=True)
class Seen:
    """A dossier, and what was filed in it. `stage`: of its term; `withheld`: why what was filed is not shown."""

    whole: dict[str, Any]
    line: Line
    people: dict[str, tuple[Answer, ...]]
    answers: tuple[Answer, ...]
    documents: tuple[Document, ...]
    stage: str = ""
    withheld: str = ""


async def seen(portal: Portal, request: Request, account: Account, dossier: str) -> Seen:
    """Raises Problem 404."""
    desks, services, language = portal.desks, portal.services, language_of(request)
    whole = await desks.dossier(account.token, an_id(dossier))
    if whole is None:
        raise Problem(404, "not_found", "There is no such dossier")
    content, files, procedure, schema, places = await asyncio.gather(
        _content(portal, account, dossier),
        desks.files(account.token, dossier),
        services.procedure(whole["procedure"]),
        services.form(whole["procedure"]),
        services.units(),
    )
    shown = line(whole, datetime.now(UTC), language)
    papers = documents(files, procedure or {"documents": ()}, language)
    present = stage(whole, procedure or {}, language)
    if isinstance(content, Refused):
        return Seen(whole, shown, {}, (), papers, present, content.code)
    said = answers(content, schema or {"properties": {}, "required": ()}, language)
    return Seen(whole, shown, people(content, places, language), said, papers, present)


async def _content(portal: Portal, account: Account, dossier: str) -> dict[str, Any] | Refused:
    try:
        return await portal.desks.content(account.token, dossier)
    except Refused as refused:
        if refused.status in WITHHELD:
            return refused
        raise


async def _timeline(portal: Portal, account: Account, dossier: str) -> list[dict[str, Any]] | None:
    """None while tracking is away or has not heard of it: the rest of the page is worth showing."""
    try:
        found = await portal.desks.timeline(account.token, dossier)
    except Unavailable:
        return None
    return None if found is None else found["entries"]


async def absent_ones(portal: Portal, account: Account) -> list[dict[str, Any]]:
    """For whom this officer stands in now."""
    found = await portal.desks.delegation(account.token)
    now = datetime.now(UTC)
    return [one for one in found["for_others"] if datetime.fromisoformat(one["since"]) <= now]


async def _turns(portal: Portal, account: Account, dossier: str) -> dict[str, list[dict[str, Any]]]:
    """What this officer may do: themselves (under no name), and for each absent one they stand in for."""
    names = ["", *(one["officer"] for one in await absent_ones(portal, account))]
    found = await asyncio.gather(*(portal.desks.commands(account.token, dossier, name) for name in names))
    return {name: one["commands"] for name, one in zip(names, found, strict=True)}


def add(routes: APIRouter, portal: Portal) -> None:
    """The page, and the documents on it."""
    desks = portal.desks

    @routes.get("/desk/dossiers/{dossier}", dependencies=PUBLIC)
    async def show(request: Request, dossier: str) -> Response:
        """Everything an officer decides by."""
        account, language = await officer(portal, request, *BOXES), language_of(request)
        it = await seen(portal, request, account, dossier)
        turns, entries, alike, complaint = await asyncio.gather(
            _turns(portal, account, dossier),
            _timeline(portal, account, dossier),
            desks.duplicates(account.token, dossier),
            desks.complaint(account.token, dossier) if not it.withheld else asyncio.sleep(0),
        )
        return back(
            portal, request, f"/desk/dossiers/{dossier}", "desk_dossier", account=account, it=it, dossier=dossier,
            complaint=complaint,
            turns={absent: offers(found, language) for absent, found in turns.items()},
            originals=any(one["name"] == "CheckOriginal" for one in turns[""]),
            entries=None if entries is None else history(entries, language),
            alike=lines(alike, datetime.now(UTC), language),
        )  # fmt: skip

    @routes.get("/desk/dossiers/{dossier}/files/{file}", dependencies=PUBLIC)
    async def content(request: Request, dossier: str, file: str) -> Response:
        """A document of it, to keep, as submission gives it out: never shown inside the portal's own origin."""
        account = await officer(portal, request, *BOXES)
        listed = await desks.files(account.token, an_id(dossier))
        if all(one["file"] != file for one in listed):
            raise Problem(404, "not_found", "There is no such document")
        headers, pieces = await desks.file(account.token, file)
        kept = {name: headers[name] for name in PASSED_ON if name in headers}
        return StreamingResponse(
            pieces, headers={**kept, "cache-control": "no-store", "x-content-type-options": "nosniff"}
        )
