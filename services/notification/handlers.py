"""The table of contents: the aggregates of notification and what each reacts to."""

from __future__ import annotations

from typing import Any, Final

from chassis.document import AggregateType
from schemas.topics import STREAMS
from services.notification.domain import receipts, told
from services.notification.messages import RegisterParts, ReportReceipt, SendEmail, SendSms

DOSSIERS: Final = AggregateType(
    name="dossiers",
    state=told.Contact,
    handlers=told.HANDLERS,
    effects=(SendSms, SendEmail, RegisterParts),
    topic_of=lambda _event, _state: STREAMS["notification"].name,
)
RECEIPTS: Final = AggregateType(
    name="receipts", state=receipts.Part, handlers=receipts.HANDLERS, effects=(ReportReceipt,)
)
AGGREGATES: Final[tuple[AggregateType[Any], ...]] = (DOSSIERS, RECEIPTS)
