"""What waits for a person, oldest id first, page by page; and the books of a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from chassis.service import Platform
from services.payment import books
from services.payment.api.common import Bookkeeper, shown
from services.payment.domain import ledger, parts, work


def add(routes: APIRouter, platform: Platform) -> None:
    """Routes that only read."""
    invoices = platform.engine("invoices")

    @routes.get("/work")
    async def waiting(
        caller: Bookkeeper,  # noqa: ARG001 - it is the guard
        waits: work.Waits,
        limit: Annotated[int, Query(ge=1, le=books.PAGE)] = 50,
        after: Annotated[str | None, Query(max_length=64)] = None,
    ) -> dict[str, Any]:
        """Invoices with a refund of that state, an open case, an attempt that a gateway does not answer about, or a
        receipt that the tax office does not have; `next` is the cursor of the page to come."""
        page = await invoices.page({"work": waits}, after, limit)
        found = [shown(one) for doc in page for one in parts.parts(doc.state) if work.since(one, waits)]
        return {"invoices": found, "next": page[-1].id if len(page) == limit else None}

    @routes.get("/ledger")
    async def balances(caller: Bookkeeper, day: date) -> dict[str, Any]:  # noqa: ARG001 - it is the guard
        """Balances of all journals of the invoices that money came for on a local day; their sum is 0."""
        found = ledger.balances(j for invoice in await books.of_day(platform, day) for j in invoice.journals)
        return {"day": day.isoformat(), "balances": found, "balanced": sum(found.values()) == 0}
