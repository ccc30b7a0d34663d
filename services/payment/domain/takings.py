"""Money that came: booked, applied to the fee by the written rules, the rest on its way back at once. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from chassis.decision import Decision, Refused
from schemas.event import DossierEvent
from schemas.money import Vnd
from schemas.payment import DifferenceReceived, PaymentReceived, RefundReason, RefundRequested
from services.payment.domain import ledger, receipts, rules
from services.payment.domain.records import Refund, Taking
from services.payment.domain.state import Invoice
from services.payment.domain.step import Step
from services.payment.messages import MoneyArrived


def take(step: Step, taking: Taking, now: datetime) -> Step:
    """Takes `taking` (nothing of it applied yet) in."""
    invoice = step.invoice
    verdict = rules.judge(invoice, taking.amount)
    applied = min(taking.amount, invoice.outstanding) if verdict.pays else Vnd()
    taking = taking.model_copy(update={"applied": applied})
    fees = _by_account(invoice, applied)
    entry = ledger.journal(
        now,
        "taken",
        taking.id,
        debit={ledger.clearing(taking.method): taking.amount},
        credit={**fees, ledger.PAYABLE: taking.surplus},
    )
    step = step.change(takings=(*invoice.takings, taking)).book(entry)
    if verdict.pays:
        step = _paid(step, taking, now)
    if verdict.back is not None:
        step = give_back(step, taking, taking.surplus, verdict.back, now)
    return step


def _by_account(invoice: Invoice, applied: Vnd) -> dict[str, int]:
    """What of `applied` belongs to phí and what to lệ phí: each what is not booked for it yet."""
    booked = ledger.balances(invoice.journals)
    return ledger.spread(applied, {account: due + booked.get(account, 0) for account, due in invoice.shares.items()})


def _paid(step: Step, taking: Taking, now: datetime) -> Step:
    invoice = step.invoice
    said: DossierEvent
    if invoice.paid_at is None:
        said = PaymentReceived(
            dossier_id=invoice.dossier_id,
            invoice=invoice.number,
            method="vnpay",
            amount=taking.applied,
            transaction=taking.transaction,
            paid_at=taking.paid_at,
            through=taking.method,
            purpose=invoice.purpose,
        )
    else:
        said = DifferenceReceived(
            dossier_id=invoice.dossier_id,
            invoice=invoice.number,
            through=taking.method,
            amount=taking.applied,
            transaction=taking.transaction,
            paid_at=taking.paid_at,
        )
    step = step.change(
        status="paid", paid_at=invoice.paid_at or taking.paid_at, transaction=invoice.transaction or taking.transaction
    )
    return align(receipts.settle(step.say(said), now), now)


def align(step: Step, now: datetime) -> Step:
    """Once all is paid, what is booked as phí and as lệ phí is what the lines say: a recalculation may move it."""
    invoice = step.invoice
    booked = ledger.balances(invoice.journals)
    want = invoice.shares
    have = {account: -booked.get(account, 0) for account in want}
    if sum(have.values()) != sum(want.values()) or have == want:
        return step
    debit = {account: have[account] - want[account] for account in have if have[account] > want[account]}
    credit = {account: want[account] - have[account] for account in have if want[account] > have[account]}
    return step.book(ledger.journal(now, "recalculated", invoice.number, debit=debit, credit=credit))


def give_back(step: Step, taking: Taking, amount: Vnd, reason: RefundReason, now: datetime) -> Step:
    """A refund of what nothing was due for is requested by rule; a person approves it."""
    return _by_rule(step, taking, amount, reason, now, of="surplus")


def take_back(step: Step, back: Vnd, reason: RefundReason, now: datetime) -> Step:
    """Refunds of `back` VND of the fee are requested by rule, of the newest payments first."""
    for taking in reversed(step.invoice.takings):
        if amount := Vnd(min(back, step.invoice.refundable(taking))):
            step = _by_rule(step, taking, amount, reason, now, of="fee")
            back -= amount
    return step


def _by_rule(
    step: Step, taking: Taking, amount: Vnd, reason: RefundReason, now: datetime, *, of: Literal["surplus", "fee"]
) -> Step:
    refund = Refund(
        id=step.invoice.name("R", len(step.invoice.refunds)),
        taking=taking.id,
        of=of,
        amount=amount,
        reason=reason,
        ground=rules.ground(step.invoice, reason),
        requested_at=now,
    )
    return request(step, refund, taking)


def request(step: Step, refund: Refund, taking: Taking) -> Step:
    """Says that money is to go back."""
    invoice = step.invoice
    said = RefundRequested(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        refund=refund.id,
        amount=refund.amount,
        reason=refund.reason,
        ground=refund.ground,
        through=taking.method,
        transaction=taking.transaction,
        by=refund.requested_by,
        requested_at=refund.requested_at,
    )
    step = step.change(refunds=(*invoice.refunds, refund)).say(said)
    if refund.of == "surplus":
        return step
    return step.book(owe(step.invoice, refund, refund.requested_at))


def owe(invoice: Invoice, refund: Refund, now: datetime) -> ledger.Journal:
    """The fee of a refund is the payer's from now on."""
    booked = ledger.balances(invoice.journals)
    fees = ledger.spread(refund.amount, {account: -booked.get(account, 0) for account in invoice.shares})
    return ledger.journal(now, "refund_due", refund.id, debit=fees, credit={ledger.PAYABLE: refund.amount})


def arrived(invoice: Invoice | None, command: MoneyArrived, now: datetime) -> Decision[Invoice]:
    """A bank's entry or money at the desk; the same id again changes nothing."""
    if invoice is None:
        raise Refused("not_found", "there is no invoice for this dossier")
    if invoice.taking(command.id) is not None:
        return Decision(invoice, answer={"status": invoice.status, "repeated": True})
    if command.method == "cash" and command.amount != invoice.outstanding:
        raise Refused("wrong_amount", f"{invoice.outstanding} VND are due: take exactly that", field="amount")
    if invoice.free_takings < 1 or invoice.free_refunds < 2:  # noqa: PLR2004 - of the rest, and one day of the fee
        raise Refused("too_many_payments", f"{len(invoice.takings)} payments came for it: an accountant must look")
    taking = Taking(
        id=command.id,
        method=command.method,
        amount=command.amount,
        applied=Vnd(),
        transaction=command.id,
        paid_at=command.paid_at,
        at=now,
    )
    step = take(Step(invoice), taking, now)
    return step.decide({"status": step.invoice.status, "repeated": False})
