"""The table of contents: the aggregates of payment and what each reacts to (`domain.invoice.HANDLERS`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chassis.document import AggregateType
from chassis.series import SERIES, ConfirmNumber, TakeNumber
from schemas.topics import STREAMS
from services.payment.domain.days import DAYS
from services.payment.domain.invoice import HANDLERS
from services.payment.domain.receipts import LOCAL
from services.payment.domain.state import Invoice
from services.payment.messages import QueryPaygov, QueryPayment, QueryRefund, SendRefund, TransmitReceipt

WAITING: Final = frozenset({"requested", "failed", "treasury", "by_hand"})


def view(invoice: Invoice) -> Mapping[str, Any]:
    """What lists are found by: `work` waits for a person, `days` are the local days on which money came."""
    work: set[str] = {r.status for r in invoice.refunds if r.status in WAITING}
    work |= {"case" for c in invoice.cases if c.open}
    days = {t.paid_at.astimezone(LOCAL).date().isoformat() for t in invoice.takings}
    return {"status": invoice.status, "work": sorted(work), "days": sorted(days)}


INVOICES: Final = AggregateType(
    name="invoices",
    state=Invoice,
    handlers=HANDLERS,
    effects=(QueryPayment, QueryPaygov, SendRefund, QueryRefund, TakeNumber, ConfirmNumber, TransmitReceipt),
    topic_of=lambda _event, _state: STREAMS["payment"].name,
    view=view,
    indexes=(("status",), ("work",), ("days",)),
)
AGGREGATES: Final[tuple[AggregateType[Any], ...]] = (INVOICES, DAYS, SERIES)
