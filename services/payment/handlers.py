"""The table of contents: the aggregates of payment and what each reacts to (`domain.invoice.HANDLERS`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chassis.document import AggregateType
from chassis.series import SERIES, ConfirmNumber, TakeNumber
from schemas.topics import STREAMS
from services.payment.domain import parts, work
from services.payment.domain.days import DAYS
from services.payment.domain.invoice import HANDLERS
from services.payment.domain.receipts import LOCAL
from services.payment.domain.state import Invoice
from services.payment.messages import QueryPaygov, QueryPayment, QueryRefund, SendRefund, TransmitReceipt


def view(document: Invoice) -> Mapping[str, Any]:
    """What lists are found by: `work` waits for a person, `days` are the local days on which money came."""
    invoices = parts.parts(document)
    waits = {kind for invoice in invoices for kind in work.kinds(invoice)}
    days = {t.paid_at.astimezone(LOCAL).date().isoformat() for invoice in invoices for t in invoice.takings}
    status = None if document.bare else document.status
    return {"status": status, "work": sorted(waits), "days": sorted(days)}


INVOICES: Final = AggregateType(
    name="invoices",
    state=Invoice,
    handlers=HANDLERS,
    effects=(QueryPayment, QueryPaygov, SendRefund, QueryRefund, TakeNumber, ConfirmNumber, TransmitReceipt),
    topic_of=lambda _event, _state: STREAMS["payment"].name,
    says=(STREAMS["payment"].name,),
    view=view,
    indexes=(("status",), ("work",), ("days",)),
)
AGGREGATES: Final[tuple[AggregateType[Any], ...]] = (INVOICES, DAYS, SERIES)
