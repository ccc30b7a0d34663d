"""A desk is told by its name, short enough for one SMS; what an e-mail brings is a link."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from cli.generate import GOLDENS
from schemas.personal import Personal
from schemas.topics import CATALOGUES
from services.delivery.domain.places import DESKS
from services.notification.domain.catalogue import LONGEST_CODE, packaged
from services.notification.domain.forms import PLACE_LENGTH, Language
from services.notification.domain.rules import Rules
from services.notification.domain.segments import parts_of
from services.notification.domain.templates import as_sms, named, said
from services.notification.messages import SendEmail, SetPreferences
from services.notification.settings import NotificationSettings

from .test_told import Life

SECRET = Personal(token="sealed:1:secret:PPPP")
TOLD = ("result_available", "pickup_reminded", "uncollected")
LINKS = {
    "receipt": "https://dvc.example.vn/{dossier_id}/receipts/{number}",
    "result": "https://dvc.example.vn/{dossier_id}",
}


def delivery(name: str, **changes: Any) -> Any:
    path = GOLDENS / f"delivery.{name}.v1.json"
    event: Any = CATALOGUES["delivery"].decode(path.stem, path.read_bytes())
    return event.model_copy(
        update={"way": "in_person", "pickup": SECRET, **changes} if name == "result_available" else changes
    )


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("name", TOLD)
def test_every_desk_of_the_province_is_named_in_one_segment(name: str, language: Language) -> None:
    for code, desk in DESKS.items():
        event = delivery(name, desk=code, desk_name=desk.name)
        found = packaged().of(event)
        assert found is not None
        texts = said(found[1], event, language)
        for sms in (texts.sms, as_sms(texts.plain) if texts.plain is not None else texts.sms):
            assert sms is not None
            assert parts_of(named(sms, LONGEST_CODE)) == 1
            assert code not in sms
        assert desk.name in texts.email


def test_the_name_of_the_provinces_desk_is_written_short_and_an_older_event_has_its_code() -> None:
    event = delivery("result_available", desk="H18", desk_name=DESKS["H18"].name)
    (_, template) = packaged().of(event) or pytest.fail("nothing is said")
    assert "Moi den TT PVHCC tinh Dien Bien, ma nhan {secret}." in str(said(template, event, "vi").sms)
    assert "Moi den H18, ma nhan" in str(said(template, event.model_copy(update={"desk_name": None}), "vi").sms)
    long = event.model_copy(update={"desk_name": "x" * 200})
    assert "x" * PLACE_LENGTH + "," in str(said(template, long, "vi").sms)
    assert "x" * (PLACE_LENGTH + 1) not in str(said(template, long, "vi").sms)


def test_an_e_mail_brings_a_link_and_no_file() -> None:
    life = Life(Rules(quiet=None, links=LINKS))
    life.event("dossier", "submitted")
    life.event("dossier", "accepted")
    life.hear(SetPreferences(channel="email"))
    life.event("payment", "receipt_issued", number="BL/2026 1")
    life.event("delivery", "result_delivered", way="online")
    receipt, result = [e for e in life.effects if isinstance(e, SendEmail)][-2:]
    assert life.state is not None
    dossier = life.state.dossier_id
    assert f"Biên lai (PDF): https://dvc.example.vn/{dossier}/receipts/BL%2F2026%201\n" in receipt.text
    assert f"Kết quả: https://dvc.example.vn/{dossier}\n" in result.text
    assert receipt.text.endswith("Sở VHTTDL Điện Biên\n")
    without = Life(Rules(quiet=None))
    without.event("dossier", "submitted")
    without.hear(SetPreferences(channel="email"))
    without.event("payment", "receipt_issued")
    assert "http" not in without.effects[-1].text


@pytest.mark.parametrize(
    ("links", "why"),
    [
        ({"receipt": "https://x.vn/{pin}"}, "payment.receipt_issued has no field 'pin'"),
        ({"receipt": "https://x.vn/{amount}"}, "name a form"),
        ({"photo": "https://x.vn/"}, "no message brings 'photo', only receipt, result"),
        ({"result": "ftp://x.vn/"}, "String should match pattern"),
        ({"result": "https://x.vn/{"}, "encountered in format string"),
    ],
)
def test_a_link_that_cannot_be_filled_is_refused_at_start(links: dict[str, str], why: str) -> None:
    assert why in wrong_links(links)


def wrong_links(links: dict[str, str]) -> str:
    with pytest.raises(ValidationError) as wrong:  # all else is missing
        NotificationSettings.model_validate({"links": links})
    return next((str(e["msg"]) for e in wrong.value.errors() if e["loc"][0] == "links"), "")


def test_links_that_can_be_filled_are_taken() -> None:
    assert wrong_links(LINKS) == ""
