"""What the way by post costs: an invoice of its own, opened and ended by what delivery says. Pure.

The written rule: when the applicant chooses another way, what is not paid need not be, and what was paid goes back,
unless the post office had fetched the consignment: then it was used. Postage is neither phí nor lệ phí, so there is no
receipt of ours for it: the post office gives its own.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from chassis.decision import Decision, Impossible
from schemas.delivery import (
    FETCHED,
    ChoiceChanged,
    ConsignmentLost,
    ConsignmentMoved,
    ConsignmentOrdered,
    ConsignmentReturned,
    DeliveryFeeDue,
)
from schemas.payment import InvoiceCancelled
from services.payment.domain import parts, takings
from services.payment.domain.opening import opened
from services.payment.domain.records import LIFE, MAX_POSTAGES
from services.payment.domain.reference import postage_of
from services.payment.domain.state import Invoice
from services.payment.domain.step import Step

_NUMBER: Final = re.compile(r"[1-9]\d{0,2}", re.ASCII)


def asked(document: Invoice | None, event: DeliveryFeeDue, now: datetime) -> Decision[Invoice]:
    """Postage is due. Raises Impossible for an invoice that is not ``DOSSIER/post-N``."""
    post = event.invoice.rpartition("-")[2]
    if not _NUMBER.fullmatch(post) or event.invoice != postage_of(event.dossier_id, int(post)):
        raise Impossible(f"the invoice of postage is called {postage_of(event.dossier_id, 1)}, not {event.invoice}")
    if parts.named(document, event.invoice) is not None:
        return Decision(document)
    invoice = Invoice(
        dossier_id=event.dossier_id,
        number=event.invoice,
        lines=(),
        total=event.amount,
        opened_at=now,
        expires_at=now + LIFE,
        purpose="postage",
    )
    document = _room(document or empty(event.dossier_id, now))
    return parts.decided(document, Step(invoice).say(opened(invoice, now)).decide())


def empty(dossier_id: str, now: datetime) -> Invoice:
    """A document of a dossier that owes no fee, as far as is known."""
    return Invoice(
        dossier_id=dossier_id,
        number=dossier_id,
        lines=(),
        total=0,
        opened_at=now,
        expires_at=now,
        status="paid",
        bare=True,
    )


def _room(document: Invoice) -> Invoice:
    """The oldest that ended without any money makes room. Raises Impossible where there is none.

    A success that still comes for it is found by the daily reconciliation.
    """
    known = parts.postages(document)
    if len(known) < MAX_POSTAGES:
        return document
    gone = next((i for i in known if i.status == "cancelled" and not i.takings and i.due is None), None)
    if gone is None:
        raise Impossible(f"{MAX_POSTAGES} ways by post were paid for: an accountant must look")
    return document.changed(further={n: form for n, form in document.further.items() if n != gone.number})


def unwanted(invoice: Invoice, _event: ChoiceChanged, now: datetime) -> Decision[Invoice]:
    """The applicant chose another way. What the post office fetched was used, and the fee has nothing to do with it."""
    if invoice.purpose is None or invoice.used or invoice.ended is not None:
        return Decision(invoice)
    step = Step(invoice.changed(ended="stopped"))
    if invoice.status == "paid":
        return takings.take_back(step, invoice.credit, "after_end", now).decide()
    cancelled = InvoiceCancelled(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        reason="stopped",
        why="choice_changed",
        cancelled_at=now,
        purpose="postage",
    )
    return step.change(status="cancelled").say(cancelled).decide()


Way = ConsignmentOrdered | ConsignmentMoved | ConsignmentReturned | ConsignmentLost


def on_its_way(invoice: Invoice, event: Way, _now: datetime) -> Decision[Invoice]:
    """Delivery knows that the postage under way is paid when it orders; what the post office fetched is used."""
    if invoice.purpose is None or invoice.ended is not None or invoice.status != "paid":
        return Decision(invoice)
    if isinstance(event, ConsignmentOrdered):
        return Decision(invoice.changed(settled_at=invoice.settled_at or event.ordered_at))
    fetched = not isinstance(event, ConsignmentMoved) or event.status in FETCHED
    return Decision(invoice.changed(used=True) if fetched else invoice)
