"""Money: what waits for an accountant or a leader, the invoices of a dossier, and differences in a day's books."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.desk.asked import back
from services.portal.api.desk.errands import Subject, ask, do, named
from services.portal.api.own import an_id
from services.portal.api.signing import officer
from services.portal.desk.books import WAITS, Money, differences, money_of, title
from services.portal.desk.errands import MONEY, RESOLVE, at_hand
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.sessions import Account
from services.portal.texts import text

PUBLIC: Final = [Depends(public)]
BOOKS: Final = ("accountant", "leader")
ROLES: Final = ("clerk", *BOOKS)
ERRANDS: Final = {one.slug: one for one in MONEY}


def add(routes: APIRouter, portal: Portal) -> None:
    """The queue, the invoices of a dossier with each errand, and the books of a day."""
    _queue(routes, portal)
    _dossier(routes, portal)
    _books(routes, portal)


def _queue(routes: APIRouter, portal: Portal) -> None:
    desks = portal.desks

    @routes.get("/desk/money", dependencies=PUBLIC)
    async def queue(request: Request) -> Response:
        """Everything that waits for a person, by what it waits for."""
        account, language = await officer(portal, request, *BOOKS), language_of(request)
        *found, days = await asyncio.gather(
            *(desks.waiting(account.token, waits) for waits in WAITS), desks.days(account.token)
        )
        lists = {waits: money_of(invoices, language) for waits, invoices in zip(WAITS, found, strict=True) if invoices}
        shown = differences(days, language)
        return back(portal, request, "/desk/money", "desk_money", account=account, lists=lists, days=shown)


def _dossier(routes: APIRouter, portal: Portal) -> None:
    desks = portal.desks

    async def subject_of(request: Request, account: Account, dossier: str) -> Subject:
        invoices = await desks.invoices(account.token, an_id(dossier))
        if not invoices:
            raise Problem(404, "not_found", "There is nothing to pay")
        language = language_of(request)
        found = money_of(invoices, language)
        left = text(language, "pay.outstanding")
        facts = tuple((one.name, f"{one.total} ({left}: {one.outstanding})") for one in found)
        number = ((text(language, "my.code"), found[0].number),)
        home = f"/desk/money/{dossier}"
        return Subject(home, desks.payment_of(dossier), {"invoices": invoices}, (*number, *facts))

    @routes.get("/desk/money/{dossier}", dependencies=PUBLIC)
    async def show(request: Request, dossier: str) -> Response:
        """What was asked for, what came, what went back; and what there is to do."""
        account, language = await officer(portal, request, *ROLES), language_of(request)
        subject = await subject_of(request, account, dossier)
        found: tuple[Money, ...] = money_of(subject.state["invoices"], language)
        errands = at_hand(MONEY, account.roles, subject.state, language)
        return back(
            portal, request, subject.home, "desk_invoices", account=account, found=found, errands=errands,
            subject=subject, dossier=dossier,
        )  # fmt: skip

    @routes.get("/desk/money/{dossier}/{slug}", dependencies=PUBLIC)
    async def before(request: Request, dossier: str, slug: str) -> Response:
        """What follows from an errand, and what it needs."""
        account = await officer(portal, request, *ROLES)
        errand = named(ERRANDS, slug, account)
        return await ask(portal, request, account, await subject_of(request, account, dossier), errand)

    @routes.post("/desk/money/{dossier}/{slug}", dependencies=PUBLIC)
    async def act(request: Request, dossier: str, slug: str) -> Response:
        """Done; or what is in the way."""
        account = await officer(portal, request, *ROLES)
        errand = named(ERRANDS, slug, account)
        return await do(portal, request, account, await subject_of(request, account, dossier), errand)


def _books(routes: APIRouter, portal: Portal) -> None:
    async def subject_of(request: Request, account: Account, method: str, day: str) -> Subject:
        state = await portal.desks.day(account.token, method, day)
        if state is None:
            raise Problem(404, "not_found", "That day was not compared")
        language = language_of(request)
        facts = ((text(language, "desk.day"), title(state, language)),)
        return Subject("/desk/money", portal.desks.books_of(method, day), state, facts)

    @routes.get("/desk/books/{method}/{day}", dependencies=PUBLIC)
    async def before(request: Request, method: str, day: str) -> Response:
        """Which difference, and how it was resolved."""
        account = await officer(portal, request, *RESOLVE.roles)
        return await ask(portal, request, account, await subject_of(request, account, method, day), RESOLVE)

    @routes.post("/desk/books/{method}/{day}", dependencies=PUBLIC)
    async def act(request: Request, method: str, day: str) -> Response:
        """Resolved; or what is in the way."""
        account = await officer(portal, request, *RESOLVE.roles)
        return await do(portal, request, account, await subject_of(request, account, method, day), RESOLVE)
