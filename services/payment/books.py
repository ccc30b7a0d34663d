"""What lists and gauges read: the invoices of a day, by page; what waits for a person, and since when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from prometheus_client import Gauge

from chassis.engine import Engine
from chassis.service import Platform
from chassis.store import StoreUnavailable
from chassis.telemetry import FAULTS, logger
from services.payment.domain import ledger, parts, work
from services.payment.domain.attempts import dossier_of
from services.payment.domain.days import Day
from services.payment.domain.receipts import LOCAL
from services.payment.domain.reports import Report
from services.payment.domain.state import Invoice

PAGE: Final = 200
LOOK_EVERY: Final = 30
"""Seconds."""
BOOKS_EVERY: Final = 20
"""Looks until the books of today and yesterday are gone through once more."""
AGES: Final = (("today", 1), ("week", 7), ("older", 1 << 30))
WAITING = Gauge("hoso_payment_work", "Refunds, cases, attempts and receipts that wait, by what for", ["waits"])
OLDEST = Gauge("hoso_payment_work_oldest_seconds", "How long the oldest of them has waited", ["waits"])
DISCREPANCIES = Gauge("hoso_payment_discrepancies", "Differences nobody has resolved, by age", ["age"])
FAULTY = Gauge("hoso_payment_books_faulty", "Invoices of today and yesterday whose ledger is not what they hold")
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
    """Every invoice that money came for on that local day, and the others of its dossier."""
    view = {"days": day.isoformat()}
    return [one async for document in pages(platform.engine("invoices"), view) for one in parts.parts(document)]


async def named_by(platform: Platform, report: Report, day: date) -> list[Invoice]:
    """Every invoice that the report or the ledger names for a day."""
    found = await of_day(platform, day)
    known = {invoice.dossier_id for invoice in found}
    named = {dossier for line in report.lines if (dossier := dossier_of(line.ref)) is not None}
    for dossier in named - known:
        doc = await platform.engine("invoices").read(dossier)
        found.extend(parts.parts(doc.state) if doc is not None else ())
    return found


async def watch(platform: Platform) -> None:
    """Sets the gauges until cancelled; every replica says the same."""
    looks = 0
    while True:
        try:
            await _look(platform, platform.clock())
            if looks % BOOKS_EVERY == 0:
                await _go_through(platform, platform.clock())
            looks += 1
        except StoreUnavailable as error:
            log.warning("the work that waits was not counted", error=str(error)[:200])
        except Exception:  # a document of a newer release, for one: gauges are not worth the process
            FAULTS.labels("books").inc()
            log.exception("the work that waits was not counted")
        await asyncio.sleep(LOOK_EVERY)


async def _look(platform: Platform, now: datetime) -> None:
    for waits in work.WAITS:
        began = await _began(platform, waits)
        WAITING.labels(waits).set(len(began))
        OLDEST.labels(waits).set((now - min(began, default=now)).total_seconds())
    days = [day async for day in pages(platform.engine("days"), {"waits": "yes"})]
    for name, number in by_age(days, now).items():
        DISCREPANCIES.labels(name).set(number)


async def _began(platform: Platform, waits: work.Waits) -> list[datetime]:
    """Since when each of them waits. Where no tax office is configured no receipt waits for it."""
    if waits == "untransmitted" and platform.settings.receipt_tax_url is None:
        return []
    documents = pages(platform.engine("invoices"), {"work": waits})
    return [at async for document in documents for one in parts.parts(document) for at in work.since(one, waits)]


async def _go_through(platform: Platform, now: datetime) -> None:
    today = now.astimezone(LOCAL).date()
    faulty = 0
    for day in (today, today - timedelta(days=1)):
        for invoice in await of_day(platform, day):
            if wrong := ledger.faults(invoice.journals, invoice.owed, invoice.shares, invoice.credit):
                faulty += 1
                log.error("the books of an invoice are wrong", invoice=invoice.number, wrong=wrong)
    FAULTY.set(faulty)


def by_age(days: Iterable[Day], now: datetime) -> dict[str, int]:
    """Open discrepancies by how long they wait: less than a day, less than a week, longer."""
    found = dict.fromkeys((name for name, _ in AGES), 0)
    for day in days:
        for one in day.waiting:
            found[next(name for name, below in AGES if one.age(now) < below)] += 1
    return found
