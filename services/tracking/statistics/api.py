"""Statistics over HTTP: open data for anyone, reports for officers, every cell for whoever verifies them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from chassis.http import Caller, Problem, allow, content, public, tagged
from chassis.http.routing import new_router
from law import procedures
from law.clock.hours import local
from law.report06a import COLUMNS
from schemas.event import format_instant
from services.tracking.domain.figures import USUAL_DAYS, WHOLE, By, Period, by_place, last_days, report, sums, usual
from services.tracking.domain.open_data import OpenData, open_data
from services.tracking.domain.scorecard import scorecard
from services.tracking.statistics import pages
from services.tracking.statistics.view import Shown, View

OFFICERS: Final = ("clerk", "specialist", "leader", "registrar", "accountant", "operator", "auditor")
PUBLIC: Final = [Depends(public), Depends(tagged)]
KEPT: Final = 60
HEADERS: Final = {
    "cache-control": f"public, max-age={KEPT}",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
LEVEL_4: Final = "Mức độ 4"
Form = Literal["json", "csv"]
Officer = Annotated[Caller, Depends(allow(*OFFICERS))]
Looker = Annotated[Caller, Depends(allow("operator", "auditor"))]
Clock = Callable[[], datetime]


class Asked:
    """The period an officer asks for: local days, both included; the present month where none is named."""

    def __init__(
        self, start: Annotated[date | None, Query()] = None, end: Annotated[date | None, Query()] = None
    ) -> None:
        self._start, self._end = start, end

    def period(self, now: datetime) -> Period:
        """Raises Problem 422 for one that is none."""
        today = local(now).date()
        try:
            return Period(self._start or today.replace(day=1), self._end or today, now)
        except ValueError as error:
            raise Problem(422, "invalid", str(error), errors=[{"field": "end", "problem": str(error)}]) from error


Wanted = Annotated[Asked, Depends()]


class Published:
    """What anyone gets, made once for some totals and kept for a minute: however many ask, it is counted once."""

    def __init__(self, view: View, clock: Clock) -> None:
        self._view = view
        self._clock = clock
        self._made: dict[str, tuple[float, bool, bytes]] = {}

    def answer(self, request: Request, kind: str, media: str, make: Callable[[OpenData, Shown], str]) -> Response:
        """200 with an ETag, or 304."""
        now = self._clock()
        until, live, body = self._made.get(kind, (0.0, False, b""))
        if now.timestamp() >= until or live != self._view.live:
            shown = self._view.shown(now)
            body = make(open_data(shown.totals, shown.at or now), shown).encode()
            self._made[kind] = (now.timestamp() + (KEPT if shown.live else 1), shown.live, body)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {**HEADERS, "etag": tag}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=media, headers=headers)


def router(view: View, clock: Clock) -> APIRouter:
    """The routes."""
    routes = new_router()
    _public(routes, Published(view, clock))
    _officers(routes, view, clock)

    @routes.get("/statistics/cells")
    async def every_cell(_caller: Looker) -> dict[str, Any]:
        """All totals and up to which record they count, for `hoso stats verify`."""
        cells = sorted([*cell, number] for cell, number in view.totals.items() if number)
        return {"live": view.live, "positions": _positions(view), "cells": cells}

    return routes


def _positions(view: View) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (topic, partition), offset in sorted(view.positions.items()):
        found.setdefault(topic, {})[str(partition)] = offset
    return found


def _public(routes: APIRouter, published: Published) -> None:
    @routes.get("/", dependencies=PUBLIC, response_class=Response, responses=content("text/html"))
    @routes.get("/statistics", dependencies=PUBLIC, response_class=Response, responses=content("text/html"))
    async def page(request: Request) -> Response:
        """For people."""
        return published.answer(request, "page", "text/html; charset=utf-8", _page)

    @routes.get("/open-data/statistics.json", dependencies=PUBLIC)
    async def as_json(request: Request) -> Response:
        """For programs; null: withheld."""
        return published.answer(request, "json", "application/json", _json)

    @routes.get(
        "/open-data/statistics.csv", dependencies=PUBLIC, response_class=Response, responses=content("text/csv")
    )
    async def as_csv(request: Request) -> Response:
        """For spreadsheets: one number a line; empty: withheld."""
        return published.answer(request, "csv", "text/csv; charset=utf-8", _csv_of)


def _page(found: OpenData, shown: Shown) -> str:
    if shown.at is None:
        return pages.empty()
    known = procedures.all(local(shown.at).date())
    return pages.page(found, {p.code: p.name_vi for p in known}, shown.at, live=shown.live)


def _json(found: OpenData, shown: Shown) -> str:
    form = {**_as_of(shown), **asdict(found)}
    return json.dumps(form, ensure_ascii=False, separators=(",", ":"))


def _csv_of(found: OpenData, _shown: Shown) -> str:
    lines: list[Sequence[Any]] = []
    for month in found.months:
        for group, table in month.tables.items():
            for procedure, row in table.items():
                lines += [(month.month, group, procedure, c, "" if n is None else n) for c, n in row.items()]
    return _csv(("month", "group", "procedure", "column", "number"), lines)


def _officers(routes: APIRouter, view: View, clock: Clock) -> None:
    def totals() -> Shown:
        shown = view.shown(clock())
        if shown.at is None:
            raise Problem(503, "unavailable", "the statistics are being counted for the first time")
        return shown

    @routes.get("/statistics/report-06a", response_model=None, responses=content("text/csv"))
    async def report_06a(
        _caller: Officer, asked: Wanted, by: By = "unit", form: Form = "json"
    ) -> Response | dict[str, Any]:
        """Report II.06a of a period, a row a unit or procedure and one of all (`*`); its invariants hold."""
        shown = totals()
        period = asked.period(shown.at or clock())
        rows = [{"name": row.name, **row.numbers} for row in report(shown.totals, period, by)]
        if form == "csv":
            return _download(_csv(("name", *COLUMNS), [list(row.values()) for row in rows]))
        captions = {name: {"column": n, "vi": vi, "en": en} for name, (n, vi, en) in COLUMNS.items()}
        return {**_as_of(shown), **_of(period), "by": by, "columns": captions, "rows": rows}

    @routes.get("/statistics/figures", response_model=None, responses=content("text/csv"))
    async def figures(_caller: Officer, asked: Wanted, form: Form = "json") -> Response | dict[str, Any]:
        """Every number of a period by procedure and unit, and usual times of the 90 days before now."""
        shown = totals()
        period = asked.period(shown.at or clock())
        found = by_place(shown.totals, period)
        if form == "csv":
            lines = [(*place, m, n) for place, numbers in found.items() for m, n in sorted(numbers.items()) if n]
            return _download(_csv(("procedure", "unit", "measure", "number"), lines))
        usually = by_place(shown.totals, last_days(USUAL_DAYS, shown.at or clock()))
        places = [_place(place, found.get(place, {}), usually.get(place, {})) for place in sorted({*found, *usually})]
        return {**_as_of(shown), **_of(period), "places": places}

    @routes.get("/statistics/scorecard")
    async def score(_caller: Officer, asked: Wanted) -> dict[str, Any]:
        """The groups of Decision 766/QĐ-TTg: what is known, and what is missing."""
        shown = totals()
        period = asked.period(shown.at or clock())
        whole = next(row for row in report(shown.totals, period) if row.name == WHOLE)
        known = procedures.all(min(period.end, local(clock()).date()))
        level4 = sum(p.service_level.value.vi.startswith(LEVEL_4) for p in known)
        groups = scorecard(whole, sums(shown.totals, period), (level4, len(known)))
        return {**_as_of(shown), **_of(period), "groups": [asdict(group) for group in groups]}


def _place(place: tuple[str, str], numbers: Mapping[str, int], lately: Mapping[str, int]) -> dict[str, Any]:
    times = usual(lately)
    return {
        "procedure": place[0],
        "unit": place[1],
        "numbers": {m: n for m, n in sorted(numbers.items()) if n},
        "usual": asdict(times) if times is not None else None,
    }


def _as_of(shown: Shown) -> dict[str, Any]:
    return {"at": format_instant(shown.at) if shown.at else None, "live": shown.live}


def _of(period: Period) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat()}


def _csv(names: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows(lines)
    return out.getvalue()


def _download(text: str) -> Response:
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers={"cache-control": "no-store"})
