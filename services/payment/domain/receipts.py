"""Receipts: one of phí and one of lệ phí, each numbered by its series, replaced when what was paid for changes. Pure.

A receipt is issued once its number is known. A wrong one is cancelled, never changed, and another one with the next
number takes its place (NĐ 123/2020; remembered, not verified: domain.md 3.5).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from chassis.decision import Decision, Impossible, Refused
from chassis.series import NumberConfirmed, NumberTaken, TakeNumber
from schemas.money import total
from schemas.parts import FeeLine
from schemas.payment import ReceiptCancelled, ReceiptIssued
from services.payment.domain.records import KINDS, MAX_RECEIPTS, Receipt, ReceiptKind
from services.payment.domain.state import Invoice
from services.payment.domain.step import Step
from services.payment.messages import ReceiptTransmitted, ReplaceReceipt, TransmitAgain, TransmitReceipt

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
SYMBOLS: Final[dict[ReceiptKind, str]] = {"phi": "P", "le_phi": "L"}
REFUNDED: Final = "Đã hoàn toàn bộ phí, lệ phí"
RECALCULATED: Final = "Phí, lệ phí được tính lại"


def series_of(kind: ReceiptKind, now: datetime) -> str:
    """The series of a kind in the local year of `now`."""
    return f"receipts-{kind}-{now.astimezone(LOCAL).year}"


def number_of(receipt: Receipt, number: int) -> str:
    """``BL26P-0000001``: year and kind of the series, seven digits or more."""
    return f"BL{receipt.series[-2:]}{SYMBOLS[receipt.kind]}-{number:07d}"


def settle(step: Step, now: datetime, reason: str = RECALCULATED) -> Step:
    """The receipts of a paid invoice are those of its lines: what is missing is asked for, what is wrong replaced."""
    for kind in KINDS:
        lines = tuple(line for line in step.invoice.lines if line.kind == kind and line.amount)
        live = _live(step.invoice, kind)
        if live is not None and live.lines == lines:
            continue
        if live is not None and live.status == "numbering":
            if lines:
                step = step.to(step.invoice.with_receipt(live.model_copy(update=_content(lines))))
            continue
        if live is not None:
            step = _cancel(step, live, reason, now, replaced=bool(lines))
        if lines:
            step = _ask(step, kind, lines, now, replaces=live.number if live else None)
    return step


def _live(invoice: Invoice, kind: ReceiptKind) -> Receipt | None:
    return next((r for r in invoice.receipts if r.kind == kind and r.status != "cancelled"), None)


def _content(lines: tuple[FeeLine, ...]) -> dict[str, object]:
    return {"lines": lines, "amount": total(line.amount for line in lines)}


def _ask(step: Step, kind: ReceiptKind, lines: tuple[FeeLine, ...], now: datetime, replaces: str | None) -> Step:
    name = f"{kind}-{len(step.invoice.receipts) + 1}"
    amount = total(line.amount for line in lines)
    receipt = Receipt(
        id=name, kind=kind, series=series_of(kind, now), lines=lines, amount=amount, replaces=replaces
    )  # fmt: skip
    asked = step.change(receipts=(*step.invoice.receipts, receipt))
    return asked.cause(TakeNumber(series=receipt.series, purpose=name))


def _cancel(step: Step, receipt: Receipt, reason: str, now: datetime, *, replaced: bool, by: str | None = None) -> Step:
    gone = receipt.model_copy(update={"status": "cancelled", "cancelled_at": now, "reason": reason})
    cancelled = ReceiptCancelled(
        dossier_id=step.invoice.dossier_id,
        invoice=step.invoice.number,
        number=receipt.number or receipt.id,
        reason=reason,
        replaced=replaced,
        by=by,
        cancelled_at=now,
    )
    return (
        step.to(step.invoice.with_receipt(gone))
        .say(cancelled)
        .cause(TransmitReceipt(receipt=receipt.id, status="cancelled"))
    )


def void(step: Step, now: datetime, reason: str) -> Step:
    """The whole fee went back: no receipt of it counts any more."""
    for receipt in step.invoice.receipts:
        if receipt.status == "issued":
            step = _cancel(step, receipt, reason, now, replaced=False)
    return step


def numbered(invoice: Invoice | None, outcome: NumberTaken, now: datetime) -> Decision[Invoice]:
    """The receipt has its number. One that the first release asked for has no purpose: it was for the whole fee."""
    if invoice is None:
        raise Impossible("a receipt number without an invoice")
    receipt = next((r for r in invoice.receipts if r.id == outcome.purpose), None)
    if receipt is None:
        kind = invoice.lines[0].kind if invoice.lines else "phi"
        receipt = Receipt(
            id=outcome.purpose or f"{kind}-{len(invoice.receipts) + 1}",
            kind=kind,
            series=outcome.series,
            lines=invoice.lines,
            amount=invoice.total,
        )
        invoice = invoice.changed(receipts=(*invoice.receipts, receipt))
    if receipt.number is not None:
        return Decision(invoice)
    number = number_of(receipt, outcome.number)
    issued = receipt.model_copy(update={"status": "issued", "number": number, "issued_at": now})
    step = Step(invoice.with_receipt(issued).changed(receipt=invoice.receipt or number))
    said = ReceiptIssued(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        number=number,
        amount=issued.amount,
        issued_at=now,
        kind=issued.kind,
        replaces=issued.replaces,
    )
    step = step.say(said).cause(TransmitReceipt(receipt=issued.id, status="issued"))
    if outcome.purpose and invoice.status == "paid":
        step = settle(step, now)
    return (void(step, now, REFUNDED) if _gone(invoice) else step).decide()


def _gone(invoice: Invoice) -> bool:
    """The whole fee went back before its receipt had a number."""
    back = [r for r in invoice.refunds if r.live and r.of == "fee"]
    return bool(back) and not invoice.credit and all(r.status == "made" for r in back)


def confirmed(invoice: Invoice | None, _outcome: NumberConfirmed, _now: datetime) -> Decision[Invoice]:
    """Nothing more to do."""
    return Decision(invoice)


def transmitted(invoice: Invoice | None, outcome: ReceiptTransmitted, now: datetime) -> Decision[Invoice]:
    """The tax office has it, or none is configured."""
    receipt = next((r for r in invoice.receipts if r.id == outcome.receipt), None) if invoice else None
    if invoice is None or receipt is None or not outcome.taken:
        return Decision(invoice)
    if outcome.status == "cancelled":
        return Decision(invoice.changed(void_sent={**invoice.void_sent, receipt.id: now}))
    return Decision(invoice.with_receipt(receipt.model_copy(update={"sent_at": now})))


def untransmitted(invoice: Invoice) -> tuple[tuple[Receipt, TransmitReceipt, datetime], ...]:
    """What the tax office does not have, and since when it should: receipts, and cancellations.

    The release before noted a cancellation that was sent where it had noted the receipt.
    """
    found = []
    for receipt in invoice.receipts:
        issued, cancelled, sent = receipt.issued_at, receipt.cancelled_at, receipt.sent_at
        if issued is not None and sent is None:
            found.append((receipt, TransmitReceipt(receipt=receipt.id, status="issued"), issued))
        if cancelled is not None and (sent is None or sent < cancelled) and receipt.id not in invoice.void_sent:
            found.append((receipt, TransmitReceipt(receipt=receipt.id, status="cancelled"), cancelled))
    return tuple(found)


def transmit_again(invoice: Invoice | None, command: TransmitAgain, _now: datetime) -> Decision[Invoice]:
    """An officer has what the tax office does not have handed to it once more; numbers make repeats harmless."""
    waiting = [effect for r, effect, _ in untransmitted(invoice) if r.number == command.number] if invoice else []
    if not waiting:
        raise Refused("not_found", "the tax office has this receipt, or there is none of that number")
    return Decision(invoice, effects=waiting, answer={"receipt": command.number})


def room(invoice: Invoice) -> None:
    """Raises Refused where no more receipts may be replaced."""
    if len(invoice.receipts) >= MAX_RECEIPTS:
        raise Refused("too_many_receipts", f"{MAX_RECEIPTS} receipts were made for this dossier: ask the administrator")


def replace(invoice: Invoice | None, command: ReplaceReceipt, now: datetime) -> Decision[Invoice]:
    """An officer cancels a receipt and another one takes its place."""
    receipt = next((r for r in invoice.receipts if r.number == command.number), None) if invoice else None
    if invoice is None or receipt is None:
        raise Refused("not_found", "there is no such receipt for this dossier")
    if receipt.status != "issued":
        raise Refused("not_valid", f"the receipt is {receipt.status}")
    room(invoice)
    step = _cancel(Step(invoice), receipt, command.reason, now, replaced=True, by=command.by)
    step = _ask(step, receipt.kind, receipt.lines, now, replaces=receipt.number)
    return step.decide({"cancelled": receipt.number})
