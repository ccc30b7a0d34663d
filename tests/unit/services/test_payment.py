"""VNPAY from both sides: the merchant's signatures and the gateway's agree; a notification is decided by the rules."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.decision import DeadlineDue, Decision, Refused
from cli.generate import GOLDENS
from schemas.dossier import DossierAccepted
from schemas.topics import CATALOGUES
from services.payment.domain import attempts, invoice, vnpay
from services.payment.domain.state import Invoice
from services.payment.messages import GatewayNotified, PayerReturned, StartAttempt
from simulators.payment_gateway import signing

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET = "a-secret-of-the-test"
VALUES = {"vnp_TxnRef": "abc001", "vnp_Amount": "10000000", "vnp_OrderInfo": "Phi ho so 1", "vnp_BankCode": ""}


def opened() -> Invoice:
    event = DossierAccepted.model_validate_json((GOLDENS / "dossier.accepted.v1.json").read_bytes())
    state = invoice.accepted(None, event, NOW).state
    assert state is not None
    started = attempts.start(state, StartAttempt(), NOW).state
    assert started is not None
    return started


def told(state: Invoice, *, success: bool = True, amount: int | None = None, attempt: int = 0) -> GatewayNotified:
    return GatewayNotified(
        attempt=state.attempts[attempt].id,
        amount=state.total if amount is None else amount,
        success=success,
        code="00" if success else "24",
        transaction="1",
        paid_at=NOW,
    )


def test_both_sides_sign_alike() -> None:
    assert vnpay.sign(VALUES, SECRET) == signing.sign_query(VALUES, SECRET)
    assert vnpay.sign_fields(["a", "b"], SECRET) == signing.sign_fields(["a", "b"], SECRET)


@pytest.mark.parametrize("change", [{"vnp_Amount": "1"}, {"vnp_Extra": "x"}, {"vnp_SecureHash": "0" * 128}])
def test_a_changed_value_is_not_signed(change: dict[str, str]) -> None:
    signed = {**VALUES, vnpay.HASH: vnpay.sign(VALUES, SECRET)}
    vnpay.verify(signed, [SECRET])
    with pytest.raises(vnpay.BadSignature):
        vnpay.verify({**signed, **change}, [SECRET])


@pytest.mark.parametrize("value", ["a*b", "a~b", "phí"])
def test_values_that_encode_differently_are_refused(value: str) -> None:
    with pytest.raises(vnpay.BadSignature):
        vnpay.sign({"vnp_OrderInfo": value}, SECRET)


def test_a_payment_is_received_once_and_gets_one_receipt() -> None:
    state = opened()
    first = attempts.notified(state, told(state), NOW)
    assert first.answer == {"code": "00"}
    assert [e.TYPE for e in first.events] == ["payment.received"]
    assert [e.TYPE for e in first.effects] == ["series.take"]
    again = attempts.notified(first.state, told(state), NOW)
    assert (again.answer, again.events, again.effects) == ({"code": "02"}, (), ())
    assert again.state == first.state


def test_a_wrong_amount_is_a_case_and_a_wrong_order_nothing() -> None:
    state = opened()
    wrong = attempts.notified(state, told(state, amount=1), NOW)
    assert wrong.answer == {"code": "04"}
    assert [e.TYPE for e in wrong.events] == ["payment.case_opened", "payment.held"]
    assert wrong.state is not None
    assert (wrong.state.status, wrong.state.takings, wrong.state.attempts) == ("open", (), state.attempts)
    again = attempts.notified(wrong.state, told(state, amount=1), NOW)
    assert (again.answer, again.events, again.state) == ({"code": "04"}, (), wrong.state)
    other = told(state).model_copy(update={"attempt": "f" * 32 + "999"})
    assert attempts.notified(state, other, NOW).answer == {"code": "01"}
    assert attempts.notified(None, other, NOW).answer == {"code": "01"}


def test_the_checks_of_a_notice_come_in_the_order_of_the_protocol() -> None:
    """Checksum (at the door), order, amount, not confirmed yet, then the update (VNPAY 2.1.0)."""
    state = opened()
    paid = attempts.notified(state, told(state), NOW).state
    stranger = told(state, amount=1).model_copy(update={"attempt": "f" * 32 + "999"})
    assert attempts.notified(paid, stranger, NOW).answer == {"code": "01"}
    assert attempts.notified(paid, told(state, amount=1), NOW).answer == {"code": "04"}
    assert attempts.notified(paid, told(state), NOW).answer == {"code": "02"}


def test_a_failure_leaves_the_invoice_open_and_a_late_success_still_counts() -> None:
    state = opened()
    failed = attempts.notified(state, told(state, success=False), NOW)
    assert failed.answer == {"code": "00"}
    assert failed.state is not None
    assert failed.state.status == "open"
    paid = attempts.notified(failed.state, told(state), NOW)
    assert paid.state is not None
    assert paid.state.status == "paid"


def test_a_second_success_goes_back() -> None:
    state = opened()
    state = attempts.start(state, StartAttempt(), NOW).state or state
    first = attempts.notified(state, told(state), NOW).state
    assert first is not None
    second = attempts.notified(first, told(state, attempt=1), NOW)
    assert second.answer == {"code": "00"}
    said: list[Any] = list(second.events)
    assert [(e.TYPE, e.amount, e.reason) for e in said] == [("payment.refund_requested", state.total, "second_payment")]


def test_nobody_told_us_so_we_ask_at_growing_intervals() -> None:
    state = opened()
    asked = []
    now = NOW
    for _ in range(4):
        assert state.due is not None
        now = state.due
        decision = invoice.fell_due(state, DeadlineDue(), now)
        assert decision.state is not None
        state = decision.state
        asked.append((len(decision.effects), now - NOW))
    assert [count for count, _ in asked] == [1, 1, 1, 1]
    gaps = [b[1] - a[1] for a, b in itertools.pairwise(asked)]
    assert gaps == sorted(gaps)
    assert gaps[0] > timedelta(0)


def test_txn_refs_lead_back_to_their_dossier() -> None:
    state = opened()
    assert attempts.dossier_of(state.attempts[0].id) == state.dossier_id
    assert attempts.dossier_of("x" * 35) is None


@pytest.mark.parametrize("ended", ["withdrawn", "stopped"])
def test_a_dossier_that_ends_cancels_what_is_not_paid(ended: str) -> None:
    event: Any = CATALOGUES["dossier"].decode(
        f"dossier.{ended}.v1", (GOLDENS / f"dossier.{ended}.v1.json").read_bytes()
    )
    state = opened()
    cancelled = invoice.HANDLERS[type(event)](state, event, NOW)
    said: list[Any] = list(cancelled.events)
    assert [(e.TYPE, e.reason) for e in said] == [("payment.invoice_cancelled", ended)]
    with pytest.raises(Refused, match="cancelled"):
        attempts.start(cancelled.state, StartAttempt(), NOW)
    late = attempts.notified(cancelled.state, told(state), NOW)
    back: list[Any] = list(late.events)
    assert late.answer == {"code": "00"}
    assert [(e.TYPE, e.reason) for e in back] == [("payment.refund_requested", "after_end")]
    assert late.state is not None
    assert late.state.status == "cancelled"
    paid = attempts.notified(state, told(state), NOW).state
    kept = invoice.HANDLERS[type(event)](paid, event, NOW)
    assert kept.state is not None
    assert (kept.state.status, kept.events) == ("paid", ())
    assert invoice.HANDLERS[type(event)](None, event, NOW).state is None


def test_who_comes_back_makes_us_ask_soon_and_once() -> None:
    state = opened()
    back = PayerReturned(attempt=state.attempts[0].id)
    soon = attempts.came_back(state, back, NOW)
    assert soon.state is not None
    assert (soon.events, soon.effects) == ((), ())
    assert soon.state.due == NOW + attempts.COMING_BACK
    assert attempts.came_back(soon.state, back, NOW).state == soon.state
    asked = invoice.fell_due(soon.state, DeadlineDue(), NOW + attempts.COMING_BACK)
    assert len(asked.effects) == 1
    assert attempts.came_back(asked.state, back, NOW + attempts.FIRST_QUERY).state == asked.state


def test_who_comes_back_after_the_notice_changes_nothing() -> None:
    state = opened()
    paid = attempts.notified(state, told(state), NOW).state
    assert attempts.came_back(paid, PayerReturned(attempt=state.attempts[0].id), NOW) == Decision(paid)
    assert attempts.came_back(state, PayerReturned(attempt="f" * 35), NOW) == Decision(state)
    assert attempts.came_back(None, PayerReturned(attempt="f" * 35), NOW) == Decision(None)
