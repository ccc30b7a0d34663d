"""The table of contents: the aggregates of payment and what each reacts to (`domain.invoice.HANDLERS`)."""

from __future__ import annotations

from typing import Any, Final

from chassis.document import AggregateType
from chassis.series import SERIES, ConfirmNumber, TakeNumber
from schemas.topics import STREAMS
from services.payment.domain.invoice import HANDLERS, Invoice
from services.payment.messages import QueryPayment

INVOICES: Final = AggregateType(
    name="invoices",
    state=Invoice,
    handlers=HANDLERS,
    effects=(QueryPayment, TakeNumber, ConfirmNumber),
    topic_of=lambda _event, _state: STREAMS["payment"].name,
    view=lambda state: {"status": state.status},
    indexes=(("status",),),
)
AGGREGATES: Final[tuple[AggregateType[Any], ...]] = (INVOICES, SERIES)
