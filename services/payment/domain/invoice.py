"""An invoice from its opening to its end: expiry, renewal, recalculation, cancellation; and what reacts to what. Pure.

Handlers decide about one invoice; `HANDLERS` says for each message whose it is (`parts`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from chassis.decision import DeadlineDue, Decision, Handlers, Impossible, Refused
from chassis.series import NumberConfirmed, NumberTaken
from schemas.delivery import (
    ChoiceChanged,
    ConsignmentLost,
    ConsignmentMoved,
    ConsignmentOrdered,
    ConsignmentReturned,
    DeliveryFeeDue,
)
from schemas.dossier import DossierAccepted, DossierRejected, DossierStopped, DossierWithdrawn, FeeRequested, FeeSettled
from schemas.money import Vnd, total
from schemas.payment import InvoiceCancelled, InvoiceChanged, InvoiceExpired, InvoiceRenewed
from schemas.rights import PersonCorrected
from services.payment.domain import attempts, cases, postage, receipts, refunds, takings
from services.payment.domain.opening import opened
from services.payment.domain.parts import each, one
from services.payment.domain.records import LIFE
from services.payment.domain.state import Invoice
from services.payment.domain.step import Step
from services.payment.messages import (
    ApproveRefund,
    BookAttempt,
    CloseCase,
    DeclineRefund,
    GatewayNotified,
    MoneyArrived,
    PayerReturned,
    QueryAnswered,
    RecalculateInvoice,
    ReceiptTransmitted,
    RefundAnswered,
    RefundPaidOut,
    RenewInvoice,
    ReplaceReceipt,
    RequestRefund,
    StartAttempt,
    TransmitAgain,
)


def accepted(document: Invoice | None, event: DossierAccepted, now: datetime) -> Decision[Invoice]:
    """The dossier was received: its fee is due, was asked for before, or there is none yet."""
    if document is not None and not document.bare:
        return Decision(document.changed(early=False))
    known = _known(document, event, now).changed(number=event.code)
    return _open(known, event, now) if event.total else Decision(known)


def requested(document: Invoice | None, event: FeeRequested, now: datetime) -> Decision[Invoice]:
    """A fee is due before the dossier is received, or before its result is issued."""
    if document is not None and not document.bare:
        raise Impossible("a dossier has one fee, and it was asked for before")
    known = _known(document, event, now).changed(early=event.before == "acceptance")
    return _open(known, event, now)


def corrected(document: Invoice | None, event: PersonCorrected, _now: datetime) -> Decision[Invoice]:
    """Whom later receipts are made out to. Those that were issued are replaced by their own rule."""
    if document is None or document.payer is None:
        return Decision(document)
    return Decision(document.changed(payer=event.applicant.name))


def _known(document: Invoice | None, event: DossierAccepted | FeeRequested, now: datetime) -> Invoice:
    """What is kept of a dossier without a fee: one may be due later, and delivery may ask for postage."""
    document = document or postage.empty(event.dossier_id, now)
    return document.changed(owner=event.owner or document.owner)


def _open(document: Invoice, event: DossierAccepted | FeeRequested, now: datetime) -> Decision[Invoice]:
    fields = {"lines": event.fee, "total": int(event.total), "opened_at": now, "expires_at": now + LIFE}
    invoice = document.changed(**fields, payer=event.payer, status="open", bare=False)
    return Step(invoice).say(opened(invoice, now)).decide()


def renew(invoice: Invoice | None, _command: RenewInvoice, now: datetime) -> Decision[Invoice]:
    """An expired invoice can be paid again."""
    if invoice is None:
        raise Refused("not_found", "there is no invoice for this dossier")
    if invoice.status != "expired":
        raise Refused("not_expired", f"the invoice is {invoice.status}")
    invoice = invoice.changed(status="open", expires_at=now + LIFE)
    renewed = InvoiceRenewed(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        outstanding=invoice.outstanding,
        expires_at=invoice.expires_at,
        renewed_at=now,
        purpose=invoice.purpose,
    )
    return Step(invoice).say(renewed).decide({"expires_at": invoice.expires_at.isoformat()})


def recalculate(invoice: Invoice | None, command: RecalculateInvoice, now: datetime) -> Decision[Invoice]:
    """The fee is another one: more is asked for, less goes back, the receipts are those of the new lines."""
    if invoice is None:
        raise Refused("not_found", "there is no invoice for this dossier")
    if invoice.status == "cancelled":
        raise Refused("not_payable", "the dossier has ended: ask for a refund instead")
    receipts.room(invoice)
    was, due = Vnd(invoice.total), total(line.amount for line in command.lines)
    if command.lines == invoice.lines:
        return Decision(invoice, answer={"outstanding": int(invoice.outstanding), "refunded": 0})
    more = Vnd(max(0, due - invoice.credit))
    back = Vnd(max(0, invoice.credit - due))
    if back and invoice.free_refunds < sum(invoice.refundable(t) > 0 for t in invoice.takings):
        raise Refused("too_many_refunds", f"{len(invoice.refunds)} refunds of this invoice: an accountant must look")
    changes: dict[str, object] = {"lines": command.lines, "total": due}
    if more:
        changes |= {"status": "open", "expires_at": now + LIFE}
    elif invoice.credit or not due:
        changes |= {"status": "paid"}
    invoice = invoice.changed(**changes)
    said = InvoiceChanged(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        lines=invoice.lines,
        total=due,
        was=was,
        outstanding=more,
        refunded=back,
        reason=command.reason,
        by=command.by,
        expires_at=invoice.expires_at,
        changed_at=now,
    )
    step = takings.take_back(Step(invoice).say(said), back, "recalculated", now)
    if invoice.status == "paid" and invoice.takings:
        step = takings.align(receipts.settle(step, now, command.reason), now)
    return step.decide({"outstanding": int(more), "refunded": int(back)})


def cancel(
    invoice: Invoice, event: DossierWithdrawn | DossierStopped | DossierRejected, now: datetime
) -> Decision[Invoice]:
    """The dossier ended: what is not paid need not be.

    What was paid before it was received goes back; later it is kept, and giving it back is a person's act.
    """
    if invoice.ended is not None:
        return Decision(invoice)
    reason: Literal["withdrawn", "stopped"] = "withdrawn" if isinstance(event, DossierWithdrawn) else "stopped"
    step = Step(invoice.changed(ended=reason))
    if invoice.early:
        step = takings.take_back(step, invoice.credit, "after_end", now)
    if invoice.status in {"paid", "cancelled"}:
        return step.decide()
    cancelled = InvoiceCancelled(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        reason=reason,
        why="rejected" if isinstance(event, DossierRejected) else None,
        cancelled_at=now,
        purpose=invoice.purpose,
    )
    return step.change(status="cancelled").say(cancelled).decide()


def settled(invoice: Invoice | None, event: FeeSettled, _now: datetime) -> Decision[Invoice]:
    """The dossier knows that its fee is paid: the third side of the daily reconciliation."""
    return Decision(invoice if invoice is None else invoice.changed(settled_at=event.paid_at))


def fell_due(invoice: Invoice, _due: DeadlineDue, now: datetime) -> Decision[Invoice]:
    """Asks what nobody told us, at growing intervals; or the invoice expires."""
    step = Step(invoice)
    if invoice.status == "open" and invoice.expires_at <= now:
        expired = InvoiceExpired(
            dossier_id=invoice.dossier_id, invoice=invoice.number, expired_at=now, purpose=invoice.purpose
        )
        step = step.change(status="expired").say(expired)
    step, questions = attempts.ask(step, now)
    return refunds.ask_again(step.cause(*questions), now).decide()


HANDLERS: Final[Handlers] = {
    DossierAccepted: accepted,
    FeeRequested: requested,
    PersonCorrected: corrected,
    FeeSettled: one(settled),
    DossierRejected: each(cancel),
    DossierWithdrawn: each(cancel),
    DossierStopped: each(cancel),
    DeliveryFeeDue: postage.asked,
    ChoiceChanged: each(postage.unwanted),
    ConsignmentOrdered: each(postage.on_its_way),
    ConsignmentMoved: each(postage.on_its_way),
    ConsignmentReturned: each(postage.on_its_way),
    ConsignmentLost: each(postage.on_its_way),
    StartAttempt: one(attempts.start),
    GatewayNotified: one(attempts.notified),
    PayerReturned: one(attempts.came_back),
    QueryAnswered: one(attempts.answered),
    BookAttempt: one(attempts.book),
    MoneyArrived: one(takings.arrived),
    RenewInvoice: one(renew),
    RecalculateInvoice: one(recalculate),
    RequestRefund: one(refunds.ask),
    ApproveRefund: one(refunds.approve),
    DeclineRefund: one(refunds.decline),
    RefundPaidOut: one(refunds.paid_out),
    RefundAnswered: one(refunds.answered),
    CloseCase: one(cases.close),
    ReplaceReceipt: one(receipts.replace),
    TransmitAgain: one(receipts.transmit_again),
    NumberTaken: one(receipts.numbered),
    NumberConfirmed: one(receipts.confirmed),
    ReceiptTransmitted: one(receipts.transmitted),
    DeadlineDue: each(fell_due),
}
