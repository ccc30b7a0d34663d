"""The fee at three points of a dossier's life: before it is received, after, and before its result is issued."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chassis.decision import Refused
from chassis.series import NumberTaken
from law import fees, procedures
from law.statuses import Status
from schemas.event import Event
from schemas.payment import PaymentReceived
from schemas.personal import PREFIX, Personal
from services.payment.domain import invoice as invoices
from services.payment.domain import parts
from services.payment.domain.rules import NOT_RECEIVED
from services.submission import messages as do
from services.submission.domain import charging, timing
from services.submission.domain.graph import STATUS
from services.submission.domain.supplement import request
from tests.unit.services import invoices as payments
from tests.unit.services import lives
from tests.unit.services.lives import CLERK, ITEMS, LATE, LEADER, OWNER, PAYING, REGISTRAR, SPECIALIST, UPFRONT

NUMBER = NumberTaken(series="s", number=1)


def at(text: str) -> datetime:
    """Local time in Điện Biên."""
    return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC)


def filed(kind: int, when: str) -> lives.Player:
    player = lives.Player(kind, now=at(when))
    player.tell(lives.filing(kind, at(when)))
    return player


def decided(outcome: Any = "approved") -> lives.Player:
    player = lives.to_stage("deciding", LATE)
    player.tell(do.DecideDossier(by=LEADER, outcome=outcome, reason="r", ground="g"))
    return player


def invoice_of(player: lives.Player, *more: Any) -> payments.Player:
    """What payment makes of all that the dossier said, and of `more`."""
    payer = payments.Player(now=player.now)
    for event in (*player.events, *more):
        if type(event) in invoices.HANDLERS:
            payer.tell(sealed(event))
    return payer


def sealed(event: Event) -> Any:
    """As it comes from Kafka."""
    return type(event).model_validate(event.dump(lambda kind, _clear: f"{PREFIX}{kind}:AAAA"))


def test_a_fee_with_the_filing_is_asked_for_before_the_desk_sees_it() -> None:
    player = filed(UPFRONT, "2026-03-04T09:00")
    (asked,) = player.said("fee_requested")
    assert (asked.before, asked.code, asked.total) == ("acceptance", None, 2_000_000)
    assert (asked.payer, asked.owner) == (player.dossier.applicant.name, Personal.of(OWNER))
    assert (player.dossier.stage, STATUS[player.dossier.stage]) == ("awaiting_fee", Status.FEE_REQUESTED)
    assert (player.dossier.answer_by, player.due) == (None, None)
    with pytest.raises(Refused, match="AcceptDossier is not possible"):
        player.tell(do.AcceptDossier(by=CLERK))


def test_paid_it_is_received_with_the_fee_and_the_wait_is_no_part_of_the_term() -> None:
    player = filed(UPFRONT, "2026-03-04T09:00")
    player.now = at("2026-03-06T10:00")
    player.tell(lives.payment(at("2026-03-06T09:00")))
    (settled,) = player.said("fee_settled")
    assert (player.dossier.stage, player.dossier.answer_by) == ("filed", at("2026-03-09T10:30"))
    assert settled.due_at == settled.promised == at("2026-03-13T17:00")  # 5 working days from 4 March, two were paused
    player.play([do.AcceptDossier(by=CLERK), NUMBER])
    (accepted,) = player.said("accepted")
    assert (accepted.total, accepted.due_at, player.dossier.stage) == (2_000_000, settled.due_at, "assigning")
    assert player.dossier.due_at == settled.due_at
    assert len(player.said("fee_settled")) == len(player.said("fee_requested")) == 1


def test_what_is_not_paid_with_the_filing_ends_by_the_written_rule() -> None:
    player = filed(UPFRONT, "2026-03-04T09:00")
    player.now = at("2026-03-09T09:00")
    player.tell(lives.expiry(player.now))
    player.until(at("2026-03-20T00:00"))
    (stopped,) = player.said("stopped")
    assert (player.dossier.stage, stopped.by, stopped.ground) == ("stopped", None, "Thông báo nộp phí, lệ phí")


def test_a_programme_that_pays_no_fee_is_received_at_once() -> None:
    body = {**lives.PERFORMANCE, "form": {**lives.PERFORMANCE["form"], "purpose": "diplomacy"}}  # type: ignore[dict-item]
    player = lives.Player(UPFRONT)
    player.tell(lives.checking(body, lives.FILED))
    player.play([do.AcceptDossier(by=CLERK), NUMBER])
    assert (player.dossier.stage, player.said("fee_requested")) == ("assigning", [])


def test_what_the_fee_was_counted_by_is_not_changed_once_it_was_asked_for() -> None:
    player = filed(UPFRONT, "2026-03-04T09:00")
    player.tell(lives.payment(player.now))
    item = ITEMS[UPFRONT][0].model_copy(update={"kind": "field", "name": "minutes"})
    with pytest.raises(Refused, match="counted by it before"):
        request(player.dossier, do.RequestSupplement(by=CLERK, items=(item,)), player.now, lives.RULES)


def test_a_fee_before_the_result_is_asked_for_with_the_approval() -> None:
    player = decided()
    (accepted,), (asked,) = player.said("accepted"), player.said("fee_requested")
    assert (accepted.total, accepted.fee) == (0, ())
    assert (asked.before, asked.code, asked.total) == ("result", player.dossier.code, 1_000_000)
    assert (player.dossier.stage, player.dossier.due_at, player.due) == ("awaiting_fee", None, None)
    for command in (
        do.IssueResult(by=REGISTRAR),
        do.StopDossier(by=LEADER, reason="r", ground="g"),
        do.WithdrawDossier(owner=OWNER),
    ):
        with pytest.raises(Refused) as refused:
            player.tell(command)
        assert refused.value.code == "wrong_stage"
    player.tell(lives.expiry(player.now))
    player.until(at("2027-06-01T00:00"))
    assert player.dossier.stage == "awaiting_fee"  # what was decided waits


def test_paid_its_result_is_issued_and_the_term_has_run_on_from_the_payment() -> None:
    player = decided()
    promised = player.dossier.promised
    assert promised == at("2026-12-02T17:00")
    player.now = at("2026-12-01T09:00")
    player.tell(lives.payment(at("2026-11-30T09:00")))
    (settled,) = player.said("fee_settled")
    assert (settled.promised, settled.due_at) == (promised, at("2026-12-07T17:00"))
    assert (player.dossier.stage, player.dossier.due_at) == ("issuing", settled.due_at)
    player.play([do.IssueResult(by=REGISTRAR), NUMBER])
    assert player.dossier.stage == "returning"


def test_a_refused_dossier_whose_fee_is_due_before_the_result_costs_nothing() -> None:
    player = decided("refused")
    assert (player.dossier.stage, player.said("fee_requested")) == ("issuing", [])
    assert parts.parts(invoice_of(player).state) == ()


@pytest.mark.parametrize("kind", [PAYING, UPFRONT, LATE])
def test_a_fee_is_asked_for_once_and_paid_once_whenever_it_is_due(kind: int) -> None:
    player = lives.Player(kind)
    number, pay = NUMBER, lives.payment(lives.FILED)
    story: list[Any] = [lives.filing(kind), do.AcceptDossier(by=CLERK), number]
    story += [do.AssignDossier(by=LEADER, unit="culture"), do.TakeDossier(by=SPECIALIST)]
    story += [do.ExamineDossier(by=SPECIALIST, proposal="approve"), do.DecideDossier(by=LEADER, outcome="approved")]
    story += [do.IssueResult(by=REGISTRAR), number]
    for message in story:
        player.tell(message)
        if player.dossier.stage == "awaiting_fee":
            player.tell(pay)
            player.tell(pay)
    assert player.dossier.stage == "returning"
    assert len(player.said("fee_settled")) == 1
    opened = invoice_of(player).said("invoice_opened")
    assert [(e.total, e.invoice in {player.dossier.code, lives.ID}) for e in opened] == [(player.dossier.total, True)]
    assert len([p for p in timing.pauses(player.dossier) if p.kind == "fee"]) == 1


@pytest.mark.parametrize("number", ["i", f"{lives.ID}/post-1"])
def test_money_for_another_invoice_is_not_its_fee(number: str) -> None:
    player = lives.to_stage("awaiting_fee", PAYING)
    before = player.dossier
    other = PaymentReceived(
        dossier_id=lives.ID, invoice=number, method="vnpay", amount=1, transaction="1", paid_at=player.now
    )
    player.tell(other)
    player.tell(lives.expiry(player.now).model_copy(update={"invoice": number}))
    assert player.dossier is before
    player.tell(other.model_copy(update={"invoice": player.dossier.code}))
    assert player.dossier.stage == "assigning"


def test_paid_and_not_received_the_fee_goes_back_by_rule() -> None:
    for end in (do.RejectDossier(by=CLERK, reason="r"), do.WithdrawDossier(owner=OWNER)):
        player = filed(UPFRONT, "2026-03-04T09:00")
        payer = invoice_of(player)
        assert payer.gateway(payer.attempt()) == "00"
        (received,) = payer.said("received")
        player.tell(received)
        assert player.dossier.stage == "filed"
        player.tell(end)
        payer.tell(sealed(player.events[-1]))
        (back,) = payer.said("refund_requested")
        assert (back.reason, back.ground, back.amount, back.by) == ("after_end", NOT_RECEIVED, 2_000_000, None)


def test_unpaid_and_not_received_nothing_is_due_any_more() -> None:
    player = filed(UPFRONT, "2026-03-04T09:00")
    player.tell(do.WithdrawDossier(owner=OWNER))
    payer = invoice_of(player)
    assert (payer.invoice.status, [e.reason for e in payer.said("invoice_cancelled")]) == ("cancelled", ["withdrawn"])


def test_received_and_then_withdrawn_the_fee_is_kept() -> None:
    player = filed(UPFRONT, "2026-03-04T09:00")
    payer = invoice_of(player)
    payer.gateway(payer.attempt())
    player.tell(payer.said("received")[0])
    player.play([do.AcceptDossier(by=CLERK), NUMBER, do.WithdrawDossier(owner=OWNER)])
    for event in player.events[-2:]:
        payer.tell(sealed(event))
    assert (payer.invoice.status, payer.said("refund_requested")) == ("paid", [])


def test_a_quote_is_what_would_be_assessed_or_none_while_an_answer_is_missing() -> None:
    on = date(2026, 11, 30)
    karaoke, guide = (procedures.find(code, on) for code in ("1.001029", "1.001440"))
    fields = fees.inputs_of(karaoke)
    form = {one.name: one.choices[0].value if one.choices else one.minimum for one in fields} | {"name": "x"}
    found = charging.quoted(karaoke, form, on)
    assert found is not None
    assert found == fees.assess(karaoke, on, fees.inputs_of_form(karaoke, form))
    for broken in ({}, {**form, fields[0].name: "no answer of it"}):
        assert charging.quoted(karaoke, broken, on) is None
    assert charging.quoted(guide, {}, on) == fees.assess(guide, on)
