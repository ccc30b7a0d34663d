"""What is kept of one invoice, and of the others of its dossier (`parts`). Pure.

The words of `Invoice.status` are as the first release had them; whatever came later is in fields of its own, so that
a replica of that release reads and writes back the rest untouched (ADR 0011).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import model_validator

from schemas.event import Instant, Record
from schemas.money import Vnd, total
from schemas.parts import FeeLine
from schemas.payment import Method, Purpose
from schemas.personal import Name, Owner
from services.payment.domain.ledger import POSTAGE, Journal, clearing, fee, journal
from services.payment.domain.records import KINDS, POSTAGE_ROOM, Asked, Attempt, Case, Receipt, Refund, Room, Taking


class Invoice(Record):
    """What is due for one dossier, and what happened to it.

    number     the dossier's code; its id where the fee was asked for before it had one; of postage as delivery named it
    surplus    attempts that succeeded when nothing was due, as the first release noted them
    settled_at the dossier (of postage: delivery) knows that it is paid
    payer      whom receipts are made out to
    early      asked for before reception, which has not come yet
    bare       there is no fee: the document only holds `further`, and what a fee to come needs to know
    further    the other invoices of the dossier by number, as stored (`parts`)
    used       the post office has fetched what this postage is for
    void_sent  when the tax office had the cancellation of a receipt, by its id
    """

    dossier_id: str
    number: str
    owner: Owner | None = None
    lines: tuple[FeeLine, ...]
    total: int  # VND, and in the form that the first release gave it
    opened_at: Instant
    expires_at: Instant
    status: Literal["open", "paid", "expired", "cancelled"] = "open"
    attempts: tuple[Attempt, ...] = ()
    paid_at: Instant | None = None
    transaction: str | None = None
    receipt: str | None = None
    surplus: tuple[str, ...] = ()
    asked: Mapping[str, Asked] = {}
    takings: tuple[Taking, ...] = ()
    refunds: tuple[Refund, ...] = ()
    cases: tuple[Case, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    journals: tuple[Journal, ...] = ()
    settled_at: Instant | None = None
    ended: Literal["withdrawn", "stopped"] | None = None
    """How the dossier ended before its decision, it may be paid by then; `stopped` is any other end too."""
    payer: Name | None = None
    purpose: Purpose | None = None
    early: bool = False
    bare: bool = False
    further: Mapping[str, dict[str, Any]] = {}
    used: bool = False
    void_sent: Mapping[str, Instant] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_the_first_release(cls, form: Any) -> Any:
        """A paid invoice without takings was paid by a release that knew one way and one amount."""
        if isinstance(form, dict) and form.get("status") == "paid" and form.get("paid_at") and not form.get("takings"):
            paid = [a for a in form.get("attempts", ()) if _of(a, "status") == "paid"]
            taking = {
                "id": _of(paid[0], "id") if paid else form.get("number"),
                "method": "vnpay",
                "amount": form.get("total"),
                "applied": form.get("total"),
                "transaction": form.get("transaction") or "unknown",
                "paid_at": form["paid_at"],
                "at": form["paid_at"],
            }
            fees = Counter[str]()
            for line in form.get("lines", ()):
                fees[fee(_of(line, "kind"))] += _of(line, "amount")
            debit = {clearing("vnpay"): sum(fees.values())}
            booked = journal(form["paid_at"], "taken", taking["id"], debit=debit, credit=fees)
            return {**form, "takings": (taking,), "journals": (booked,)}
        return form

    @property
    def room(self) -> Room:
        """How much it holds."""
        return Room() if self.purpose is None else POSTAGE_ROOM

    @property
    def post(self) -> int | None:
        """Which way by post it is for, counted by delivery."""
        return None if self.purpose is None else int(self.number.rpartition("-")[2])

    @property
    def shares(self) -> dict[str, int]:
        """What of its total belongs to which account of the ledger, VND."""
        if self.purpose == "postage":
            return {POSTAGE: int(self.total)}
        return {fee(kind): total(line.amount for line in self.lines if line.kind == kind) for kind in KINDS}

    def name(self, letter: str, count: int) -> str:
        """What its next refund or case is called: ``R1``; of the second way by post ``P2R1``."""
        return f"{letter}{count + 1}" if self.post is None else f"P{self.post}{letter}{count + 1}"

    @property
    def expected(self) -> int:
        """How many payments may still come without asking: an attempt that failed may have succeeded after all."""
        return sum(a.status != "paid" for a in self.attempts)

    @property
    def free_takings(self) -> int:
        """How many payments besides there is room for."""
        return self.room.takings - len(self.takings) - self.expected

    @property
    def free_refunds(self) -> int:
        """How many refunds may be asked for, beside those that money to come, or the end of the dossier, may need."""
        kept = sum(self.refundable(t) > 0 for t in self.takings)
        return self.room.refunds - len(self.refunds) - self.expected - kept

    def attempt(self, attempt_id: str) -> Attempt | None:
        """The attempt of that id."""
        return next((a for a in self.attempts if a.id == attempt_id), None)

    def method_of(self, attempt: Attempt) -> Method:
        """The method it was begun with."""
        asked = self.asked.get(attempt.id)
        return asked.method if asked else "vnpay"

    def amount_of(self, attempt: Attempt) -> Vnd:
        """What it asks for, VND."""
        asked = self.asked.get(attempt.id)
        return asked.amount if asked else Vnd(self.total)

    def taking(self, taking_id: str) -> Taking | None:
        """The money of that id."""
        return next((t for t in self.takings if t.id == taking_id), None)

    def refund(self, refund_id: str) -> Refund | None:
        """The refund of that id."""
        return next((r for r in self.refunds if r.id == refund_id), None)

    def case(self, case_id: str) -> Case | None:
        """The case of that id."""
        return next((c for c in self.cases if c.id == case_id), None)

    def changed(self, **changes: Any) -> Invoice:
        """This invoice with other values."""
        return self.model_copy(update=changes)

    def with_attempt(self, changed: Attempt) -> Invoice:
        """This invoice with one attempt changed."""
        return self.changed(attempts=tuple(changed if a.id == changed.id else a for a in self.attempts))

    def with_refund(self, changed: Refund) -> Invoice:
        """This invoice with one refund changed."""
        return self.changed(refunds=tuple(changed if r.id == changed.id else r for r in self.refunds))

    def with_receipt(self, changed: Receipt) -> Invoice:
        """This invoice with one receipt changed."""
        return self.changed(receipts=tuple(changed if r.id == changed.id else r for r in self.receipts))

    @property
    def credit(self) -> Vnd:
        """What counts towards the fee, VND: what came for it less what goes back of it."""
        back = total(r.amount for r in self.refunds if r.live and r.of == "fee")
        return total(t.applied for t in self.takings) - back

    @property
    def outstanding(self) -> Vnd:
        """What is still to be paid, VND; 0 unless the invoice is open or expired."""
        due = Vnd(self.total) - self.credit
        return due if self.status in {"open", "expired"} and due > 0 else Vnd()

    @property
    def owed(self) -> Vnd:
        """What is on its way back to the payer, VND."""
        return total(r.amount for r in self.refunds if r.live and r.status != "made")

    def refundable(self, taking: Taking) -> Vnd:
        """What of a taking's fee has not gone back and is not on its way, VND."""
        return taking.applied - total(
            r.amount for r in self.refunds if r.live and r.of == "fee" and r.taking == taking.id
        )

    @property
    def due(self) -> datetime | None:
        """The next instant to look at it: a question to a gateway, or its expiry."""
        asks = [a.ask_at for a in self.attempts if a.status == "open" and a.ask_at is not None]
        asks += [r.ask_at for r in self.refunds if r.status == "sent" and r.ask_at is not None]
        return min([*asks, *([self.expires_at] if self.status == "open" else [])], default=None)


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name)
