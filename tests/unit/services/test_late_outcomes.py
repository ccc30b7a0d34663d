"""An outcome that comes after nobody could tell corrects what was said; anything else said twice changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.decision import Decision, FailureReason, Outcome
from cli.generate import GOLDENS
from schemas.topics import CATALOGUES
from services.delivery.domain import consignment, documents, life
from services.delivery.domain.delivery import Rules as DeliveryRules
from services.delivery.duties import OrderConsignment
from services.delivery.messages import ConsignmentRefused, ConsignmentTaken, DocumentRendered
from services.notification.domain.contact import Contact
from services.notification.domain.rules import Rules
from services.notification.domain.told import Teller
from services.notification.messages import PartReceipt, SendSms, SmsSettled
from services.payment.domain import attempts, invoice
from services.payment.messages import GatewayNotified, QueryAnswered, QueryPayment, StartAttempt

TELLER = Teller(Rules(quiet=None))
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def golden(stream: str, name: str) -> Any:
    return CATALOGUES[stream].decode(f"{stream}.{name}.v1", (GOLDENS / f"{stream}.{name}.v1.json").read_bytes())


def sending() -> tuple[Contact, SendSms]:
    decision = TELLER.tell(None, golden("dossier", "submitted"), NOW)
    assert decision.state is not None
    return decision.state, next(e for e in decision.effects if isinstance(e, SendSms))


def settle(contact: Contact, *outcomes: Outcome) -> tuple[Contact, list[str]]:
    said: list[str] = []
    for outcome in outcomes:
        decision = TELLER.settled(contact, outcome, NOW)  # type: ignore[arg-type] # each is one of an SMS
        assert decision.state is not None
        contact = decision.state
        said += [event.TYPE for event in decision.events]
    return contact, said


def sms(effect: SendSms, result: Any, *ids: str) -> SmsSettled:
    return SmsSettled(message=effect.message, result=result, ids=ids, reason=None if ids else "why")


@pytest.mark.parametrize(
    ("results", "said", "status"),
    [
        (["unknown", "sent"], ["notification.unknown", "notification.sent"], "sent"),
        (["unknown", "refused"], ["notification.unknown", "notification.failed"], "failed"),
        (["unknown", "unknown"], ["notification.unknown"], "unknown"),
        (["sent", "unknown"], ["notification.sent"], "sent"),
        (["sent", "refused"], ["notification.sent"], "sent"),
        (["refused", "sent"], ["notification.failed"], "failed"),
    ],
)
def test_an_sms_nobody_could_tell_about_is_corrected_once(results: list[str], said: list[str], status: str) -> None:
    contact, effect = sending()
    outcomes = [sms(effect, result, *(["1"] if result == "sent" else [])) for result in results]
    contact, events = settle(contact, *outcomes)
    message = contact.message(effect.message)
    assert message is not None
    assert (events, message.status) == (said, status)


def test_a_corrected_sms_waits_for_its_receipts() -> None:
    contact, effect = sending()
    contact, _ = settle(contact, sms(effect, "unknown"))
    contact, _ = settle(contact, sms(effect, "sent", "7"))
    receipt = PartReceipt(part="7", message=effect.message, state="delivered", reason="DELIVRD 000")
    decision = TELLER.receipt(contact, receipt, NOW)
    assert [e.TYPE for e in decision.events] == ["notification.delivered"]


@pytest.mark.parametrize("reason", ["refused", "invalid", "erased", "exhausted", "lapsed"])
def test_an_sms_that_was_certainly_never_sent_has_failed(reason: FailureReason) -> None:
    contact, effect = sending()
    _, events = settle(contact, effect.failed(reason))
    assert events == ["notification.failed"]


def test_an_order_nobody_could_tell_about_travels_after_all() -> None:
    rules = DeliveryRules()
    state = life.submitted(None, golden("dossier", "submitted"), NOW, rules).state
    assert state is not None
    state = state.model_copy(update={"way": "post", "address": _address()})
    state = life.issued(state, golden("dossier", "result_issued"), NOW, rules).state
    assert state is not None
    ordered = documents.rendered(
        state, DocumentRendered(document=f"{state.dossier_id}/result", sha256="0" * 64, size=1), NOW, rules
    )
    (effect,) = ordered.effects
    assert isinstance(effect, OrderConsignment)
    unknown = effect.unknown()
    assert isinstance(unknown, ConsignmentRefused)
    failed = consignment.refused(ordered.state, unknown, NOW).state
    decision = consignment.taken(failed, ConsignmentTaken(tracking="RA1"), NOW, rules)
    assert decision.state is not None
    assert (decision.state.status, decision.due) == ("travelling", NOW + rules.poll)
    again: Decision[Any] = consignment.taken(decision.state, ConsignmentTaken(tracking="RA2"), NOW, rules)
    assert (again.state, tuple(again.events)) == (decision.state, ())


def _address() -> Any:
    address = golden("dossier", "submitted").address
    assert address is not None
    return address


def test_a_payment_query_that_was_answered_late_still_pays() -> None:
    opened = invoice.accepted(None, golden("dossier", "accepted"), NOW).state
    started = attempts.start(opened, StartAttempt(), NOW).state
    assert started is not None
    attempt = started.attempts[0]
    query = QueryPayment(attempt=attempt.id, created_at=attempt.created_at)
    unknown = query.unknown()
    assert isinstance(unknown, QueryAnswered)
    asked = attempts.answered(started, unknown, NOW).state
    found = GatewayNotified(
        attempt=attempt.id, amount=started.total, success=True, code="00", transaction="1", paid_at=NOW
    )
    paid = attempts.answered(asked, QueryAnswered(attempt=attempt.id, found=found), NOW)
    assert paid.state is not None
    assert (paid.state.status, [e.TYPE for e in paid.events]) == ("paid", ["payment.received"])
