"""The public catalogue of procedures, their forms, and the units that addresses name: levels 1 and 2 of Plan 1407.

The same for everybody, so it is cached by its ETag.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from chassis.http import Problem, content, public, tagged
from chassis.service import Platform
from law import fees, forms, procedures, units
from law.errors import FeeError, UnknownProcedure
from law.procedures import AdministrativeLevel, Procedure
from law.search import search
from services.submission.domain.dossier import local_day
from services.submission.effects import blank

CACHE: Final = {"cache-control": "public, max-age=60"}
CACHED: Final = [Depends(public), Depends(tagged)]
Words = Annotated[str, Query(max_length=200)]
Code = Annotated[str, Path(max_length=40, pattern=r"^[0-9A-Za-z.]+$")]


def add(routes: APIRouter, platform: Platform) -> None:
    """The public routes."""

    @routes.get("/procedures", dependencies=CACHED)
    async def find(
        request: Request,
        *,
        q: Words = "",
        field: Words = "",
        level: AdministrativeLevel | None = None,
        after: Annotated[int, Query(ge=0, le=100_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Response:
        """Procedures in force today by words (with or without diacritics), field and level, best first."""
        today = local_day(platform.clock())
        hits = search(procedures.all(today), q, field=field, level=level)
        shown = [_line(hit.procedure) for hit in hits[after : after + limit]]
        following = after + limit if after + limit < len(hits) else None
        return _json(request, {"procedures": shown, "total": len(hits), "next": following})

    @routes.get("/procedures/{code}", dependencies=CACHED)
    async def show(request: Request, code: Code) -> Response:
        """Everything about one procedure as it is in force today: each value with its source and mark."""
        procedure = _found(code, local_day(platform.clock()))
        return _json(request, _whole(procedures.default(), procedure.code, local_day(platform.clock())))

    @routes.get("/procedures/{code}/form", dependencies=CACHED)
    async def form(request: Request, code: Code) -> Response:
        """The form that a filing must fit today, as JSON Schema 2020-12: fields, limits, and why each is asked."""
        today = local_day(platform.clock())
        procedure = _found(code, today)
        return _json(request, {**_described(procedure), **forms.schema(procedure.form, forms.guide(today))})

    @routes.get(
        "/procedures/{code}/form.pdf",
        dependencies=CACHED,
        response_class=Response,
        responses=content("application/pdf"),
    )
    async def blank_form(request: Request, code: Code) -> Response:
        """The same form, blank, to fill in by hand."""
        today = local_day(platform.clock())
        made = _blank(procedures.default(), _found(code, today).code, today)
        name = f'inline; filename="{code}.pdf"'
        return _cached(request, made, "application/pdf", {"content-disposition": name})

    @routes.get("/units", dependencies=CACHED)
    async def places(request: Request) -> Response:
        """Provinces by code and name as they are today; communes of those whose list is known, for the others none."""
        today = local_day(platform.clock())
        known = units.units(today)
        shown = [one.model_dump(mode="json") for one in known.provinces] if known is not None else []
        since = known.since.value.isoformat() if known is not None else None
        return _json(request, {"provinces": shown, "since": since, "on": today.isoformat()})


def _line(procedure: Procedure) -> dict[str, Any]:
    return {
        "code": procedure.code,
        "full_code": procedure.full_code,
        "name": procedure.names.value.model_dump(),
        "field": procedure.field.value.model_dump(),
        "level": procedure.level.value,
        "service_level": procedure.service_level.value.model_dump(),
        "applicants": procedure.applicants.value,
        "term": procedure.term.model_dump(),
    }


@lru_cache(maxsize=256)
def _whole(catalogue: procedures.Catalogue, code: str, today: date) -> dict[str, Any]:
    procedure = catalogue.find(code, today)
    inputs = [field.name for field in fees.inputs_of(procedure)]
    try:
        assessed = fees.assess(procedure, today).model_dump(mode="json")
    except FeeError:
        assessed = None
    facts = procedure.model_dump(mode="json", exclude={"schedules"}, exclude_none=True)
    return {**_line(procedure), **facts, "fee_today": assessed, "fee_depends_on": inputs, "on": today.isoformat()}


@lru_cache(maxsize=64)
def _blank(catalogue: procedures.Catalogue, code: str, today: date) -> bytes:
    return blank.pdf(catalogue.find(code, today), forms.guide(today))


def _described(procedure: Procedure) -> dict[str, Any]:
    return {
        "title": procedure.name_vi,
        "x-title-en": procedure.name_en,
        "x-procedure": procedure.code,
        "x-version": procedure.version,
        "x-legal-basis": [fact.model_dump(mode="json", exclude_none=True) for fact in procedure.legal_basis],
    }


def _found(code: str, today: date) -> Procedure:
    """Raises Problem 404."""
    try:
        return procedures.find(code, today)
    except UnknownProcedure as error:
        raise Problem(404, "not_found", str(error)) from error


def _json(request: Request, content: Mapping[str, Any]) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    return _cached(request, body, "application/json", {})


def _cached(request: Request, body: bytes, media: str, more: Mapping[str, str]) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**CACHE, **more, "etag": tag}
    asked = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media, headers=headers)
