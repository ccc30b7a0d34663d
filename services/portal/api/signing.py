"""Signing in and out. Who is asked to sign in comes back to where they were, and never to another's address."""

from __future__ import annotations

import hmac
import re
from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from chassis.http import Problem, public
from services.portal.api.forms import must_be_ours
from services.portal.identity import RETURN, Asked, NotLetIn, new_asked
from services.portal.pages import ENGLISH, language_of, path_in
from services.portal.parts import Portal
from services.portal.seals import SESSION
from services.portal.sessions import Account
from services.portal.texts import Language

PUBLIC: Final = [Depends(public)]
SIGNING: Final = "signing"
SIGNING_SECONDS: Final = 10 * 60
HOME: Final = "/my"
DESK: Final = "/desk"
OWN: Final = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", re.ASCII)
"""Our own paths: no host, no ``//``, no backslash, no query."""


class NotSignedIn(Exception):
    """`to`: where they wanted to be."""

    def __init__(self, to: str) -> None:
        super().__init__("this is for people who are signed in")
        self.to = to


class NotTheirs(Exception):
    """An officer at a page for those who file."""


def own_path(to: str) -> str:
    """`to`, if it is one of our own; else where one's dossiers are."""
    return to if OWN.fullmatch(to) and len(to) <= 200 else HOME  # noqa: PLR2004 - ours are short


def landing(to: str, account: Account, language: Language, *, citizens: bool) -> str:
    """`to`, unless it is for others than this account: then where their own things are. `citizens`: may file here."""
    bare = to.removeprefix(ENGLISH)
    if bare == DESK or bare.startswith(f"{DESK}/"):
        return to if account.officer else path_in(language, HOME)
    return to if account.citizen and citizens else path_in(language, DESK)


async def signed_in(portal: Portal, request: Request) -> Account:
    """Who files. Raises NotSignedIn, NotTheirs, StoreUnavailable."""
    account = await _anybody(portal, request)
    if not account.citizen:
        raise NotTheirs
    return account


async def officer(portal: Portal, request: Request, *roles: str) -> Account:
    """Who works here, in one of `roles` where any is named; to anybody else there is no such page.

    Raises NotSignedIn, StoreUnavailable, Problem 404.
    """
    account = await _anybody(portal, request)
    if not account.officer or (roles and set(roles).isdisjoint(account.roles)):
        raise Problem(404, "not_found", "There is no such page")
    return account


async def _anybody(portal: Portal, request: Request) -> Account:
    account = await portal.sessions.find(portal.cookies.get(request, SESSION))
    if account is None:
        raise NotSignedIn(path_in(language_of(request), request.scope["path"]))
    return account


async def posted(portal: Portal, request: Request, token: str) -> Account:
    """Who files, and sent a form that this browser was given. Raises as `signed_in`, and Problem 403."""
    account = await signed_in(portal, request)
    must_be_ours(portal, request, token)
    return account


def to_sign_in(request: Request, to: str) -> Response:
    """To the page that asks who they are, and back."""
    return RedirectResponse(f"{path_in(language_of(request), '/sign-in')}?to={to}", 303)


def add(routes: APIRouter, portal: Portal) -> None:
    """Out to the identity provider, back, and out."""
    pages, cookies, sessions, provider = portal.pages, portal.cookies, portal.sessions, portal.provider
    citizens = portal.settings.citizens

    @routes.get("/sign-in", dependencies=PUBLIC)
    async def begin(request: Request, to: Annotated[str, Query(max_length=400)] = HOME) -> Response:
        """Sends the browser to the identity provider."""
        asked = new_asked()
        answer = RedirectResponse(await provider.address(asked), 303, headers={"cache-control": "no-store"})
        what = {**asdict(asked), "to": own_path(to), "language": language_of(request)}
        cookies.seal(answer, SIGNING, what, SIGNING_SECONDS)
        return answer

    @routes.get(RETURN, dependencies=PUBLIC)
    async def back(
        request: Request,
        code: Annotated[str, Query(max_length=1000)] = "",
        state: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        """A new session under a new name; the one before is no more."""
        kept = cookies.unseal(request, SIGNING)
        if kept is None or not code or not hmac.compare_digest(kept["state"].encode(), state.encode()):
            return pages.page(request, "not_signed_in", 403)
        request.scope["language"] = kept["language"]
        try:
            found = await provider.signed_in(Asked(kept["state"], kept["nonce"], kept["verifier"]), code)
        except NotLetIn:
            return pages.page(request, "not_signed_in", 403)
        if not (found.account.officer or citizens):
            return pages.page(request, "not_signed_in", 403)
        await sessions.end(cookies.get(request, SESSION))
        name = await sessions.begin(found.account, found.seconds)
        to = landing(kept["to"], found.account, kept["language"], citizens=citizens)
        answer = RedirectResponse(to, 303, headers={"cache-control": "no-store"})
        cookies.put(answer, SESSION, name)
        cookies.drop(answer, SIGNING)
        return answer

    @routes.post("/sign-out", dependencies=PUBLIC)
    async def out(request: Request, token: Annotated[str, Form(max_length=100)] = "") -> Response:
        """The session is no more, on this device and here."""
        must_be_ours(portal, request, token)
        await sessions.end(cookies.get(request, SESSION))
        answer = pages.go(request, "/")
        cookies.drop(answer, SESSION)
        return answer
