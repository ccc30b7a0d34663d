"""Refunds: asked for by rule or by an officer, let go by another person, sent once, confirmed. Pure.

No refund leaves without a human name. What a rule asked for one person approves; what an officer asked for another
one does. Money that is with the State Treasury goes back by its form: an officer notes the paper when it is done.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from chassis.decision import Decision, Impossible, Refused
from schemas.money import Vnd, total
from schemas.payment import RefundApproved, RefundDeclined, RefundFailed, RefundMade, RefundSent, RefundWay
from services.payment.domain import graph, ledger, receipts
from services.payment.domain.cases import close_about, open_case
from services.payment.domain.records import Refund, Taking
from services.payment.domain.state import Invoice
from services.payment.domain.step import Step
from services.payment.domain.takings import align, request
from services.payment.messages import (
    ApproveRefund,
    DeclineRefund,
    QueryRefund,
    RefundAnswered,
    RefundPaidOut,
    RequestRefund,
    SendRefund,
)

FIRST_QUERY: Final = timedelta(seconds=10)
LAST_QUERY: Final = timedelta(hours=6)
LOOKED_AT: Final = 15
"""After so many questions about a refund a person asks the gateway: some two days."""
BY_GATEWAY: Final = frozenset({"vnpay"})
"""Methods whose gateway sends refunds."""


def ask(invoice: Invoice | None, command: RequestRefund, now: datetime) -> Decision[Invoice]:
    """An officer asks that some of the fee go back."""
    taking = invoice.taking(command.taking) if invoice else None
    if invoice is None or taking is None:
        raise Refused("not_found", "there is no such payment for this dossier")
    left = invoice.refundable(taking)
    if command.amount > left:
        raise Refused("too_much", f"{left} VND of this payment can go back", field="amount")
    if invoice.free_refunds < 1:
        raise Refused("too_many_refunds", f"{len(invoice.refunds)} refunds of this invoice: an accountant must look")
    refund = Refund(
        id=invoice.name("R", len(invoice.refunds)),
        taking=taking.id,
        of="fee",
        amount=command.amount,
        reason="officer",
        ground=command.ground,
        requested_by=command.by,
        requested_at=now,
    )
    return request(Step(invoice), refund, taking).decide({"refund": refund.id})


def approve(invoice: Invoice | None, command: ApproveRefund, now: datetime) -> Decision[Invoice]:
    """A named person lets it go; the way follows from where the money is."""
    invoice, refund, taking = _found(invoice, command.refund)
    if refund.status not in {"requested", "failed"}:
        raise Refused("wrong_state", f"the refund is {refund.status}")
    if refund.requested_by == command.by:
        raise Refused("same_person", "another officer than the one who asked approves a refund")
    way = _way(taking, command)
    if way == "gateway" and any(r.taking == taking.id and r.status in {"sending", "sent"} for r in invoice.refunds):
        raise Refused("in_flight", "another refund of this payment is with the gateway: wait for its end")
    changes: dict[str, Any] = {"way": way, "approved_by": command.by, "approved_at": now, "code": None, "asked": 0}
    step = _move(Step(invoice), refund, "sending" if way == "gateway" else way, RefundApproved, **changes)
    step = step.say(
        RefundApproved(
            dossier_id=invoice.dossier_id,
            invoice=invoice.number,
            refund=refund.id,
            amount=refund.amount,
            way=way,
            by=command.by,
            approved_at=now,
        )
    )
    step = close_about(step, refund.id, f"approved again: {way}", command.by, now)
    if way == "gateway":
        step = step.cause(_send(invoice, refund, taking, command.by, now))
    return step.decide({"refund": refund.id, "way": way})


def _way(taking: Taking, command: ApproveRefund) -> RefundWay:
    if taking.paid_at < command.treasury:
        return "treasury"
    return "gateway" if taking.method in BY_GATEWAY and not command.by_hand else "by_hand"


def _send(invoice: Invoice, refund: Refund, taking: Taking, by: str, now: datetime) -> SendRefund:
    attempt = invoice.attempt(taking.id)
    if attempt is None:
        raise Impossible("a gateway's payment without its attempt")
    before = total(r.amount for r in invoice.refunds if r.taking == taking.id and r.status == "made")
    return SendRefund(
        refund=refund.id,
        attempt=attempt.id,
        created_at=attempt.created_at,
        transaction=taking.transaction,
        amount=refund.amount,
        whole=refund.amount == taking.amount and not before,
        before=before,
        by=by,
        asked_at=now,
    )


def decline(invoice: Invoice | None, command: DeclineRefund, now: datetime) -> Decision[Invoice]:
    """An officer's request is not done. Money that nothing was due for is the payer's: that cannot be declined."""
    invoice, refund, _ = _found(invoice, command.refund)
    if refund.status != "requested":
        raise Refused("wrong_state", f"the refund is {refund.status}")
    if refund.requested_by is None:
        raise Refused("by_rule", "this money is the payer's: approve it")
    if invoice.status in {"open", "expired"} and refund.of == "fee" and refund.amount >= invoice.outstanding:
        raise Refused("by_rule", "the fee was recalculated since, without this money: approve it")
    kept = ledger.journal(
        now, "refund_kept", refund.id, debit={ledger.PAYABLE: refund.amount}, credit=_fees_of(invoice, refund)
    )
    step = align(_move(Step(invoice), refund, "declined", RefundDeclined, code="declined").book(kept), now)
    said = RefundDeclined(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        refund=refund.id,
        reason=command.reason,
        by=command.by,
        declined_at=now,
    )
    return step.say(said).decide({"refund": refund.id})


def _fees_of(invoice: Invoice, refund: Refund) -> dict[str, int]:
    """The accounts that the fee of a refund was taken from."""
    entry = next(j for j in invoice.journals if (j.what, j.ref) == ("refund_due", refund.id))
    return {p.account: int(p.debit) for p in entry.postings if p.debit}


def answered(invoice: Invoice | None, outcome: RefundAnswered, now: datetime) -> Decision[Invoice]:
    """The gateway's word on a refund; one that comes after nobody could tell corrects it."""
    if invoice is None or (refund := invoice.refund(outcome.refund)) is None:
        raise Impossible("an answer about a refund that there is not")
    late = refund.status == "failed" and refund.code == "unknown" and outcome.result == "made"
    if refund.status not in {"sending", "sent"} and not late:
        return Decision(invoice)
    step = Step(invoice)
    if outcome.result == "made":
        return _made(step, refund, now).decide()
    if outcome.result == "failed":
        return _failed(step, refund, outcome.code, now).decide()
    pause = min(FIRST_QUERY * 2 ** min(refund.asked, 12), LAST_QUERY)
    changes = {"ask_at": now + pause, "asked": refund.asked + 1, "code": outcome.code}
    if refund.asked == LOOKED_AT:
        step = open_case(step, "unanswered", refund.id, "the gateway does not say that the refund was made", now)
    if refund.status == "sending":
        sent = RefundSent(
            dossier_id=invoice.dossier_id, invoice=invoice.number, refund=refund.id, amount=refund.amount, sent_at=now
        )
        return _move(step, refund, "sent", RefundSent, **changes).say(sent).decide()
    return step.to(step.invoice.with_refund(refund.model_copy(update=changes))).decide()


def ask_again(step: Step, now: datetime) -> Step:
    """Asks about refunds that the gateway works on, at growing intervals."""
    for refund in step.invoice.refunds:
        attempt = step.invoice.attempt(refund.taking)
        if refund.status == "sent" and refund.ask_at is not None and refund.ask_at <= now and attempt is not None:
            waiting = refund.model_copy(update={"ask_at": None})
            query = QueryRefund(refund=refund.id, attempt=attempt.id, created_at=attempt.created_at)
            step = step.to(step.invoice.with_refund(waiting)).cause(query)
    return step


def paid_out(invoice: Invoice | None, command: RefundPaidOut, now: datetime) -> Decision[Invoice]:
    """The treasury, the bank or the desk gave it back."""
    invoice, refund, _ = _found(invoice, command.refund)
    if refund.status not in {"treasury", "by_hand"}:
        raise Refused("wrong_state", f"the refund is {refund.status}")
    return _made(Step(invoice), refund, now, document=command.document, by=command.by).decide({"refund": refund.id})


def _made(
    step: Step, refund: Refund, now: datetime, *, document: str | None = None, by: str | None = None
) -> Step:  # fmt: skip
    invoice = step.invoice
    taking = invoice.taking(refund.taking)
    if taking is None:
        raise Impossible("a refund of money that never came")
    way = refund.way or "by_hand"
    account = ledger.TREASURY if way == "treasury" else ledger.clearing(taking.method)
    entry = ledger.journal(
        now, "refund_made", refund.id, debit={ledger.PAYABLE: refund.amount}, credit={account: refund.amount}
    )
    step = _move(step, refund, "made", RefundMade, made_at=now, document=document, code=None).book(entry)
    step = step.say(
        RefundMade(
            dossier_id=invoice.dossier_id,
            invoice=invoice.number,
            refund=refund.id,
            amount=refund.amount,
            way=way,
            document=document,
            by=by,
            made_at=now,
        )
    )
    step = close_about(step, refund.id, "the refund was made", by or "gateway", now)
    if refund.of == "fee" and step.invoice.credit == Vnd():
        step = receipts.void(step, now, refund.ground)
    return step


def _failed(step: Step, refund: Refund, code: str, now: datetime) -> Step:
    invoice = step.invoice
    step = _move(step, refund, "failed", RefundFailed, code=code)
    said = RefundFailed(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        refund=refund.id,
        amount=refund.amount,
        code=code,
        failed_at=now,
    )
    return open_case(step.say(said), "refund_failed", refund.id, f"the gateway said {code}", now)


def _move(step: Step, refund: Refund, status: str, event: Any, **changes: Any) -> Step:
    graph.check(graph.REFUND, refund.status, status, event)
    return step.to(step.invoice.with_refund(refund.model_copy(update={"status": status, **changes})))


def _found(invoice: Invoice | None, name: str) -> tuple[Invoice, Refund, Taking]:
    refund = invoice.refund(name) if invoice else None
    taking = invoice.taking(refund.taking) if invoice and refund else None
    if invoice is None or refund is None or taking is None:
        raise Refused("not_found", "there is no such refund for this dossier")
    return invoice, refund, taking
