"""Attempts to pay at a gateway: begun, notified of, asked about until their end is known. Pure.

Notification rules are VNPAY's (2.1.0, IPN): order exists, amount equal, not yet confirmed, then the update.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from chassis.decision import Decision, Effect, Refused
from schemas.money import Vnd
from schemas.payment import Method, PaymentFailed, PaymentHeld
from services.payment.domain.cases import close_about, open_case
from services.payment.domain.records import ATTEMPT_LIFE, Asked, Attempt, Taking
from services.payment.domain.reference import reference_of
from services.payment.domain.state import Invoice
from services.payment.domain.step import Step
from services.payment.domain.takings import take
from services.payment.messages import (
    BookAttempt,
    GatewayNotified,
    PayerReturned,
    QueryAnswered,
    QueryPaygov,
    QueryPayment,
    StartAttempt,
)

FIRST_QUERY: Final = timedelta(minutes=2)
"""Most payers are done by then, and nobody has to be asked."""
COMING_BACK: Final = timedelta(seconds=3)
"""The gateway's own notice comes before that, as a rule."""
LAST_QUERY: Final = timedelta(hours=1)
GRACE: Final = timedelta(hours=1)
"""An attempt that its gateway still calls undecided, or does not know, this long after its expiry has lapsed."""
PATIENCE: Final = timedelta(days=1)
"""After this long without an answer a person asks the gateway."""
LAPSED: Final = "lapsed"
_REFERENCE: Final = re.compile(r"[0-9a-f]{32}\d{3,6}", re.ASCII)
GATEWAYS: Final[frozenset[Method]] = frozenset({"vnpay", "paygov"})
QUERIES: Final[dict[Method, type[QueryPayment]]] = {"vnpay": QueryPayment, "paygov": QueryPaygov}


def attempt_id(invoice: Invoice) -> str:
    """vnp_TxnRef of the next attempt: unique for ever, and it says whose it is.

    The dossier's id and three digits; those of postage have the number of the way by post before them.
    """
    return f"{invoice.dossier_id.replace('-', '')}{invoice.post or ''}{len(invoice.attempts) + 1:03d}"


def dossier_of(attempt: str) -> str | None:
    """The dossier of a vnp_TxnRef, or None if it cannot be one of ours."""
    if not _REFERENCE.fullmatch(attempt):
        return None
    digits = attempt[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def start(invoice: Invoice | None, command: StartAttempt, now: datetime) -> Decision[Invoice]:
    """A new attempt; the answer holds what the payment address is made of."""
    if invoice is None:
        raise Refused("not_found", "there is no invoice for this dossier")
    if invoice.status != "open":
        raise Refused("not_payable", f"the invoice is {invoice.status}")
    if command.method not in GATEWAYS:
        raise Refused("wrong_method", f"{command.method} needs no attempt", field="method")
    free = min(invoice.room.attempts - len(invoice.attempts), invoice.free_takings, invoice.free_refunds)
    if free < 1:
        raise Refused("too_many_attempts", f"{len(invoice.attempts)} attempts were made: ask the desk")
    attempt = Attempt(
        id=attempt_id(invoice),
        created_at=now,
        expires_at=min(now + ATTEMPT_LIFE, invoice.expires_at),
        ask_at=now + FIRST_QUERY,
    )
    asked = Asked(method=command.method, amount=invoice.outstanding)
    invoice = invoice.changed(attempts=(*invoice.attempts, attempt), asked={**invoice.asked, attempt.id: asked})
    answer = {
        "attempt": attempt.id,
        "method": command.method,
        "amount": int(asked.amount),
        "invoice": invoice.number,
        "about": _about(invoice),
        "created_at": attempt.created_at.isoformat(),
        "expires_at": attempt.expires_at.isoformat(),
    }
    return Decision(invoice, due=invoice.due, answer=answer)


def _about(invoice: Invoice) -> str:
    """What the payer reads at the gateway: unaccented, without special characters."""
    if invoice.purpose == "postage":
        return f"Cuoc gui ket qua {reference_of(invoice.dossier_id, invoice.post)}"
    return f"Phi ho so {invoice.number}"


def notified(invoice: Invoice | None, command: GatewayNotified, now: datetime) -> Decision[Invoice]:
    """The gateway's word on an attempt; the answer's `code` is VNPAY's RspCode (01, 04, 02 or 00)."""
    attempt = invoice.attempt(command.attempt) if invoice else None
    if invoice is None or attempt is None:
        return Decision(invoice, answer={"code": "01"})
    step = Step(invoice)
    if command.amount != invoice.amount_of(attempt):
        return _wrong_amount(step, attempt, command, now).decide({"code": "04"})
    if attempt.status == "paid" or (attempt.status == "failed" and not command.success and not command.held):
        return Decision(invoice, answer={"code": "02"})
    if command.success:
        step = _succeeded(step, attempt, command, now)
    elif command.held:
        step = _held(step, attempt, command, now)
    else:
        step = _failed(step, attempt, command, now)
    return step.decide({"code": "00"})


def _wrong_amount(step: Step, attempt: Attempt, command: GatewayNotified, now: datetime) -> Step:
    """The gateway says it took another amount than we asked for: it is told so, and a person asks why."""
    if not command.success and not command.held:
        return step
    asked = step.invoice.amount_of(attempt)
    opened = open_case(
        step, "wrong_amount", attempt.id, f"{command.amount} VND instead of {asked}", now, heard_again=True
    )
    return _told(step, opened, attempt, command, now)


def _held(step: Step, attempt: Attempt, command: GatewayNotified, now: datetime) -> Step:
    """Debited, and the gateway has not decided: it is asked on, and a person knows."""
    opened = open_case(step, "suspected", attempt.id, f"the gateway said {command.code}", now, heard_again=True)
    return _told(step, opened, attempt, command, now)


def _told(before: Step, after: Step, attempt: Attempt, command: GatewayNotified, now: datetime) -> Step:
    """The payer is told once, with the case that was opened."""
    if after is before:
        return after
    return after.say(
        PaymentHeld(
            dossier_id=after.invoice.dossier_id,
            invoice=after.invoice.number,
            attempt=attempt.id,
            case=after.invoice.cases[-1].id,
            amount=command.amount,
            held_at=now,
        )
    )


def _succeeded(
    step: Step, attempt: Attempt, command: GatewayNotified, now: datetime, *, by: str = "gateway"
) -> Step:  # fmt: skip
    paid = attempt.model_copy(update={"status": "paid", "code": command.code, "ask_at": None})
    taking = Taking(
        id=attempt.id,
        method=step.invoice.method_of(attempt),
        amount=command.amount,
        applied=Vnd(),
        transaction=command.transaction,
        paid_at=command.paid_at or now,
        at=now,
        receipt_url=command.receipt_url,
    )
    step = take(step.to(step.invoice.with_attempt(paid)), taking, now)
    return close_about(step, attempt.id, "the payment is booked", by, now)


def book(invoice: Invoice | None, command: BookAttempt, now: datetime) -> Decision[Invoice]:
    """What an attempt really brought, as the accountant saw it: judged by the same rules as any money."""
    case = invoice.case(command.case) if invoice else None
    attempt = invoice.attempt(case.subject) if invoice and case else None
    if invoice is None or case is None or attempt is None:
        raise Refused("not_found", "there is no such case about an attempt of this dossier")
    if not case.open or attempt.status == "paid":
        raise Refused("wrong_state", "what the attempt brought is booked")
    seen = GatewayNotified(
        attempt=attempt.id,
        amount=command.amount,
        success=True,
        code="00",
        transaction=command.transaction,
        paid_at=command.paid_at,
    )
    step = _succeeded(Step(invoice), attempt, seen, now, by=command.by)
    return step.decide({"status": step.invoice.status})


def _failed(step: Step, attempt: Attempt, command: GatewayNotified, now: datetime) -> Step:
    invoice = step.invoice
    ended = attempt.model_copy(update={"status": "failed", "code": command.code, "ask_at": None})
    failed = PaymentFailed(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        attempt=attempt.id,
        code=command.code,
        reason=f"{invoice.method_of(attempt).upper()} {command.code}",
        failed_at=now,
    )
    step = step.to(invoice.with_attempt(ended)).say(failed)
    return close_about(step, attempt.id, f"the gateway said {command.code}", "gateway", now)


def ask(step: Step, now: datetime) -> tuple[Step, list[Effect]]:
    """Asks about attempts nobody told us of, at growing intervals, until their end is known."""
    effects: list[Effect] = []
    for attempt in step.invoice.attempts:
        if attempt.status == "open" and attempt.ask_at is not None and attempt.ask_at <= now:
            query = QUERIES[step.invoice.method_of(attempt)]
            effects.append(query(attempt=attempt.id, created_at=attempt.created_at))
            pause = min(FIRST_QUERY * 2 ** min(attempt.asked, 10), LAST_QUERY)
            again = attempt.model_copy(update={"asked": attempt.asked + 1, "ask_at": now + pause})
            step = step.to(step.invoice.with_attempt(again))
    return step, effects


def came_back(invoice: Invoice | None, command: PayerReturned, now: datetime) -> Decision[Invoice]:
    """The payer is back from the gateway, which has told us nothing yet: it is asked soon, once for all returns."""
    attempt = invoice.attempt(command.attempt) if invoice else None
    soon = now + COMING_BACK
    if invoice is None or attempt is None or attempt.asked or attempt.ask_at is None or attempt.ask_at <= soon:
        return Decision(invoice)
    return Step(invoice.with_attempt(attempt.model_copy(update={"ask_at": soon}))).decide()


def answered(invoice: Invoice | None, outcome: QueryAnswered, now: datetime) -> Decision[Invoice]:
    """What the gateway answered to a query counts as its notification."""
    if outcome.found is not None:
        return notified(invoice, outcome.found, now)
    attempt = invoice.attempt(outcome.attempt) if invoice else None
    if invoice is None or attempt is None or attempt.status != "open":
        return Decision(invoice)
    if not outcome.answered:
        if now < attempt.expires_at + PATIENCE:
            return Decision(invoice)
        return open_case(Step(invoice), "unanswered", attempt.id, "the gateway does not answer", now).decide()
    held = any(c.open and c.subject == attempt.id for c in invoice.cases)
    if held or now < attempt.expires_at + GRACE:
        return Decision(invoice)
    lapsed = attempt.model_copy(update={"status": "failed", "code": LAPSED, "ask_at": None})
    return Step(invoice.with_attempt(lapsed)).decide()
