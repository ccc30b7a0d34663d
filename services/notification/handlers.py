"""The table of contents: the aggregates of notification and what each reacts to."""

from __future__ import annotations

from typing import Any, Final

from chassis.document import AggregateType
from schemas.topics import STREAMS
from services.notification.domain import codes, drafts, receipts, wishes
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
    """Whom to tell and what was told; one-time codes; people with a draft; what an earlier release kept of receipts."""
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
    warned = AggregateType(
        name="drafts",
        state=drafts.Drawer,
        handlers=drafts.Warner(rules).handlers,
        effects=(drafts.DraftSms, drafts.DraftEmail),
    )
    return dossiers, one_time, warned, drained


AGGREGATES: Final = aggregates(Rules())
"""For tools that only read what is stored."""
