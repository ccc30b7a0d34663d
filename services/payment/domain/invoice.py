"""An invoice: what is due for one dossier, the attempts to pay it, its receipt. Pure.

Notification rules are VNPAY's (2.1.0, IPN): order exists, amount equal, not yet confirmed, then the update.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from chassis.decision import DeadlineDue, Decision, Handlers, Impossible, Refused
from chassis.series import ConfirmNumber, NumberConfirmed, NumberTaken, TakeNumber
from schemas.dossier import DossierAccepted, FeeLine
from schemas.event import Event, Instant, Record
from schemas.payment import InvoiceExpired, InvoiceOpened, PaymentFailed, PaymentReceived, ReceiptIssued
from schemas.personal import Owner
from services.payment.messages import GatewayNotified, QueryAnswered, QueryPayment, StartAttempt

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
LIFE: Final = timedelta(days=5)
ATTEMPT_LIFE: Final = timedelta(minutes=15)
FIRST_QUERY: Final = timedelta(seconds=20)
LAST_QUERY: Final = timedelta(hours=1)
MAX_ATTEMPTS: Final = 50


class Attempt(Record):
    """One way to the gateway and back. `id` is vnp_TxnRef."""

    id: str
    created_at: Instant
    expires_at: Instant
    status: Literal["open", "failed", "paid"] = "open"
    code: str | None = None
    asked: int = 0
    ask_at: Instant | None = None


class Invoice(Record):
    """What is due, and what happened to it. `surplus`: successes beyond the first, by attempt."""

    dossier_id: str
    number: str
    owner: Owner | None = None
    lines: tuple[FeeLine, ...]
    total: int
    opened_at: Instant
    expires_at: Instant
    status: Literal["open", "paid", "expired"] = "open"
    attempts: tuple[Attempt, ...] = ()
    paid_at: Instant | None = None
    transaction: str | None = None
    receipt: str | None = None
    surplus: tuple[str, ...] = ()

    def attempt(self, attempt_id: str) -> Attempt | None:
        """The attempt of that id."""
        return next((a for a in self.attempts if a.id == attempt_id), None)

    def with_attempt(self, changed: Attempt) -> Invoice:
        """This invoice with one attempt changed."""
        attempts = tuple(changed if a.id == changed.id else a for a in self.attempts)
        return self.model_copy(update={"attempts": attempts})

    @property
    def due(self) -> datetime | None:
        """The next instant to look at it: a query of an open attempt, or its expiry."""
        asks = [a.ask_at for a in self.attempts if a.status == "open" and a.ask_at is not None]
        return min([*asks, *([self.expires_at] if self.status == "open" else [])], default=None)


def attempt_id(dossier_id: str, number: int) -> str:
    """vnp_TxnRef: unique for ever, and it says which invoice it belongs to."""
    return f"{dossier_id.replace('-', '')}{number:03d}"


def dossier_of(attempt: str) -> str | None:
    """The dossier of a vnp_TxnRef, or None if it cannot be one of ours."""
    digits = attempt[:32]
    if len(attempt) != 35 or not all(c in "0123456789abcdef" for c in digits):  # noqa: PLR2004 - uuid + 3 digits
        return None
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


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
    )
    return Decision(invoice, (opened,), due=invoice.due)


def start(invoice: Invoice | None, _command: StartAttempt, now: datetime) -> Decision[Invoice]:
    """A new attempt; the answer holds what the payment address is made of."""
    if invoice is None:
        raise Refused("not_found", "there is no invoice for this dossier")
    if invoice.status != "open":
        raise Refused("not_payable", f"the invoice is {invoice.status}")
    if len(invoice.attempts) >= MAX_ATTEMPTS:
        raise Refused("too_many_attempts", f"{MAX_ATTEMPTS} attempts were made: ask the desk")
    attempt = Attempt(
        id=attempt_id(invoice.dossier_id, len(invoice.attempts) + 1),
        created_at=now,
        expires_at=min(now + ATTEMPT_LIFE, invoice.expires_at),
        ask_at=now + FIRST_QUERY,
    )
    invoice = invoice.model_copy(update={"attempts": (*invoice.attempts, attempt)})
    answer = {
        "attempt": attempt.id,
        "amount": invoice.total,
        "invoice": invoice.number,
        "created_at": attempt.created_at.isoformat(),
        "expires_at": attempt.expires_at.isoformat(),
    }
    return Decision(invoice, due=invoice.due, answer=answer)


def notified(invoice: Invoice | None, command: GatewayNotified, now: datetime) -> Decision[Invoice]:
    """The gateway's word on an attempt; the answer's `code` is VNPAY's RspCode (01, 04, 02 or 00)."""
    attempt = invoice.attempt(command.attempt) if invoice else None
    if invoice is None or attempt is None:
        return Decision(invoice, answer={"code": "01"})
    if command.amount != invoice.total:
        return Decision(invoice, answer={"code": "04"})
    if attempt.status == "paid" or (attempt.status == "failed" and not command.success):
        return Decision(invoice, answer={"code": "02"})
    if not command.success:
        return _failed(invoice, attempt, command, now)
    invoice = invoice.with_attempt(attempt.model_copy(update={"status": "paid", "code": command.code}))
    if invoice.status == "paid":
        invoice = invoice.model_copy(update={"surplus": (*invoice.surplus, attempt.id)})
        return Decision(invoice, due=invoice.due, answer={"code": "00"})
    paid = {"status": "paid", "paid_at": command.paid_at, "transaction": command.transaction}
    invoice = invoice.model_copy(update=paid)
    received = PaymentReceived(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        method="vnpay",
        amount=invoice.total,
        transaction=command.transaction,
        paid_at=command.paid_at,
    )
    series = f"receipts-{now.astimezone(LOCAL).year}"
    return Decision(invoice, (received,), (TakeNumber(series=series),), due=invoice.due, answer={"code": "00"})


def _failed(invoice: Invoice, attempt: Attempt, command: GatewayNotified, now: datetime) -> Decision[Invoice]:
    invoice = invoice.with_attempt(attempt.model_copy(update={"status": "failed", "code": command.code}))
    failed = PaymentFailed(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        attempt=attempt.id,
        code=command.code,
        reason=f"VNPAY {command.code}",
        failed_at=now,
    )
    return Decision(invoice, (failed,), due=invoice.due, answer={"code": "00"})


def numbered(invoice: Invoice | None, outcome: NumberTaken, now: datetime) -> Decision[Invoice]:
    """The receipt has its number."""
    if invoice is None:
        raise Impossible("a receipt number without an invoice")
    number = f"BL{now.astimezone(LOCAL):%y}-{outcome.number:07d}"
    issued = ReceiptIssued(
        dossier_id=invoice.dossier_id, invoice=invoice.number, number=number, amount=invoice.total, issued_at=now
    )
    confirm = ConfirmNumber(series=outcome.series)
    return Decision(invoice.model_copy(update={"receipt": number}), (issued,), (confirm,))


def confirmed(invoice: Invoice | None, _outcome: NumberConfirmed, _now: datetime) -> Decision[Invoice]:
    """Nothing more to do."""
    return Decision(invoice)


def fell_due(invoice: Invoice, _due: DeadlineDue, now: datetime) -> Decision[Invoice]:
    """Asks about attempts nobody told us of, at growing intervals; or the invoice expires."""
    events: list[Event] = []
    if invoice.status == "open" and invoice.expires_at <= now:
        invoice = invoice.model_copy(update={"status": "expired"})
        events.append(InvoiceExpired(dossier_id=invoice.dossier_id, invoice=invoice.number, expired_at=now))
    effects = []
    for attempt in invoice.attempts:
        if attempt.status == "open" and attempt.ask_at is not None and attempt.ask_at <= now:
            effects.append(QueryPayment(attempt=attempt.id, created_at=attempt.created_at))
            pause = min(FIRST_QUERY * 2 ** min(attempt.asked + 1, 10), LAST_QUERY)
            over = now > invoice.expires_at + LAST_QUERY
            changes = {"asked": attempt.asked + 1, "ask_at": None if over else now + pause}
            invoice = invoice.with_attempt(attempt.model_copy(update=changes))
    return Decision(invoice, tuple(events), tuple(effects), due=invoice.due)


def answered(invoice: Invoice | None, outcome: QueryAnswered, now: datetime) -> Decision[Invoice]:
    """What the gateway answered to a query counts as its notification."""
    if outcome.found is None:
        return Decision(invoice)
    return notified(invoice, outcome.found, now)


HANDLERS: Handlers = {
    DossierAccepted: open_invoice,
    StartAttempt: start,
    GatewayNotified: notified,
    QueryAnswered: answered,
    NumberTaken: numbered,
    NumberConfirmed: confirmed,
    DeadlineDue: fell_due,
}
