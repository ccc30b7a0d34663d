"""The `payment` stream: said by payment, heard by submission, delivery, notification and tracking."""

from __future__ import annotations

from typing import Literal

from schemas.dossier import FeeLine
from schemas.event import Dong, DossierEvent, Instant, Text

STREAM = "payment"

Method = Literal["vnpay"]


class InvoiceOpened(DossierEvent):
    """A fee is due; the applicant may pay online until `expires_at`."""

    STREAM = STREAM
    TYPE = "payment.invoice_opened"
    invoice: Text
    lines: tuple[FeeLine, ...]
    total: Dong
    opened_at: Instant
    expires_at: Instant


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
    """The fee is paid. `paid_at` is the gateway's time of payment, which ends the fee pause (domain.md 2.5)."""

    STREAM = STREAM
    TYPE = "payment.received"
    invoice: Text
    method: Method
    amount: Dong
    transaction: Text
    paid_at: Instant


class ReceiptIssued(DossierEvent):
    """An electronic receipt (biên lai điện tử) with the next number of its gapless series."""

    STREAM = STREAM
    TYPE = "payment.receipt_issued"
    invoice: Text
    number: Text
    amount: Dong
    issued_at: Instant


class InvoiceExpired(DossierEvent):
    """Nobody paid in time."""

    STREAM = STREAM
    TYPE = "payment.invoice_expired"
    invoice: Text
    expired_at: Instant


class InvoiceCancelled(DossierEvent):
    """Nothing is to be paid any more: the dossier ended first."""

    STREAM = STREAM
    TYPE = "payment.invoice_cancelled"
    invoice: Text
    reason: Literal["withdrawn", "stopped"]
    cancelled_at: Instant


EVENTS = (InvoiceOpened, PaymentFailed, PaymentReceived, ReceiptIssued, InvoiceExpired, InvoiceCancelled)
