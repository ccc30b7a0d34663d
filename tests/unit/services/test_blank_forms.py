"""Blank forms: every field of every procedure stands on its PDF, which is the same bytes each time."""

from __future__ import annotations

import io
from datetime import date

import pypdf
import pytest

from law import forms, procedures
from services.submission.effects import blank

ON = date(2026, 11, 25)


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("procedure", procedures.all(ON), ids=lambda procedure: procedure.code)
def test_a_blank_form_asks_every_field_and_says_why(procedure: procedures.Procedure) -> None:
    guides = forms.guide(ON)
    made = blank.pdf(procedure, guides)
    assert made == blank.pdf(procedure, guides)
    text = text_of(made)
    for field in procedure.form.fields:
        for words in (field.label_vi, field.label_en, guides[field.name].purpose_en):
            assert " ".join(words.split()) in text, words
        assert all(choice.label_vi in text for choice in field.choices)
    assert procedure.full_code in text
    assert (blank.EXAMPLE[:40] in text) == (not procedure.form.mark.sure)
