"""An invoice from its opening to its end: expiry, renewal, recalculation, cancellation. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from chassis.decision import DeadlineDue, Decision, Handlers, Impossible, Refused
from chassis.series import NumberConfirmed, NumberTaken
from schemas.dossier import DossierAccepted, DossierStopped, DossierWithdrawn, FeeSettled
from schemas.money import Vnd, total
from schemas.payment import InvoiceCancelled, InvoiceChanged, InvoiceExpired, InvoiceOpened, InvoiceRenewed
from services.payment.domain import attempts, cases, receipts, refunds, rules, takings
from services.payment.domain.reference import reference_of
from services.payment.domain.state import LIFE, Invoice, Refund
from services.payment.domain.step import Step
from services.payment.messages import (
    ApproveRefund,
    BookAttempt,
    CloseCase,
    DeclineRefund,
    GatewayNotified,
    MoneyArrived,
    QueryAnswered,
    RecalculateInvoice,
    ReceiptTransmitted,
    RefundAnswered,
    RefundPaidOut,
    RenewInvoice,
    ReplaceReceipt,
    RequestRefund,
    StartAttempt,
)


def open_invoice(invoice: Invoice | None, event: DossierAccepted, now: datetime) -> Decision[Invoice]:
    """A fee is due, or nothing is."""
    if invoice is not None or event.total == 0:
        return Decision(invoice)
    invoice = Invoice(
        dossier_id=event.dossier_id,
        number=event.code,
        owner=event.owner,
        lines=event.fee,
        total=event.total,
        opened_at=now,
        expires_at=now + LIFE,
    )
    opened = InvoiceOpened(
        dossier_id=event.dossier_id,
        invoice=invoice.number,
        lines=invoice.lines,
        total=invoice.total,
        opened_at=now,
        expires_at=invoice.expires_at,
        reference=reference_of(event.dossier_id),
    )
    return Step(invoice).say(opened).decide()


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
    step = _go_back(Step(invoice).say(said), back, now)
    if invoice.status == "paid" and invoice.takings:
        step = receipts.settle(step, now, command.reason)
    return step.decide({"outstanding": int(more), "refunded": int(back)})


def _go_back(step: Step, back: Vnd, now: datetime) -> Step:
    """What was paid too much, of the newest payments first."""
    for taking in reversed(step.invoice.takings):
        amount = Vnd(min(back, step.invoice.refundable(taking)))
        if not amount:
            continue
        refund = Refund(
            id=f"R{len(step.invoice.refunds) + 1}",
            taking=taking.id,
            of="fee",
            amount=amount,
            reason="recalculated",
            ground=rules.GROUNDS["recalculated"],
            requested_at=now,
        )
        step = takings.request(step, refund, taking)
        back -= amount
    return step


def cancel(invoice: Invoice | None, event: DossierWithdrawn | DossierStopped, now: datetime) -> Decision[Invoice]:
    """The dossier ended: what is not paid need not be. What was paid is kept; giving it back is a person's act."""
    if invoice is None or invoice.ended is not None:
        return Decision(invoice)
    reason = "withdrawn" if isinstance(event, DossierWithdrawn) else "stopped"
    invoice = invoice.changed(ended=reason)
    if invoice.status in {"paid", "cancelled"}:
        return Decision(invoice)
    invoice = invoice.changed(status="cancelled")
    cancelled = InvoiceCancelled(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        reason=reason,
        cancelled_at=now,
    )
    return Step(invoice).say(cancelled).decide()


def settled(invoice: Invoice | None, event: FeeSettled, _now: datetime) -> Decision[Invoice]:
    """The dossier knows that its fee is paid: the third side of the daily reconciliation."""
    return Decision(invoice if invoice is None else invoice.changed(settled_at=event.paid_at))


def fell_due(invoice: Invoice | None, _due: DeadlineDue, now: datetime) -> Decision[Invoice]:
    """Asks what nobody told us, at growing intervals; or the invoice expires."""
    if invoice is None:
        raise Impossible("a deadline without an invoice")
    step = Step(invoice)
    if invoice.status == "open" and invoice.expires_at <= now:
        expired = InvoiceExpired(dossier_id=invoice.dossier_id, invoice=invoice.number, expired_at=now)
        step = step.change(status="expired").say(expired)
    step, questions = attempts.ask(step, now)
    return refunds.ask_again(step.cause(*questions), now).decide()


HANDLERS: Final[Handlers] = {
    DossierAccepted: open_invoice,
    FeeSettled: settled,
    DossierWithdrawn: cancel,
    DossierStopped: cancel,
    StartAttempt: attempts.start,
    GatewayNotified: attempts.notified,
    QueryAnswered: attempts.answered,
    BookAttempt: attempts.book,
    MoneyArrived: takings.arrived,
    RenewInvoice: renew,
    RecalculateInvoice: recalculate,
    RequestRefund: refunds.ask,
    ApproveRefund: refunds.approve,
    DeclineRefund: refunds.decline,
    RefundPaidOut: refunds.paid_out,
    RefundAnswered: refunds.answered,
    CloseCase: cases.close,
    ReplaceReceipt: receipts.replace,
    NumberTaken: receipts.numbered,
    NumberConfirmed: receipts.confirmed,
    ReceiptTransmitted: receipts.transmitted,
    DeadlineDue: fell_due,
}
