"""The table of contents: the aggregates of notification and what each reacts to."""

from __future__ import annotations

from typing import Any, Final

from chassis.document import AggregateType
from schemas.topics import STREAMS
from services.notification.domain import codes, receipts, wishes
from services.notification.domain.contact import VERSIONS, Contact
from services.notification.domain.rules import Rules
from services.notification.domain.told import Teller
from services.notification.messages import (
    InformSms,
    MailOfficers,
    RegisterParts,
    ReportReceipt,
    SeekReceipt,
    SendEmail,
    SendSms,
)


def aggregates(rules: Rules) -> tuple[AggregateType[Any], ...]:
    """Whom to tell and what was told; one-time codes; what an earlier release kept of receipts, until it is drained."""
    dossiers = AggregateType(
        name="dossiers",
        state=Contact,
        handlers={**Teller(rules).handlers, **wishes.HANDLERS},
        effects=(SendSms, InformSms, SendEmail, MailOfficers, SeekReceipt, RegisterParts),
        topic_of=lambda _event, _state: STREAMS["notification"].name,
        says=(STREAMS["notification"].name,),
        view=lambda state: {"attention": state.attention},
        indexes=(("attention",),),
        versions=VERSIONS,
    )
    drained = AggregateType(name="receipts", state=receipts.Part, handlers=receipts.HANDLERS, effects=(ReportReceipt,))
    one_time = AggregateType(name="codes", state=codes.Codes, handlers=codes.HANDLERS, effects=(codes.SendCode,))
    return dossiers, one_time, drained


AGGREGATES: Final = aggregates(Rules())
"""For tools that only read what is stored."""
