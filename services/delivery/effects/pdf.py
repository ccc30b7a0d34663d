"""Pages as PDF/A-2b by typst, and QR codes for them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import segno
import typst

TEMPLATES: Final = Path(__file__).parent / "templates"


def page(template: str, data: Mapping[str, Any], *, qr: str) -> bytes:
    """The page of a template; `qr` is the text of its code."""
    code = io.BytesIO()
    segno.make(qr, error="m").save(code, kind="svg", xmldecl=False)
    inputs = {"data": json.dumps({**data, "qr": code.getvalue().decode()})}
    pdf = _compiler(template).compile(format="pdf", sys_inputs=inputs, pdf_standards="a-2b")
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no PDF")
    return pdf


@cache
def _compiler(template: str) -> typst.Compiler:
    """Fonts are read once."""
    return typst.Compiler(str(TEMPLATES / template))
