"""A copy of what was sent: everything is on it, under labels in one language, as text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from cli.demo.filings import plan
from law import procedures
from services.submission.effects.copies import Copies, Language, Sent
from tests.unit.services.test_blank_forms import text_of

ON = date(2026, 11, 25)
NASTY = '<script>alert(1)</script> #panic() $x$ \\ *đậm* "ngoặc" ' + "x" * 300


def sent(number: int, **changes: Any) -> Sent:
    filing = plan(number, "t")[number - 1].filing
    whole: dict[str, Any] = {
        "id": "00000000-0000-4000-8000-000000000001",
        "code": "H18.12-20261125-0000001",
        "name": {"vi": "Thủ tục mẫu", "en": "Example procedure"},
        "filed_at": datetime(2026, 11, 25, 2, 0, tzinfo=UTC),
        "procedure": procedures.find(filing["procedure"], ON),
        "applicant": filing["applicant"],
        "agent": {},
        "form": filing["form"],
        "way": filing["way"],
        "address": filing.get("address", {}),
        "files": (("notification", 1234, "a" * 64),),
    }
    return Sent(**{**whole, **changes})


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_everything_that_was_sent_is_on_it(number: int, language: Language) -> None:
    copies, whole = Copies(), sent(number)
    made = await copies.pdf(whole, language)
    assert made == await copies.pdf(whole, language)
    shown = text_of(made)
    for field in whole.procedure.form.fields:
        if field.name in whole.form:
            choice = next((one for one in field.choices if one.value == whole.form[field.name]), None)
            label, value = field.label_vi, str(whole.form[field.name])
            if choice is not None:
                value = choice.label_vi if language == "vi" else choice.label_en
            assert (label if language == "vi" else field.label_en) in shown
            assert value in shown
    for value in (whole.code, whole.id, "09:00, 25/11/2026", whole.applicant["name"], "a" * 24):
        assert value in shown.replace("\u200b", "") or value in shown


async def test_an_address_is_in_words() -> None:
    assert "Phường Điện Biên Phủ, Điện Biên" in text_of(await Copies().pdf(sent(1), "vi"))


async def test_what_was_typed_is_text_whatever_it_looks_like() -> None:
    filing = sent(3)
    shown = text_of(await Copies().pdf(sent(3, form={**filing.form, "library_name": NASTY + " 😀\nhai"}), "vi"))
    for part in ("<script>alert(1)</script>", "#panic()", "$x$", "*đậm*", "hai"):
        assert part in shown
