"""An officer's lists, what is due first; and finding one dossier among all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.api.desk.dossiers import InPlaceOf, absent_ones
from services.portal.api.forms import must_be_ours
from services.portal.api.signing import DESK, officer
from services.portal.desk.lists import BOXES, Line, lines
from services.portal.pages import language_of
from services.portal.parts import Portal
from services.portal.sessions import Account

PUBLIC: Final = [Depends(public)]
After = Annotated[str, Query(max_length=100)]
FIRST, EACH = 10, 50
"""Of a list: on the first page, and on each page of its own."""


@dataclass(frozen=True)
class Which:
    """A list: whose role, which of its lists; `absent`: the officer whose it is, if not one's own."""

    role: str
    name: str
    absent: str = ""


@dataclass(frozen=True)
class Box:
    """Some of a list; `more`: the cursor of what follows, empty at its end."""

    of: Which
    found: tuple[Line, ...]
    more: str


def add(routes: APIRouter, portal: Portal) -> None:
    """The lists, each by itself, and the search."""
    pages, desks = portal.pages, portal.desks

    async def box(request: Request, account: Account, of: Which, limit: int, after: str = "") -> Box:
        page = await desks.inbox(account.token, of.role, of.name, limit=limit, after=after, in_place_of=of.absent)
        return Box(of, lines(page.dossiers, datetime.now(UTC), language_of(request)), page.after)

    async def lent(account: Account) -> list[Which]:
        """The lists of those one stands in for; all but a specialist's are the same for everybody of that role."""
        if "specialist" not in account.roles:
            return []
        absent = [one for one in await absent_ones(portal, account) if one["role"] == "specialist"]
        return [Which("specialist", name, one["officer"]) for one in absent for name in BOXES["specialist"]]

    @routes.get(DESK, dependencies=PUBLIC)
    async def home(request: Request) -> Response:
        """The first of each list."""
        account = await officer(portal, request)
        own = [Which(role, name) for role, names in BOXES.items() if role in account.roles for name in names]
        found = await asyncio.gather(*(box(request, account, of, FIRST) for of in (*own, *await lent(account))))
        return pages.page(request, "desk_home", form=True, account=account, boxes=found)

    @routes.get("/desk/inbox/{role}/{name}", dependencies=PUBLIC)
    async def one(request: Request, role: str, name: str, after: After = "", absent: InPlaceOf = "") -> Response:
        """A whole list, page by page."""
        if name not in BOXES.get(role, ()):
            raise Problem(404, "not_found", "There is no such list")
        account = await officer(portal, request, role)
        found = await box(request, account, Which(role, name, absent), EACH, after)
        return pages.page(request, "desk_inbox", form=True, account=account, box=found)

    @routes.get("/desk/search", dependencies=PUBLIC)
    async def ask(request: Request) -> Response:
        """Which dossier?"""
        account = await officer(portal, request, *BOXES)
        return pages.page(request, "desk_search", form=True, account=account, typed="", found=None, more=False)

    @routes.post("/desk/search", dependencies=PUBLIC)
    async def search(
        request: Request,
        words: Annotated[str, Form(max_length=200)] = "",
        token: Annotated[str, Form(max_length=100)] = "",
    ) -> Response:
        """Answered at once and not under an address: what is looked for is personal, and addresses are kept."""
        account = await officer(portal, request, *BOXES)
        must_be_ours(portal, request, token)
        typed = words.strip()
        dossiers, more = await desks.search(account.token, typed) if typed else ([], False)
        found = lines(dossiers, datetime.now(UTC), language_of(request)) if typed else None
        return pages.page(request, "desk_search", form=True, account=account, typed=words, found=found, more=more)
