"""What there is to apply for, and how it went for others: levels 1 and 2 of Plan 1407."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from chassis.http import Problem, public
from services.portal.asking import Unavailable
from services.portal.pages import language_of
from services.portal.partners import Services
from services.portal.parts import Portal
from services.portal.procedures import by_field, fee, terms

PUBLIC: Final = [Depends(public)]
Words = Annotated[str, Query(max_length=200)]


def add(routes: APIRouter, portal: Portal) -> None:
    """The home page, the catalogue, a page a procedure, statistics."""
    pages, services = portal.pages, portal.services

    @routes.get("/", dependencies=PUBLIC)
    async def home(request: Request) -> Response:
        """What do you want to do?"""
        fields = by_field(await services.procedures(), language_of(request))
        return pages.page(request, "home", fields={name: len(found) for name, found in fields.items()})

    @routes.get("/portal.css", dependencies=PUBLIC)
    async def style() -> Response:
        """The one style sheet."""
        return pages.style()

    @routes.get("/procedures", dependencies=PUBLIC)
    async def find(request: Request, q: Words = "", field: Words = "") -> Response:
        """All of them by field, or those that fit, best first."""
        language = language_of(request)
        words, field = q.strip(), field.strip()
        everything = by_field(await services.procedures(), language)
        found = await services.procedures(words, field) if words or field else None
        groups = everything if found is None else {}
        return pages.page(
            request, "procedures", words=words, field=field, fields=list(everything), groups=groups, found=found
        )

    @routes.get("/procedures/{code}", dependencies=PUBLIC)
    async def show(request: Request, code: str) -> Response:
        """Everything one needs to know before applying."""
        whole = await services.procedure(_a_code(code))
        if whole is None:
            raise _nothing()
        language = language_of(request)
        usual = await _usual(services, whole["code"])
        return pages.page(
            request, "procedure", it=whole, fee=fee(whole, language), terms=terms(whole, language), usual=usual
        )

    @routes.get("/procedures/{code}/form.pdf", dependencies=PUBLIC)
    async def blank(code: str) -> Response:
        """The form, blank, to fill in by hand."""
        content = await services.blank_form(_a_code(code))
        if content is None:
            raise _nothing()
        return pages.file(content, "application/pdf", f"{code}.pdf")

    @routes.get("/statistics", dependencies=PUBLIC)
    async def statistics(request: Request) -> Response:
        """How many, how long, how many in time."""
        found = await services.statistics()
        names = {one["code"]: one["name"] for one in await services.procedures()}
        return pages.page(request, "statistics", found=found, names=names)


async def _usual(services: Services, code: str) -> dict[str, Any] | None:
    """How long it took others. The page is whole without."""
    try:
        found: dict[str, Any] | None = (await services.statistics())["usual"].get(code)
    except Unavailable:
        return None
    return found


def _a_code(code: str) -> str:
    """Raises Problem 404: what is no code is no other path of a service either."""
    if not (0 < len(code) <= 40 and code.isascii() and code.replace(".", "").isalnum()):  # noqa: PLR2004 - the catalogue's
        raise _nothing()
    return code


def _nothing() -> Problem:
    return Problem(404, "not_found", "There is no such procedure")
