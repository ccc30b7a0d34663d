"""Blank forms as PDF, from the same schema that filings are checked against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from law.forms import schema
from law.forms.guide import Guide
from law.procedures import Procedure

TEMPLATE: Final = Path(__file__).parent / "templates" / "form.typ"
SHORT: Final = 255
"""Up to so many characters one line is enough: hardly anybody uses them up."""
MOST_LINES: Final = 5
EXAMPLE: Final = (
    "Các mục do hệ thống này ghi lại để tham khảo, không thay mẫu của văn bản quy phạm. "
    "Fields as worded by this system, for reference; they replace no form set by law."
)


def pdf(procedure: Procedure, guides: Mapping[str, Guide]) -> bytes:
    """The form of one version of a procedure, PDF/A-2b; the same bytes each time."""
    made = _compiler().compile(
        format="pdf", sys_inputs={"data": json.dumps(content(procedure, guides))}, pdf_standards="a-2b"
    )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no PDF")
    return made


def content(procedure: Procedure, guides: Mapping[str, Guide]) -> dict[str, Any]:
    """What stands on it."""
    made = schema(procedure.form, guides)
    since = procedure.since.value
    basis = "; ".join(fact.value for fact in procedure.legal_basis)
    return {
        "code": procedure.full_code,
        "name": procedure.names.value.model_dump(),
        "number": made["x-form"],
        "since": [since.year, since.month, since.day],
        "fields": [_field(name, field, made["required"]) for name, field in made["properties"].items()],
        "basis": f"Căn cứ / legal basis: {basis}.",
        "note": "" if procedure.form.mark.sure else EXAMPLE,
    }


def _field(name: str, field: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "vi": field["title"],
        "en": field["x-title-en"],
        "why": field.get("description", ""),
        "why_en": field.get("x-description-en", ""),
        "required": name in required,
        "choices": list(field.get("x-labels", {}).values()),
        "lines": min(MOST_LINES, 1 + field.get("maxLength", 1) // (SHORT + 1)),
    }


@cache
def _compiler() -> typst.Compiler:
    """Fonts are read once."""
    return typst.Compiler(str(TEMPLATE))
