"""Drafts that will be removed: told of once, in the daytime, by what way there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.decision import DeadlineDue, Decision
from cli.examples import example
from schemas.draft import DraftExpiring
from schemas.personal import Personal
from services.notification.domain.drafts import ERASED, DraftEmail, DraftSms, Drawer, Warner
from services.notification.domain.rules import Rules
from services.notification.domain.segments import parts_of
from services.notification.messages import EmailSettled, PartReceipt, SmsSettled

NOW = datetime(2026, 11, 25, 5, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 17, tzinfo=UTC)
MORNING = datetime(2026, 11, 26, 0, tzinfo=UTC)
PHONE = Personal(token="sealed:1:phone:AAAA")
EMAIL = Personal(token="sealed:1:email:AAAA")
WARNER = Warner(Rules())


def expiring(**changes: Any) -> DraftExpiring:
    fields = {"phone": PHONE, "email": EMAIL, "expires_at": NOW + timedelta(days=3), "warned_at": NOW}
    return example(DraftExpiring).model_copy(update={**fields, **changes})


def told(now: datetime = NOW, **changes: Any) -> Decision[Drawer]:
    return WARNER.expiring(None, expiring(**changes), now)


def state(decision: Decision[Drawer]) -> Drawer:
    assert decision.state is not None
    return decision.state


def sms_of(decision: Decision[Drawer]) -> DraftSms:
    (effect,) = decision.effects
    assert isinstance(effect, DraftSms)
    return effect


def email_of(decision: Decision[Drawer]) -> DraftEmail:
    (effect,) = decision.effects
    assert isinstance(effect, DraftEmail)
    return effect


def test_one_short_sms_says_that_it_was_not_submitted_and_when_it_goes() -> None:
    effect = sms_of(told())
    assert "CHUA NOP" in effect.text
    assert "28/11/2026" in effect.text
    assert parts_of(effect.text) == 1
    assert effect.to == PHONE
    assert effect.not_after == NOW + timedelta(days=3)
    assert told().events == ()


def test_it_is_told_once_and_again_only_of_a_later_end() -> None:
    first = state(told())
    assert WARNER.expiring(first, expiring(), NOW).effects == ()
    assert sms_of(WARNER.expiring(first, expiring(expires_at=NOW + timedelta(days=9)), NOW))


def test_at_night_it_waits_for_the_morning() -> None:
    decision = told(NIGHT)
    assert (decision.effects, decision.due) == ((), MORNING)
    awake = WARNER.due(state(decision), DeadlineDue(due=MORNING), MORNING)
    assert sms_of(awake)
    assert awake.due is None


def test_a_draft_that_was_removed_meanwhile_is_not_told_of() -> None:
    decision = told(NIGHT, expires_at=MORNING)
    awake = WARNER.due(state(decision), DeadlineDue(due=MORNING), MORNING)
    assert awake.effects == ()
    assert [w.code for w in state(awake).warned] == ["removed"]
    assert told(NOW, expires_at=NOW).effects == ()


def test_without_a_phone_it_goes_by_email_and_without_both_nowhere() -> None:
    effect = email_of(told(phone=None))
    assert expiring().procedure_name.vi in effect.text
    nowhere = told(phone=None, email=None)
    assert nowhere.effects == ()
    assert [w.code for w in state(nowhere).warned] == ["no_contact"]


def test_an_sms_that_did_not_arrive_or_perhaps_did_goes_by_email() -> None:
    message = sms_of(told()).message
    for result in ("refused", "unknown", "expired"):
        assert email_of(WARNER.settled(state(told()), SmsSettled(message=message, result=result), NOW))
    sent = state(WARNER.settled(state(told()), SmsSettled(message=message, result="sent"), NOW))
    lost = PartReceipt(part="1", message=message, state="failed", reason="UNDELIV")
    by_email = WARNER.receipt(sent, lost, NOW)
    assert email_of(by_email)
    assert WARNER.receipt(state(by_email), lost, NOW).effects == ()


def test_nothing_more_follows_what_arrived_or_was_erased() -> None:
    message = sms_of(told()).message
    arrived = PartReceipt(part="1", message=message, state="delivered", reason="DELIVRD")
    there = WARNER.receipt(state(told()), arrived, NOW)
    assert [w.status for w in state(there).warned] == ["delivered"]
    assert WARNER.settled(state(there), SmsSettled(message=message, result="refused"), NOW).effects == ()
    erased = sms_of(told()).failed("erased")
    assert isinstance(erased, SmsSettled)
    assert erased.reason == ERASED
    assert WARNER.settled(state(told()), erased, NOW).effects == ()


def test_an_email_that_was_not_taken_is_the_end() -> None:
    decision = told(phone=None)
    refused = EmailSettled(message=email_of(decision).message, result="refused", reason="SMTP 550")
    ended = WARNER.settled(state(decision), refused, NOW)
    assert ended.effects == ()
    assert [(w.status, w.code) for w in state(ended).warned] == [("failed", "SMTP 550")]


def test_what_was_told_of_drafts_that_are_gone_is_forgotten() -> None:
    later = NOW + timedelta(days=4)
    again = WARNER.expiring(state(told()), expiring(expires_at=later + timedelta(days=1)), later)
    assert len(state(again).warned) == 1
