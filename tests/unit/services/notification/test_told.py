"""Who is told, when, by which way, and which other way when it does not arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.decision import DeadlineDue, Refused
from cli.generate import GOLDENS
from schemas.personal import Personal
from schemas.topics import CATALOGUES
from services.notification.domain import wishes
from services.notification.domain.contact import VERSIONS, Contact
from services.notification.domain.rules import Rules
from services.notification.domain.told import OWED, Teller
from services.notification.messages import (
    Bounced,
    ConfirmRepresentative,
    EmailSettled,
    InformSms,
    MailOfficers,
    NameRepresentative,
    PartReceipt,
    SeekReceipt,
    SendEmail,
    SendSms,
    SetPreferences,
    SmsSettled,
)

NOON = datetime(2026, 11, 25, 5, tzinfo=UTC)
"""In Điện Biên."""
NIGHT = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
PHONE = Personal(token="sealed:1:phone:AAAA")


class Life:
    """One dossier: what is decided accumulates."""

    def __init__(self, rules: Rules | None = None, now: datetime = NOON, *, email: bool = True) -> None:
        teller = Teller(rules or Rules())
        self.handlers = {**teller.handlers, **wishes.HANDLERS}
        self.now = now
        self.state: Contact | None = None
        self.effects: list[Any] = []
        self.said: list[Any] = []
        self.due: datetime | None = None
        self.email = email

    def hear(self, message: Any) -> dict[str, Any]:
        decision = self.handlers[type(message)](self.state, message, self.now)
        self.state = decision.state
        self.effects += decision.effects
        self.said += decision.events
        if isinstance(decision.due, datetime) or decision.due is None:
            self.due = decision.due
        return dict(decision.answer)

    def event(self, stream: str, name: str, **changes: Any) -> None:
        path = GOLDENS / f"{stream}.{name}.v1.json"
        event: Any = CATALOGUES[stream].decode(path.stem, path.read_bytes()).model_copy(update=changes)
        if name == "submitted" and not self.email:
            applicant = event.applicant.model_copy(update={"email": None})
            event = event.model_copy(update={"applicant": applicant})
        self.hear(event)

    def pass_time(self, now: datetime) -> None:
        self.now = now
        self.hear(DeadlineDue())

    def settle(self, effect: Any, result: Any, **more: Any) -> None:
        kind: Any = SmsSettled if isinstance(effect, SendSms) else EmailSettled
        self.hear(kind(message=effect.message, result=result, provider="c", **more))

    def receipt(self, part: str, message: str, state: Any = "delivered", failure: Any = None) -> None:
        self.hear(PartReceipt(part=part, message=message, state=state, reason="STAT 000", failure=failure))

    def arrives(self, effect: Any) -> None:
        self.settle(effect, "sent", ids=(effect.message,))
        self.receipt(effect.message, effect.message)

    @property
    def words(self) -> list[str]:
        return [e.TYPE.removeprefix("notification.") for e in self.said]

    def status(self, ending: str) -> str:
        assert self.state is not None
        return next(m.status for m in self.state.messages if m.id.endswith(ending))


def accepted(rules: Rules | None = None, now: datetime = NOON, **more: Any) -> tuple[Life, SendSms]:
    """A dossier whose acceptance is being told; its submission arrived."""
    life = Life(rules, now, **more)
    life.event("dossier", "submitted")
    life.arrives(life.effects[0])
    life.said.clear()
    life.event("dossier", "accepted")
    return life, life.effects[-1]


def test_an_sms_that_arrived_needs_no_other_way() -> None:
    life, sms = accepted()
    life.settle(sms, "sent", ids=("1",), cost=700)
    assert life.due == NOON + timedelta(minutes=10)
    life.receipt("1", sms.message)
    assert life.status("accepted/sms") == "delivered"
    assert life.words == ["sent", "delivered"]
    assert life.said[0].cost == 700
    assert not any(isinstance(e, SendEmail) for e in life.effects)


def test_without_a_receipt_in_time_it_goes_by_e_mail_once_and_the_sms_stays_what_it_is() -> None:
    life, sms = accepted()
    life.settle(sms, "sent", ids=("1",))
    life.pass_time(NOON + timedelta(minutes=11))
    life.pass_time(NOON + timedelta(minutes=22))
    emails = [e for e in life.effects if isinstance(e, SendEmail)]
    assert [e.message.rpartition("/accepted/")[2] for e in emails] == ["email"]
    assert life.status("accepted/sms") == "sent"
    assert life.state is not None
    assert life.state.messages[-1].instead_of == sms.message
    life.receipt("1", sms.message)
    assert life.status("accepted/sms") == "delivered"


def test_other_provider_first_then_e_mail() -> None:
    life, sms = accepted(Rules(other_providers=1))
    life.settle(sms, "sent", ids=("1",))
    life.pass_time(NOON + timedelta(minutes=11))
    again = life.effects[-1]
    assert isinstance(again, InformSms)
    assert (again.message.rpartition("/")[2], again.besides, again.text) == ("sms2", ("c",), sms.text)
    life.settle(again, "refused", reason="no", failure="technical")
    assert isinstance(life.effects[-1], SendEmail)


def test_an_unknown_sms_is_never_repeated_its_content_goes_by_e_mail_and_its_receipt_is_sought() -> None:
    life, sms = accepted(Rules(other_providers=1))
    life.settle(sms, "unknown")
    kinds = [type(e).__name__ for e in life.effects[2:]]
    assert kinds == ["SendEmail", "SeekReceipt"]
    assert life.words == ["unknown"]
    life.settle(life.effects[2], "sent")
    assert life.state is not None
    assert not life.state.attention
    life.receipt("7", sms.message)
    assert life.status("accepted/sms") == "delivered"


def test_without_another_way_a_person_should_look() -> None:
    life, sms = accepted(email=False)
    life.settle(sms, "unknown")
    assert life.state is not None
    assert life.state.attention
    assert isinstance(life.effects[-1], SeekReceipt)
    life.receipt("7", sms.message)
    assert not life.state.attention


@pytest.mark.parametrize("state", ["delivered", "failed"])
def test_a_receipt_before_the_answer_counts_once_the_answer_is_there(state: Any) -> None:
    for result, ids in (("sent", ("1",)), ("unknown", ())):
        life, sms = accepted(email=False)
        life.receipt("1", sms.message, state)
        assert life.words == []
        life.settle(sms, result, ids=ids)
        assert life.status("accepted/sms") == state
        assert life.words == ["sent", state][len(ids) == 0 :]


def test_what_no_provider_takes_goes_by_e_mail_in_time_and_not_by_sms_twice() -> None:
    life, sms = accepted(Rules(other_providers=1))
    life.pass_time(NOON + timedelta(minutes=11))
    assert [type(e) for e in life.effects[2:]] == [SendEmail]
    assert life.state is not None
    assert [m.id for m in life.state.troubled] == [sms.message]
    life.settle(life.effects[-1], "sent")
    assert not life.state.attention
    life.settle(sms, "sent", ids=("1",))
    life.receipt("1", sms.message)
    assert (life.status("accepted/sms"), life.state.spares) == ("delivered", ())


def test_what_is_stuck_and_has_no_other_way_is_shown_until_it_goes_and_may_still_go_another_way_later() -> None:
    life, sms = accepted(Rules(other_providers=1), email=False)
    life.pass_time(NOON + timedelta(minutes=11))
    assert life.effects[2:] == []
    assert life.state is not None
    assert life.state.attention
    life.settle(sms, "sent", ids=("1",))
    assert not life.state.attention
    life.pass_time(NOON + timedelta(minutes=22))
    assert [e.message.rpartition("/")[2] for e in life.effects[2:]] == ["sms2"]


def test_at_night_information_takes_no_other_way_before_the_morning() -> None:
    for failure, ways in (("permanent", [SendEmail]), ("technical", [InformSms])):
        life, sms = accepted(Rules(other_providers=1))
        life.settle(sms, "sent", ids=("1",))
        life.now = NIGHT
        life.receipt("1", sms.message, "failed", failure)
        assert (life.words[-1], life.effects[2:], life.due) == ("failed", [], MORNING)
        life.pass_time(MORNING)
        assert [type(e) for e in life.effects[2:]] == ways
    life, sms = accepted()
    life.settle(sms, "sent", ids=("1",))
    life.pass_time(NIGHT)
    assert life.effects[2:] == []
    life.pass_time(MORNING)
    assert [e.message.rpartition("/")[2] for e in life.effects[2:]] == ["email"]


def test_an_e_mail_that_comes_back_is_told_by_sms() -> None:
    life, sms = accepted()
    life.arrives(sms)
    life.hear(SetPreferences(channel="email"))
    life.event("dossier", "stopped")
    email = life.effects[-1]
    life.settle(email, "sent")
    life.hear(Bounced(message=email.message, status="5.1.1", permanent=True))
    assert isinstance(life.effects[-1], SendSms)
    assert life.effects[-1].message.endswith("/stopped/sms")
    life.event("dossier", "withdrawn")
    kept = life.effects[-1]
    life.settle(kept, "sent")
    life.pass_time(NOON + timedelta(hours=49))
    assert life.effects[-1] is kept, "nothing says that it did not arrive"


def test_what_no_receipt_ever_came_for_expires_and_a_late_receipt_corrects_it() -> None:
    life, sms = accepted(email=False)
    life.settle(sms, "sent", ids=("1",))
    assert life.due == NOON + timedelta(hours=48)
    life.pass_time(NOON + timedelta(hours=49))
    assert (life.words, life.status("accepted/sms")) == (["sent", "expired"], "expired")
    life.receipt("1", sms.message)
    assert life.words == ["sent", "expired", "delivered"]


def test_at_night_information_waits_and_what_must_be_acted_on_does_not() -> None:
    life, last = accepted(now=NIGHT, email=False)
    assert last.message.endswith("/submitted/sms")
    assert life.due == MORNING
    life.settle(last, "sent", ids=("1",))
    assert life.due == MORNING
    life.event("payment", "invoice_opened")
    assert life.effects[-1].message.endswith("/invoice/sms")
    life.pass_time(MORNING)
    assert isinstance(life.effects[-1], InformSms)
    assert life.effects[-1].message.endswith("/accepted/sms")


def test_a_pay_now_after_the_payment_is_suppressed() -> None:
    life = Life()
    life.event("payment", "invoice_opened")
    life.event("payment", "received")
    life.event("payment", "receipt_issued")
    life.event("dossier", "submitted")
    assert {e.message.split("/")[1].partition(".")[0] for e in life.effects} == {"receipt", "submitted"}
    assert [(e.TYPE, e.reason) for e in life.said] == [("notification.suppressed", "no_longer_true")]


def test_what_is_on_its_way_is_not_sent_any_more_if_it_has_to_be_tried_again() -> None:
    life, _ = accepted()
    life.event("payment", "invoice_opened")
    invoice = life.effects[-1]
    life.event("payment", "received")
    assert life.state is not None
    told = life.state.message(invoice.message)
    assert told is not None
    assert (told.status, told.moot, life.state.spare(told.id)) == ("accepted", True, None)
    life.settle(invoice, "suppressed")
    assert (life.words, life.status("invoice/sms")) == (["suppressed"], "suppressed")


def test_preferences_hold_from_now_on_and_the_law_before_them() -> None:
    life, _ = accepted()
    life.hear(SetPreferences(language="en", channel="email", optional=False))
    life.event("delivery", "consignment_ordered")
    assert life.words == ["suppressed"]
    life.event("dossier", "stopped")
    email = life.effects[-1]
    assert isinstance(email, SendEmail)
    assert email.title.startswith("Dossier ")
    life.settle(email, "refused", reason="SMTP 550", failure="permanent")
    assert isinstance(life.effects[-1], SendSms)
    life, _ = accepted(email=False)
    with pytest.raises(Refused):
        life.hear(SetPreferences(channel="email"))


def test_whose_data_are_restricted_is_told_what_the_procedure_owes_and_nothing_else() -> None:
    life, _ = accepted()
    life.event("dossier", "processing_restricted")
    life.event("delivery", "choice_changed")
    assert life.words == ["suppressed"]
    assert life.said[0].reason == "opted_out"
    sent = len(life.effects)
    life.event("dossier", "extended")
    life.event("dossier", "supplement_requested")
    assert len(life.effects) > sent + 1, "a new date, and what to act on"
    life.event("dossier", "restriction_lifted")
    sent = len(life.effects)
    life.event("delivery", "papers_arrived")
    assert len(life.effects) == sent + 1


def test_what_a_procedure_owes_is_among_what_is_told() -> None:
    kinds = {template.kind for template in Rules().catalogue.by_name.values()}
    assert kinds >= OWED


def test_a_number_that_was_put_right_is_the_one_that_is_told_from_then_on() -> None:
    life, before = accepted()
    new = Personal(token="sealed:1:phone:BBBB")
    assert life.state is not None
    assert life.state.applicant is not None
    assert before.to != new
    life.event("dossier", "person_corrected", applicant=life.state.applicant.model_copy(update={"phone": new}))
    life.event("dossier", "stopped")
    assert [e.to for e in life.effects if isinstance(e, SendSms)][-1] == new


def test_a_representative_is_told_once_verified() -> None:
    life, _ = accepted()
    life.hear(NameRepresentative(phone=PHONE))
    life.event("dossier", "rejected")
    assert not [e for e in life.effects if e.message.endswith(".r")]
    life.hear(ConfirmRepresentative())
    life.event("dossier", "withdrawn")
    assert [e.to for e in life.effects if e.message.endswith("/sms.r")] == [PHONE]
    life.hear(NameRepresentative())
    with pytest.raises(Refused):
        life.hear(ConfirmRepresentative())


def test_information_has_a_limit_a_day() -> None:
    life, _ = accepted(Rules(a_day=1, quiet=None))
    life.event("delivery", "consignment_ordered")
    life.event("payment", "receipt_issued")
    assert life.words == ["suppressed"]
    assert life.said[0].reason == "limit"
    assert "/receipt." in life.effects[-1].message


def test_every_receipt_is_told_and_each_once() -> None:
    life, _ = accepted(email=False)
    for number in ("1", "2", "1"):
        life.event("payment", "receipt_issued", number=number)
    told = [e.message for e in life.effects if "/receipt." in e.message]
    assert len(told) == len(set(told)) == 2
    assert life.state is not None
    assert {m.kind for m in life.state.messages} == {"submitted", "accepted", "receipt"}


def test_a_bounce_fails_the_e_mail() -> None:
    life, _ = accepted()
    life.event("dossier", "rejected")
    email = life.effects[-1]
    life.settle(email, "sent")
    life.hear(Bounced(message=email.message, status="4.2.2", permanent=False))
    assert life.status("rejected/email") == "sent"
    life.hear(Bounced(message=email.message, status="5.1.1", permanent=True))
    assert life.status("rejected/email") == "failed"
    assert life.said[-1].code == "5.1.1"


@pytest.mark.parametrize(
    ("name", "changes", "account", "role", "unit"),
    [
        ("due_soon", {"holder": "specialist1", "unit": "culture"}, "specialist1", None, None),
        ("due_soon", {"holder": None, "unit": "culture", "role": None}, None, None, "culture"),
        ("due_soon", {"holder": None, "unit": "culture", "role": "specialist"}, None, "specialist", "culture"),
        ("due_soon", {"holder": None, "unit": None, "role": None}, None, "clerk", None),
        ("overdue", {"holder": "specialist1", "unit": "culture"}, None, "leader", None),
    ],
)
def test_officers_are_warned_by_e_mail_once_for_each_matter(
    name: str, changes: Any, account: str | None, role: str | None, unit: str | None
) -> None:
    life, _ = accepted()
    life.event("dossier", name, **changes)
    life.event("dossier", name, **changes)
    (mail,) = [e for e in life.effects if isinstance(e, MailOfficers)]
    assert (mail.account, mail.role, mail.unit) == (account, role, unit)
    life.event("dossier", name, **{**changes, "due_at": NOON})
    assert sum(isinstance(e, MailOfficers) for e in life.effects) == 2


def test_a_document_of_the_release_before_goes_on() -> None:
    old = {
        "dossier_id": "x",
        "waiting": [["accepted", "Hồ sơ {code} đã được tiếp nhận."]],
        "messages": [
            {
                "id": "x/submitted/sms",
                "kind": "submitted",
                "channel": "sms",
                "status": "sending",
                "at": NOON.isoformat(),
            }
        ],
    }

    state = Contact.model_validate(VERSIONS.read(1, old))
    assert state.messages[0].status == "accepted"
    assert state.waiting[0].sms == "So VHTTDL Dien Bien: Ho so {code} da duoc tiep nhan."
