"""Files of partners come in, differences go into the queue, people resolve them; the day as CSV."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.decision import Refused
from chassis.delivery import Delivery, Handled
from chassis.http import Caller, Problem, allow, body, content, refusals, send
from chassis.service import Platform
from chassis.telemetry import TRACE
from schemas.money import Vnd, total
from services.payment import books
from services.payment.api.common import Accountant, Bookkeeper, Key
from services.payment.domain import reports
from services.payment.domain.compare import Difference, compare
from services.payment.domain.days import Day, RecordDay, Resolve, id_of
from services.payment.domain.receipts import LOCAL
from services.payment.domain.reference import payable_in
from services.payment.messages import MoneyArrived, Short

Gateway = Literal["vnpay", "paygov"]
AnyMethod = Literal["vnpay", "paygov", "vietqr", "cash"]
COLUMNS: Final = ("kind", "ref", "ours", "theirs", "opened_at", "age_days", "resolution", "resolved_by", "resolved_at")
Importer = Annotated[Caller, Depends(allow("accountant"))]


class Resolution(BaseModel):
    """`key` as the queue shows it; what became of it."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(min_length=1, max_length=200)]
    resolution: Short


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of reconciliation."""
    _imports(routes, platform)
    _statements(routes, platform)
    _queue(routes, platform)


def _imports(routes: APIRouter, platform: Platform) -> None:
    days = platform.engine("days")

    @routes.post("/reconciliations/{method}/{day}", openapi_extra=body("text/csv"))
    async def reconcile(method: Gateway, day: date, request: Request, caller: Importer, key: Key) -> dict[str, Any]:
        """The gateway's report of a local day (CSV, the whole body) against ledger and dossiers."""
        text = await _text(request)
        try:
            report = reports.gateway(text, day)
        except reports.BadReport as error:
            raise Problem(422, "invalid", str(error)) from error
        found = await books.named_by(platform, report, day)
        command = RecordDay(
            method=method,
            day=day,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            by=caller.sub,
            lines=len(report.lines),
            paid=report.paid,
            refunded=report.refunded,
            charges=report.charges,
            net=report.net,
            differences=tuple(compare(report, method, day, found, platform.clock())),
        )
        return dict(await send(days, id_of(method, day), command, key))


def _statements(routes: APIRouter, platform: Platform) -> None:
    days = platform.engine("days")
    invoices = platform.engine("invoices")

    @routes.post("/statements", responses=refusals(422), openapi_extra=body("text/csv"))
    async def statement(
        request: Request,
        caller: Importer,
        key: Key,  # noqa: ARG001 - asked for on every POST; here each entry has a number that does its work
    ) -> dict[str, Any]:
        """The bank's statement (CSV, the whole body): each credit to the invoice that it names, or into the queue."""
        text = await _text(request)
        try:
            entries = reports.statement(text)
        except reports.BadReport as error:
            raise Problem(422, "invalid", str(error)) from error
        strange: dict[date, list[reports.Entry]] = {}
        matched = repeated = 0
        for start in range(0, len(entries), books.PAGE):
            part = entries[start : start + books.PAGE]
            for entry, known in zip(part, await asyncio.gather(*(matches(e, caller.sub) for e in part)), strict=True):
                matched += known is not None
                repeated += known == "repeated"
                if known is None:
                    strange.setdefault(entry.at.astimezone(LOCAL).date(), []).append(entry)
        for day, rest in strange.items():
            await send(days, id_of("vietqr", day), _unmatched(day, rest, text, caller.sub), None)
        unmatched = sum(map(len, strange.values()))
        return {"matched": matched, "repeated": repeated, "unmatched": unmatched}

    async def matches(entry: reports.Entry, by: str) -> str | None:
        """By reference; the amount is judged by the written rules. None: nobody's."""
        payable = payable_in(entry.description)
        if payable is None:
            return None
        command = MoneyArrived(
            id=f"bank:{entry.id}",
            method="vietqr",
            amount=entry.amount,
            paid_at=entry.at,
            by=by,
            invoice=payable.invoice,
        )
        try:
            result = await invoices.handle(Delivery(payable.dossier, command, trace=TRACE.get()))
        except Refused:
            return None
        return "repeated" if isinstance(result, Handled) and result.answer.get("repeated") else "new"


def _unmatched(day: date, entries: list[reports.Entry], text: str, by: str) -> RecordDay:
    differences = tuple(
        Difference(key=f"unmatched:{e.id}", kind="unmatched", ref=e.id, theirs=int(e.amount)) for e in entries
    )
    return RecordDay(
        method="vietqr",
        day=day,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        by=by,
        lines=len(entries),
        paid=total(e.amount for e in entries),
        refunded=Vnd(),
        charges=Vnd(),
        net=0,
        differences=differences,
        whole=False,
    )


async def _text(request: Request) -> str:
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise Problem(422, "invalid", "the file must be UTF-8") from error


def _queue(routes: APIRouter, platform: Platform) -> None:
    days = platform.engine("days")

    async def day_of(method: AnyMethod, day: date) -> Day:
        doc = await days.read(id_of(method, day))
        if doc is None or doc.state is None:
            raise Problem(404, "not_found", "That day was not reconciled")
        found: Day = doc.state
        return found

    @routes.get("/reconciliations/{method}/{day}")
    async def show(method: AnyMethod, day: date, caller: Bookkeeper) -> dict[str, Any]:  # noqa: ARG001 - the guard
        """Totals and discrepancies of a day."""
        return shown(await day_of(method, day), platform.clock())

    @routes.get("/reconciliations/{method}/{day}/csv", response_class=Response, responses=content("text/csv"))
    async def table(method: AnyMethod, day: date, caller: Bookkeeper) -> PlainTextResponse:  # noqa: ARG001 - the guard
        """The discrepancies of a day as CSV."""
        return PlainTextResponse(as_csv(await day_of(method, day), platform.clock()), media_type="text/csv")

    @routes.get("/discrepancies")
    async def queue(
        caller: Bookkeeper,  # noqa: ARG001 - it is the guard
        limit: Annotated[int, Query(ge=1, le=100)] = 31,
        after: Annotated[str | None, Query(max_length=64)] = None,
    ) -> dict[str, Any]:
        """The days on which a difference waits, each with what waits and for how many days."""
        page = await days.page({"waits": "yes"}, after, limit)
        found = [shown(doc.state, platform.clock()) for doc in page if doc.state is not None]
        return {"days": found, "next": page[-1].id if len(page) == limit else None}

    @routes.post("/reconciliations/{method}/{day}/resolve")
    async def resolve(method: AnyMethod, day: date, body: Resolution, caller: Accountant, key: Key) -> dict[str, Any]:
        """A person closes a discrepancy, with a reason."""
        command = Resolve(key=body.key, resolution=body.resolution, by=caller.sub)
        return dict(await send(days, id_of(method, day), command, key))


def shown(day: Day, now: datetime) -> dict[str, Any]:
    """A day for people, the age of each discrepancy in whole days."""
    form = day.model_dump(mode="json", exclude={"discrepancies", "journals"})
    found = [
        {**d.difference.model_dump(exclude_none=True), **d.model_dump(mode="json", exclude={"difference"})}
        | {"age_days": d.age(now)}
        for d in day.discrepancies
    ]
    return {**form, "discrepancies": found, "open": len(day.waiting)}


def as_csv(day: Day, now: datetime) -> str:
    """One line a discrepancy. What begins like a formula is quoted: spreadsheets run those."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows: list[Mapping[str, Any]] = shown(day, now)["discrepancies"]
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, int) or value is None:
        return "" if value is None else str(value)
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t"} else text
