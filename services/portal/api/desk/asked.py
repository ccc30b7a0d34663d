"""The page of anything an officer does: what follows from it, what it needs, and what was in its way. Sent once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from chassis.http import Problem
from services.portal.asking import Refused
from services.portal.desk.commands import Mark, hindrance
from services.portal.parts import Portal
from services.portal.questions import Question
from services.portal.seals import TOKEN
from services.portal.sessions import Account
from services.portal.texts import Language, known, text

CHANGED, UNFIT = 412, 422
TOLD: Final = frozenset({403, 409, CHANGED, UNFIT})
"""Refusals that are told on the page itself."""
DONE: Final = "done"
REQUEST: Final = "request"
"""The input that names the request: no question is called so."""
DONE_SECONDS: Final = 60


@dataclass(frozen=True)
class Asked:
    """One page. `slug`: of its words; `home`: where it came from, `action`: its own address; `facts`: what it is about.

    `possible`: whether it can be done now, else `hindrance` says why not, where that is known. `file`: the form sends
    one. `hidden`: what it carries besides. `key`: of the request that it sends. `absent`: whom it is done for.
    """

    slug: str
    home: str
    action: str
    facts: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...]
    marks: tuple[Mark, ...] = ()
    possible: bool = True
    hindrance: str = ""
    fault: str = ""
    absent: str = ""
    file: bool = False
    hidden: Mapping[str, str] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def wrong(self) -> tuple[Question, ...]:
        """What is to be put right."""
        return tuple(one for one in (*self.questions, *(mark.why for mark in self.marks)) if one.fault)


def token_in(sent: Mapping[str, str]) -> str:
    """That of the form."""
    return sent.get(TOKEN, "")


def key_in(sent: Mapping[str, str]) -> str:
    """The name of the request. Raises Problem 404 for a form that is not as it was given."""
    try:
        return uuid.UUID(sent.get(REQUEST, "")).hex
    except ValueError:
        raise Problem(404, "not_found", "This is no form of ours") from None


def refusal(refused: Refused, slug: str, language: Language) -> tuple[str, dict[str, str]]:
    """Why it was not done, in words, and what is wrong by question."""
    other = text(language, "desk.wrong.other")
    names = [str(one.get("field", "")) for one in refused.errors]
    said = hindrance(refused.code, language)
    faults = {name: known(language, f"desk.wrong.{name}", other) for name in names}
    return known(language, f"desk.do.{slug}.refused_{refused.code}", said), faults


def page(portal: Portal, request: Request, account: Account, asked: Asked, status: int = 200) -> Response:
    """The page."""
    return portal.pages.page(request, "desk_command", status, form=True, account=account, asked=asked)


def done(portal: Portal, request: Request, home: str, slug: str) -> Response:
    """Back to where it came from, which says once that it is done."""
    answer = portal.pages.go(request, home)
    portal.cookies.seal(answer, DONE, {"home": home, "slug": slug}, DONE_SECONDS)
    return answer


def back(portal: Portal, request: Request, home: str, name: str, **values: Any) -> Response:
    """The page at `home`, where commands lead back to: once, it says which was done a moment ago."""
    kept = portal.cookies.unseal(request, DONE)
    said = str(kept["slug"]) if kept is not None and kept["home"] == home else ""
    answer = portal.pages.page(request, name, form=True, done=said, **values)
    if said:
        portal.cookies.drop(answer, DONE)
    return answer
