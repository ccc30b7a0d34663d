"""What lists and gauges read: the invoices of a day, by page; what waits for a person, and since when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime
from typing import Any, Final

from prometheus_client import Gauge

from chassis.engine import Engine
from chassis.service import Platform
from chassis.store import StoreUnavailable
from chassis.telemetry import FAULTS, logger
from services.payment.domain.attempts import dossier_of
from services.payment.domain.days import Day
from services.payment.domain.reports import Report
from services.payment.domain.state import Invoice

PAGE: Final = 200
LOOK_EVERY: Final = 30
"""Seconds."""
WORK: Final = ("requested", "failed", "treasury", "by_hand", "case")
AGES: Final = (("today", 1), ("week", 7), ("older", 1 << 30))
WAITING = Gauge("hoso_payment_work", "Refunds and cases that wait for a person, by what for", ["waits"])
DISCREPANCIES = Gauge("hoso_payment_discrepancies", "Differences nobody has resolved, by age", ["age"])
log = logger(__name__)


async def pages(engine: Engine[Any], view: dict[str, Any]) -> AsyncIterator[Any]:
    """Every state with these view fields."""
    after: str | None = None
    while True:
        page = await engine.page(view, after, PAGE)
        for doc in page:
            if doc.state is not None:
                yield doc.state
        if len(page) < PAGE:
            return
        after = page[-1].id


async def of_day(platform: Platform, day: date) -> list[Invoice]:
    """Every invoice that money came for on that local day."""
    return [invoice async for invoice in pages(platform.engine("invoices"), {"days": day.isoformat()})]


async def named_by(platform: Platform, report: Report, day: date) -> list[Invoice]:
    """Every invoice that the report or the ledger names for a day."""
    found = {invoice.dossier_id: invoice for invoice in await of_day(platform, day)}
    named = {dossier for line in report.lines if (dossier := dossier_of(line.ref)) is not None}
    for dossier in named - found.keys():
        doc = await platform.engine("invoices").read(dossier)
        if doc is not None and doc.state is not None:
            found[dossier] = doc.state
    return list(found.values())


async def watch(platform: Platform) -> None:
    """Sets the gauges until cancelled; every replica says the same."""
    while True:
        try:
            await _look(platform, platform.clock())
        except StoreUnavailable as error:
            log.warning("the work that waits was not counted", error=str(error)[:200])
        except Exception:  # a document of a newer release, for one: gauges are not worth the process
            FAULTS.labels("books").inc()
            log.exception("the work that waits was not counted")
        await asyncio.sleep(LOOK_EVERY)


async def _look(platform: Platform, now: datetime) -> None:
    for waits in WORK:
        count = 0
        async for invoice in pages(platform.engine("invoices"), {"work": waits}):
            count += waiting(invoice, waits)
        WAITING.labels(waits).set(count)
    days = [day async for day in pages(platform.engine("days"), {"waits": "yes"})]
    for name, number in by_age(days, now).items():
        DISCREPANCIES.labels(name).set(number)


def waiting(invoice: Invoice, waits: str) -> int:
    """How many refunds of that state, or open cases, an invoice has."""
    if waits == "case":
        return sum(case.open for case in invoice.cases)
    return sum(refund.status == waits for refund in invoice.refunds)


def by_age(days: Iterable[Day], now: datetime) -> dict[str, int]:
    """Open discrepancies by how long they wait: less than a day, less than a week, longer."""
    found = dict.fromkeys((name for name, _ in AGES), 0)
    for day in days:
        for one in day.waiting:
            found[next(name for name, below in AGES if one.age(now) < below)] += 1
    return found
