"""The `payment` stream: said by payment, heard by submission, delivery, notification and tracking.

`by` is an officer's account; where it is absent a written rule acted (services/payment/domain/rules.py).
"""

from __future__ import annotations

from typing import Literal

from schemas.event import Dong, DossierEvent, Instant, Text
from schemas.parts import FeeLine

STREAM = "payment"

Method = Literal["vnpay", "paygov", "vietqr", "cash"]
"""Gateway VNPAY, national payment platform, bank transfer by VietQR, cash at the one-stop desk."""
Purpose = Literal["postage"]
"""What an invoice is for, where it is not the dossier's fee: the way by post, which delivery asked for."""
RefundReason = Literal["second_payment", "overpaid", "underpaid", "after_end", "recalculated", "officer"]
"""Why money goes back: the fee was paid before; more, or less, than was due came; what it was for had ended (the
dossier, before or after the payment; the way by post); the fee was recalculated; an officer asked for it, with a legal
ground."""
RefundWay = Literal["gateway", "treasury", "by_hand"]
"""The gateway sends it back; the State Treasury does, by its form; an officer does, by bank or at the desk."""
CaseKind = Literal["wrong_amount", "suspected", "unanswered", "refund_failed"]
"""What only the accountant can clear up: a gateway took another amount than was asked; money was debited and the
gateway checks it; a gateway never answered; a refund did not go through."""


class InvoiceOpened(DossierEvent):
    """A fee is due; the applicant may pay online until `expires_at`. Postage has no lines of phí or lệ phí."""

    STREAM = STREAM
    TYPE = "payment.invoice_opened"
    invoice: Text
    lines: tuple[FeeLine, ...]
    total: Dong
    opened_at: Instant
    expires_at: Instant
    reference: Text | None = None
    purpose: Purpose | None = None


class InvoiceChanged(DossierEvent):
    """The fee was recalculated. `outstanding`: still to be paid by `expires_at`; `refunded`: goes back by a refund."""

    STREAM = STREAM
    TYPE = "payment.invoice_changed"
    invoice: Text
    lines: tuple[FeeLine, ...]
    total: Dong
    was: Dong
    outstanding: Dong
    refunded: Dong
    reason: Text
    by: Text
    expires_at: Instant
    changed_at: Instant


class InvoiceRenewed(DossierEvent):
    """An expired invoice can be paid again, until `expires_at`."""

    STREAM = STREAM
    TYPE = "payment.invoice_renewed"
    invoice: Text
    outstanding: Dong
    expires_at: Instant
    renewed_at: Instant
    purpose: Purpose | None = None


class PaymentFailed(DossierEvent):
    """One attempt to pay came to nothing; the invoice stays open."""

    STREAM = STREAM
    TYPE = "payment.failed"
    invoice: Text
    attempt: Text
    code: Text
    reason: Text
    failed_at: Instant


class PaymentReceived(DossierEvent):
    """The fee is paid. `paid_at` is the gateway's time of payment, which ends the fee pause (domain.md 2.5).

    It is said once for each invoice. `through` is how it was paid; `method` has that word since before there were
    others, and readers of the first release know no other value of it.
    """

    STREAM = STREAM
    TYPE = "payment.received"
    invoice: Text
    method: Literal["vnpay"]
    amount: Dong
    transaction: Text
    paid_at: Instant
    through: Method | None = None
    purpose: Purpose | None = None


class DifferenceReceived(DossierEvent):
    """What a recalculation had added is paid too."""

    STREAM = STREAM
    TYPE = "payment.difference_received"
    invoice: Text
    through: Method
    amount: Dong
    transaction: Text
    paid_at: Instant


class PaymentHeld(DossierEvent):
    """We know of the payer's money and clear up what it is: nothing is to be done by the payer."""

    STREAM = STREAM
    TYPE = "payment.held"
    invoice: Text
    attempt: Text
    case: Text
    amount: Dong
    held_at: Instant


class ReceiptIssued(DossierEvent):
    """An electronic receipt (biên lai điện tử) with the next number of its gapless series.

    `replaces`: the number of the receipt that was cancelled for it.
    """

    STREAM = STREAM
    TYPE = "payment.receipt_issued"
    invoice: Text
    number: Text
    amount: Dong
    issued_at: Instant
    kind: Literal["phi", "le_phi"] | None = None
    replaces: Text | None = None


class ReceiptCancelled(DossierEvent):
    """A receipt counts no longer. `replaced`: another one follows."""

    STREAM = STREAM
    TYPE = "payment.receipt_cancelled"
    invoice: Text
    number: Text
    reason: Text
    replaced: bool
    by: Text | None = None
    cancelled_at: Instant


class InvoiceExpired(DossierEvent):
    """Nobody paid in time."""

    STREAM = STREAM
    TYPE = "payment.invoice_expired"
    invoice: Text
    expired_at: Instant
    purpose: Purpose | None = None


class InvoiceCancelled(DossierEvent):
    """Nothing is to be paid any more: what it was for ended first.

    `why` says more than `reason`, which knows two words since the first release: it was not received, or the applicant
    chose another way.
    """

    STREAM = STREAM
    TYPE = "payment.invoice_cancelled"
    invoice: Text
    reason: Literal["withdrawn", "stopped"]
    cancelled_at: Instant
    why: Literal["rejected", "choice_changed"] | None = None
    purpose: Purpose | None = None


class RefundRequested(DossierEvent):
    """Money is to go back to the payer, who need not do anything. A person approves it."""

    STREAM = STREAM
    TYPE = "payment.refund_requested"
    invoice: Text
    refund: Text
    amount: Dong
    reason: RefundReason
    ground: Text
    through: Method
    transaction: Text
    by: Text | None = None
    requested_at: Instant


class RefundApproved(DossierEvent):
    """A named person let it go; `way` says who sends it."""

    STREAM = STREAM
    TYPE = "payment.refund_approved"
    invoice: Text
    refund: Text
    amount: Dong
    way: RefundWay
    by: Text
    approved_at: Instant


class RefundSent(DossierEvent):
    """The gateway has taken it and works on it."""

    STREAM = STREAM
    TYPE = "payment.refund_sent"
    invoice: Text
    refund: Text
    amount: Dong
    sent_at: Instant


class RefundDeclined(DossierEvent):
    """What an officer asked for is not done; what nothing was due for is never declined."""

    STREAM = STREAM
    TYPE = "payment.refund_declined"
    invoice: Text
    refund: Text
    reason: Text
    by: Text
    declined_at: Instant


class RefundMade(DossierEvent):
    """The money is on its way to the payer's account, or in their hand. `document`: the treasury's or desk's paper."""

    STREAM = STREAM
    TYPE = "payment.refund_made"
    invoice: Text
    refund: Text
    amount: Dong
    way: RefundWay
    document: Text | None = None
    by: Text | None = None
    made_at: Instant


class RefundFailed(DossierEvent):
    """The gateway did not send it, or cannot say: the accountant sees to it, the payer still gets the money."""

    STREAM = STREAM
    TYPE = "payment.refund_failed"
    invoice: Text
    refund: Text
    amount: Dong
    code: Text
    failed_at: Instant


class CaseOpened(DossierEvent):
    """The accountant must look at something (docs/payment.md)."""

    STREAM = STREAM
    TYPE = "payment.case_opened"
    invoice: Text
    case: Text
    kind: CaseKind
    subject: Text
    detail: Text
    opened_at: Instant


class CaseClosed(DossierEvent):
    """The accountant saw to it."""

    STREAM = STREAM
    TYPE = "payment.case_closed"
    invoice: Text
    case: Text
    resolution: Text
    by: Text
    closed_at: Instant


EVENTS = (
    InvoiceOpened, InvoiceChanged, InvoiceRenewed, InvoiceExpired, InvoiceCancelled, PaymentFailed, PaymentReceived,
    DifferenceReceived, PaymentHeld, ReceiptIssued, ReceiptCancelled, RefundRequested, RefundApproved, RefundSent,
    RefundDeclined, RefundMade, RefundFailed, CaseOpened, CaseClosed,
)  # fmt: skip
