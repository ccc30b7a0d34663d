"""What an invoice is made of: attempts, money taken, refunds, cases, receipts, and how much of each it holds. Pure.

`Attempt` is as the first release had it; whatever came later is in records of its own, so that a replica of that
release reads and writes back the rest untouched (ADR 0011).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from schemas.event import Dong, Instant, Record
from schemas.money import Vnd
from schemas.parts import FeeLine
from schemas.payment import CaseKind, Method, RefundReason, RefundWay

LIFE: Final = timedelta(days=5)
ATTEMPT_LIFE: Final = timedelta(minutes=15)
MAX_RECEIPTS: Final = 12
MAX_POSTAGES: Final = 3

ReceiptKind = Literal["phi", "le_phi"]
KINDS: Final[tuple[ReceiptKind, ...]] = ("phi", "le_phi")
RefundStatus = Literal["requested", "sending", "sent", "treasury", "by_hand", "made", "declined", "failed"]


class Attempt(Record):
    """One way to a gateway and back. `id` is vnp_TxnRef."""

    id: str
    created_at: Instant
    expires_at: Instant
    status: Literal["open", "failed", "paid"] = "open"
    code: str | None = None
    asked: int = 0
    ask_at: Instant | None = None


class Asked(Record):
    """What an attempt was begun for: the method and the amount in VND that it asks for."""

    method: Method
    amount: Dong


class Taking(Record):
    """Money that reached us, once for each `id`: an attempt, a bank's entry, a voucher of the desk.

    `applied` pays the invoice; the rest goes back to the payer. `at` is when we learnt of it. `receipt_url`: the
    platform's own receipt, where it makes one.
    """

    id: str
    method: Method
    amount: Dong
    applied: Dong
    transaction: str
    paid_at: Instant
    at: Instant
    receipt_url: str | None = None

    @property
    def surplus(self) -> Vnd:
        """What of it pays nothing, VND."""
        return self.amount - self.applied


class Refund(Record):
    """Money of one taking that goes back. `of`: the fee itself, or what nothing was due for.

    `requested_by` None: by rule. `begun_at` is when it was last given to the gateway.
    """

    id: str
    taking: str
    of: Literal["fee", "surplus"]
    amount: Dong
    reason: RefundReason
    ground: str
    status: RefundStatus = "requested"
    way: RefundWay | None = None
    requested_by: str | None = None
    requested_at: Instant
    approved_by: str | None = None
    approved_at: Instant | None = None
    code: str | None = None
    document: str | None = None
    ask_at: Instant | None = None
    asked: int = 0
    made_at: Instant | None = None

    @property
    def live(self) -> bool:
        """Its amount is the payer's: it has gone back or will."""
        return self.status != "declined"


class Case(Record):
    """Something only a person can clear up. `subject`: the attempt or refund it is about."""

    id: str
    kind: CaseKind
    subject: str
    detail: str
    opened_at: Instant
    resolution: str | None = None
    closed_by: str | None = None
    closed_at: Instant | None = None

    @property
    def open(self) -> bool:
        """Nobody has seen to it yet."""
        return self.closed_at is None


class Receipt(Record):
    """A receipt of phí or of lệ phí. `number` None: its series was asked and has not answered yet."""

    id: str
    kind: ReceiptKind
    series: str
    lines: tuple[FeeLine, ...]
    amount: Dong
    status: Literal["numbering", "issued", "cancelled"] = "numbering"
    number: str | None = None
    issued_at: Instant | None = None
    replaces: str | None = None
    cancelled_at: Instant | None = None
    reason: str | None = None
    sent_at: Instant | None = None
    """When the tax office had it."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much an invoice holds: a document has room for that of the fee and `MAX_POSTAGES` smaller ones."""

    attempts: int = 20
    takings: int = 26
    refunds: int = 26
    cases: int = 16


POSTAGE_ROOM: Final = Room(attempts=4, takings=5, refunds=6, cases=2)
