"""A link and its PIN never go by one channel, and a secret goes to nobody but the applicant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.personal import Personal
from services.notification.domain.contact import Contact
from services.notification.messages import (
    ConfirmRepresentative,
    NameRepresentative,
    SendEmail,
    SendSms,
    SetPreferences,
)

from .test_told import NOON, PHONE, Life

PIN, URL = Personal(token="sealed:1:secret:PPPP"), Personal(token="sealed:1:secret:UUUU")


def linked(**more: Any) -> Life:
    life = Life(**more)
    life.event("dossier", "submitted")
    life.event("dossier", "accepted")
    for effect in life.effects:
        life.arrives(effect)
    life.effects.clear()
    return life


def make_link(life: Life) -> list[Any]:
    life.event("delivery", "link_made", pin=PIN, url=URL, made_at=life.now)
    made, life.effects = life.effects, []
    return made


@pytest.mark.parametrize("channel", ["auto", "sms", "email", "both"])
def test_the_link_goes_by_e_mail_and_the_pin_by_sms_whatever_is_preferred(channel: Any) -> None:
    life = linked()
    life.hear(SetPreferences(channel=channel))
    sms, email = make_link(life)
    assert isinstance(sms, SendSms)
    assert isinstance(email, SendEmail)
    assert (sms.secret, email.secret) == (PIN, URL)
    assert sms.text.count("{secret}") == email.text.count("{secret}") == 1


def test_neither_half_takes_the_way_of_the_other_when_it_does_not_arrive() -> None:
    life = linked()
    sms, email = make_link(life)
    life.settle(sms, "refused", reason="no such number", failure="permanent")
    life.settle(email, "refused", reason="SMTP 550", failure="permanent")
    life.pass_time(NOON + timedelta(days=3))
    assert life.effects == []


def test_without_an_e_mail_address_no_secret_leaves() -> None:
    (sms,) = make_link(linked(email=False))
    assert isinstance(sms, SendSms)
    assert sms.secret is None
    assert "{secret}" not in sms.text
    assert "khong gui duoc lien ket" in sms.text


def test_each_link_is_told_and_a_repeat_is_not() -> None:
    life = linked()
    assert len(make_link(life)) == 2
    assert make_link(life) == []
    life.now += timedelta(hours=1)
    assert len(make_link(life)) == 2


def test_a_representative_gets_neither_half() -> None:
    life = linked()
    life.hear(NameRepresentative(phone=PHONE, email=Personal(token="sealed:1:email:RRRR")))
    life.hear(ConfirmRepresentative())
    assert [e.message.rpartition("/")[2] for e in make_link(life)] == ["sms", "email"]


def test_what_waits_keeps_its_secrets_sealed() -> None:
    life = Life()
    life.event("delivery", "link_made", pin=PIN, url=URL)
    assert life.state is not None
    kept = Contact.model_validate_json(life.state.model_dump_json())
    assert (kept.waiting[0].sms_secret, kept.waiting[0].email_secret) == (PIN, URL)


def test_the_pickup_code_is_the_applicants_and_a_representative_hears_that_it_is_ready() -> None:
    life = linked()
    life.hear(NameRepresentative(phone=PHONE))
    life.hear(ConfirmRepresentative())
    life.event("delivery", "result_available", way="in_person", desk="H18", pickup=PIN)
    mine, theirs = life.effects
    assert (mine.secret, theirs.secret) == (PIN, None)
    assert "H18, ma nhan {secret}" in mine.text
    assert "{secret}" not in theirs.text


@pytest.mark.parametrize("name", ["uncollected", "consignment_returned", "consignment_lost"])
def test_what_failed_is_told_once_and_a_later_failure_is_told_again(name: str) -> None:
    life = linked()
    life.event("delivery", name)
    life.event("delivery", "failed")
    assert len(life.effects) == 1
    life.event("delivery", "failed")
    assert len(life.effects) == 2
