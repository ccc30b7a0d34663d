"""What applicants are told fits a phone and a mailbox, whatever an officer wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.generate import GOLDENS
from schemas.parts import SupplementItem
from schemas.topics import CATALOGUES
from services.notification.domain.catalogue import packaged
from services.notification.domain.rules import Rules
from services.notification.domain.segments import segments
from services.notification.domain.told import Teller
from services.notification.messages import SendEmail, SendSms

HANDLERS = Teller(Rules(quiet=None)).handlers
NOW = datetime(2026, 11, 25, tzinfo=UTC)
LONG = "đ{x} " * 200
ITEMS = tuple(SupplementItem(kind="field", name=f"f{n}", why="y" * 300) for n in range(30))


def event(name: str) -> Any:
    return CATALOGUES["dossier"].decode(f"dossier.{name}.v1", (GOLDENS / f"dossier.{name}.v1.json").read_bytes())


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("rejected", {}, "khong duoc tiep nhan"),
        ("supplement_requested", {}, "Ngay sinh (khong khop voi can cuoc)"),
        ("supplemented", {}, "Da nhan bo sung"),
        ("fee_settled", {}, "hen tra ket qua moi: 07/12/2026"),
        ("extended", {}, "Hen lai: 10/12/2026"),
        ("stopped", {}, "dung giai quyet: khong bo sung"),
        ("withdrawn", {}, "da duoc rut"),
        ("decided", {"outcome": "refused", "reason": "thiếu điều kiện"}, "khong duoc chap thuan: thieu dieu kien"),
        ("complaint_answered", {}, "da duoc tra loi"),
        ("rejected", {"reason": LONG}, "d(x) d(x)"),
        ("stopped", {"reason": LONG}, "d(x) d(x)"),
        ("supplement_requested", {"items": ITEMS}, "can bo sung truoc 25/12/2026"),
    ],
)
def test_each_step_is_told_once_in_three_parts_at_most(name: str, changes: dict[str, Any], words: str) -> None:
    state: Any = None
    effects: list[Any] = []
    said = event(name).model_copy(update=changes)
    for message in (event("submitted"), said, said):
        decision = HANDLERS[type(message)](state, message, NOW)
        state = decision.state
        effects.extend(decision.effects)
    sms = [e for e in effects if isinstance(e, SendSms)]
    emails = [e for e in effects if isinstance(e, SendEmail)]
    found = packaged().of(said)
    assert found is not None
    assert (len(sms), len(emails)) == (2, 1 if found[1].email_policy == "also" else 0)
    assert words in sms[1].text
    assert sms[1].text.isascii()
    assert len(segments(sms[1].text, "m")) <= 3


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("fee_settled", {"promised": datetime(2026, 12, 7, 10, tzinfo=UTC)}),
        ("supplemented", {"due_at": None}),
        ("decided", {"outcome": "approved"}),
    ],
)
def test_what_is_no_news_is_not_told(name: str, changes: dict[str, Any]) -> None:
    said = event(name).model_copy(update=changes)
    state: Any = HANDLERS[type(said)](None, said, NOW).state
    assert state.waiting == ()
