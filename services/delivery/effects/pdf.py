"""Pages as PDF/A-2b by typst, with QR codes and bar codes."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import segno
import typst
from barcode import Code128

from law.text import printed

TEMPLATES: Final = Path(__file__).parent / "templates"


def page(template: str, data: Mapping[str, Any], *, qr: str) -> bytes:
    """The page of a template; `qr` is the text of its codes: QR for phones, Code 128 for the scanners of desks."""
    code = io.BytesIO()
    segno.make(qr, error="m").save(code, kind="svg", xmldecl=False)
    inputs = {"data": json.dumps({**printed(data), "qr": code.getvalue().decode(), "bars": bars(qr)})}
    pdf = _compiler(template).compile(format="pdf", sys_inputs=inputs, pdf_standards="a-2b")
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no PDF")
    return pdf


def bars(text: str) -> list[tuple[bool, int]]:
    """Code 128 (ISO/IEC 15417) of an ASCII text: runs of black (True) and white, and how many modules wide each is."""
    modules: str = Code128(text).build()[0]
    return [(module == "1", len(list(run))) for module, run in groupby(modules)]


@cache
def _compiler(template: str) -> typst.Compiler:
    """Fonts are read once."""
    return typst.Compiler(str(TEMPLATES / template))
