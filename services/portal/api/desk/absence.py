"""An officer who will be absent says who stands in for them, and from which day to which."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from chassis.http import public
from law.clock.hours import ZONE
from services.portal.api.forms import must_be_ours, texts_of
from services.portal.api.signing import officer
from services.portal.asking import Refused
from services.portal.desk.lists import BOXES
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.questions import Choice, Question
from services.portal.sessions import Account
from services.portal.texts import Language, known, text

PUBLIC: Final = [Depends(public)]
FIELDS: Final = (("to", "text"), ("role", "choice"), ("since", "date"), ("until", "date"))
GONE, UNFIT = 404, 422
Token = Annotated[str, Form(max_length=100)]


def add(routes: APIRouter, portal: Portal) -> None:
    """The page, naming somebody, and being back."""
    pages, desks = portal.pages, portal.desks

    async def page(
        request: Request, account: Account, given: dict[str, str], faults: dict[str, str], status: int = 200
    ) -> Response:
        asked = _questions(account, given, faults, language_of(request))
        found = await desks.delegation(account.token)
        wrong = tuple(one for one in asked if one.fault)
        return pages.page(
            request, "desk_absence", status, form=True, account=account, found=found, questions=asked, wrong=wrong
        )

    @routes.get("/desk/absence", dependencies=PUBLIC)
    async def show(request: Request) -> Response:
        """Who stands in, and for whom one does."""
        return await page(request, await officer(portal, request, *BOXES), {}, {})

    @routes.post("/desk/absence", dependencies=PUBLIC)
    async def name(request: Request) -> Response:
        """From the beginning of the first day to the end of the last."""
        account, language = await officer(portal, request, *BOXES), language_of(request)
        sent = {name: value.strip() for name, value in (await texts_of(request)).items()}
        must_be_ours(portal, request, sent.get("token", ""))
        body, faults = _filled(sent, language)
        if faults:
            return await page(request, account, sent, faults, UNFIT)
        try:
            await desks.delegate(account.token, body)
        except Refused as refused:
            if refused.status not in {403, UNFIT}:
                raise
            faults = _refused(refused, language)
            return await page(request, account, sent, faults, UNFIT)
        return pages.go(request, "/desk/absence")

    @routes.post("/desk/absence/end", dependencies=PUBLIC)
    async def end(request: Request, token: Token = "") -> Response:
        """Nobody stands in any more."""
        account = await officer(portal, request, *BOXES)
        must_be_ours(portal, request, token)
        try:
            await desks.end_delegation(account.token)
        except Refused as refused:
            if refused.status != GONE:
                raise
        return pages.go(request, "/desk/absence")


def _filled(sent: dict[str, str], language: Language) -> tuple[dict[str, str], dict[str, str]]:
    """What is sent, and what is missing or no day, by question."""
    faults = {name: text(language, "desk.missing") for name in ("to", "role", "until") if not sent.get(name)}
    days = {name: _day(sent[name]) for name in ("since", "until") if sent.get(name)}
    faults |= {name: text(language, "desk.no_day") for name, day in days.items() if day is None}
    last = {"since": timedelta(), "until": timedelta(days=1)}
    named = {name: sent[name] for name in ("to", "role") if sent.get(name)}
    return named | {name: (day + last[name]).isoformat() for name, day in days.items() if day is not None}, faults


def _refused(refused: Refused, language: Language) -> dict[str, str]:
    """What is wrong, by question."""
    fields = [str(one.get("field", "")) for one in refused.errors] or ["role"]
    other = text(language, "desk.wrong.other")
    return {field: known(language, f"desk.wrong.absence_{field}", other) for field in fields}


def _questions(
    account: Account, given: dict[str, str], faults: dict[str, str], language: Language
) -> tuple[Question, ...]:
    roles = tuple(Choice(role, text(language, f"desk.role.{role}")) for role in BOXES if role in account.roles)
    return tuple(
        Question(
            name=name,
            label=text(language, f"desk.absence.{name}"),
            kind=kind,
            value=given.get(name, roles[0].value if name == "role" and len(roles) == 1 else ""),
            hint=known(language, f"desk.absence.{name}_hint", ""),
            required=name != "since",
            choices=roles if kind == "choice" else (),
            fault=faults.get(name, ""),
        )
        for name, kind in FIELDS
    )


def _day(written: str) -> datetime | None:
    """The beginning of a local day; None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(written), time(), ZONE)
    except ValueError:
        return None
