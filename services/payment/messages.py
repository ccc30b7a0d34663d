"""Commands, outcomes and effects of payment. `by` is the officer's account."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chassis.decision import Command, Effect, FailureReason, Outcome, Policy
from schemas.event import Dong, Instant, Text
from schemas.parts import FeeLine
from schemas.payment import Method

Short = Annotated[str, Field(min_length=1, max_length=300)]


class StartAttempt(Command):
    """The applicant wants to pay now. `invoice` here and below: the number of a postage's; None: the fee's."""

    method: Method = "vnpay"
    invoice: Text | None = None


class GatewayNotified(Command):
    """A notification whose signature was right. `amount` in whole đồng; `success` by response and status.

    `held`: the payer's account was debited and the gateway has not decided (VNPAY 07, 04). `receipt_url`: where the
    platform keeps a receipt of its own.
    """

    attempt: Text
    amount: Dong
    success: bool
    code: Text
    transaction: Text
    paid_at: Instant | None
    held: bool = False
    receipt_url: str | None = None


class PayerReturned(Command):
    """A payer's browser came back from the gateway with values that it signed; what they say does not count."""

    attempt: Text


class MoneyArrived(Command):
    """A bank's entry that names this invoice, or money taken at the desk; `id` is theirs and comes once."""

    id: Text
    method: Literal["vietqr", "cash"]
    amount: Dong
    paid_at: Instant
    by: Text
    invoice: Text | None = None


class RenewInvoice(Command):
    """The applicant wants to pay an expired invoice."""

    invoice: Text | None = None


class RecalculateInvoice(Command):
    """An officer established the fee anew, from law/; why is on record."""

    lines: Annotated[tuple[FeeLine, ...], Field(max_length=20)]
    reason: Short
    by: Text


class RequestRefund(Command):
    """An officer asks that `amount` VND of the fee go back, with the legal ground."""

    taking: Text
    amount: Annotated[Dong, Field(gt=0)]
    ground: Short
    by: Text


class ApproveRefund(Command):
    """`treasury`: the money of a payment before this instant is with the State Treasury. `by_hand`: an officer pays."""

    refund: Text
    treasury: Instant
    by_hand: bool = False
    by: Text


class DeclineRefund(Command):
    """What an officer asked for is not done."""

    refund: Text
    reason: Short
    by: Text


class RefundPaidOut(Command):
    """The treasury, the bank or the desk gave the money back; `document` is the paper that says so."""

    refund: Text
    document: Short
    by: Text


class CloseCase(Command):
    """The accountant saw to it."""

    case: Text
    resolution: Short
    by: Text


class BookAttempt(Command):
    """The accountant saw in the gateway's books what an attempt with an open case really brought."""

    case: Text
    amount: Annotated[Dong, Field(gt=0)]
    transaction: Text
    paid_at: Instant
    by: Text


class ReplaceReceipt(Command):
    """A receipt was wrong: it is cancelled, another one with the next number takes its place."""

    number: Text
    reason: Short
    by: Text


class TransmitAgain(Command):
    """A receipt that the tax office did not take is handed to it once more."""

    number: Text
    by: Text


class QueryPayment(Effect):
    """Asks the gateway what became of an attempt; asking again does no harm."""

    TYPE: ClassVar[str] = "vnpay.query"
    POLICY: ClassVar[Policy] = "repeat"
    PARTNER: ClassVar[str | None] = "vnpay"
    MAX_ATTEMPTS: ClassVar[int] = 100
    attempt: Text
    created_at: Instant

    def unknown(self) -> Outcome:
        """Asked too often without an answer."""
        return QueryAnswered(attempt=self.attempt, answered=False)


class QueryPaygov(QueryPayment):
    """Asks the national payment platform."""

    TYPE: ClassVar[str] = "paygov.query"
    PARTNER: ClassVar[str | None] = "paygov"


class QueryAnswered(Outcome):
    """`found` is None while the payer has not decided, or the gateway knows no such attempt; or it never answered."""

    attempt: Text
    found: GatewayNotified | None = None
    answered: bool = True


class SendRefund(Effect):
    """Gives a refund to the gateway, once: after a lost answer the adapter asks first.

    `asked_at` is the same in every repeat, and the request id with it: the gateway takes the two together once.
    `before`: VND of this transaction that went back by earlier refunds; then the gateway's word about the transaction
    does not say which of them it means.
    """

    TYPE: ClassVar[str] = "vnpay.refund"
    POLICY: ClassVar[Policy] = "ask"
    PARTNER: ClassVar[str | None] = "vnpay"
    LEASE: ClassVar[timedelta] = timedelta(seconds=20)
    MAX_ATTEMPTS: ClassVar[int] = 100
    refund: Text
    attempt: Text
    created_at: Instant
    transaction: Text
    amount: Dong
    whole: bool
    before: Dong
    by: Text
    asked_at: Instant

    def unknown(self) -> Outcome:
        """Nobody can tell: a person looks into the gateway's books."""
        return RefundAnswered(refund=self.refund, result="failed", code="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        """It was certainly not sent."""
        return RefundAnswered(refund=self.refund, result="failed", code=reason)


class QueryRefund(Effect):
    """Asks the gateway what became of a refund that it took."""

    TYPE: ClassVar[str] = "vnpay.refund_query"
    POLICY: ClassVar[Policy] = "repeat"
    PARTNER: ClassVar[str | None] = "vnpay"
    MAX_ATTEMPTS: ClassVar[int] = 100
    refund: Text
    attempt: Text
    created_at: Instant

    def unknown(self) -> Outcome:
        """Asked too often without an answer: it is asked again later."""
        return RefundAnswered(refund=self.refund, result="sent", code="unanswered")


class RefundAnswered(Outcome):
    """`sent`: the gateway has it and works on it; `made`: the payer's bank has it; `failed`: it will not be done."""

    refund: Text
    result: Literal["sent", "made", "failed"]
    code: Text


class TransmitReceipt(Effect):
    """Hands a receipt, or its cancellation, to the tax office; numbers are never used twice, so again does no harm."""

    TYPE: ClassVar[str] = "receipt.transmit"
    POLICY: ClassVar[Policy] = "repeat"
    PARTNER: ClassVar[str | None] = "tax_office"
    CONCURRENCY: ClassVar[int] = 4
    receipt: Text
    status: Literal["issued", "cancelled"]

    def unknown(self) -> Outcome:
        """Tried too often: the receipt is valid, and the accountant sees that it was not transmitted."""
        return ReceiptTransmitted(receipt=self.receipt, taken=False, status=self.status)


class ReceiptTransmitted(Outcome):
    """`taken`: the tax office has it, or its cancellation."""

    receipt: Text
    taken: bool
    status: Literal["issued", "cancelled"] = "issued"
