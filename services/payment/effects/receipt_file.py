"""A receipt as a file: signed XML, which is the receipt, and a PDF, which is only its view.

The layout (names of elements, issuer, titles) is configuration: what the tax office's schema is was remembered, not
read (domain.md 3.5, R). Signature: XML-DSig, enveloped, RSA or ECDSA with SHA-256, the certificate inside.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import segno
import typst
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from pydantic import BaseModel, ConfigDict, Field
from signxml import SignatureConfiguration, SignatureMethod, XMLSigner, XMLVerifier  # type: ignore[attr-defined]
from signxml.exceptions import SignXMLException

from law.text import printed
from schemas.event import format_instant
from services.payment.domain.receipts import LOCAL
from services.payment.domain.records import Receipt, ReceiptKind

TEMPLATES: Final = Path(__file__).parent.joinpath("templates")
Element = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,40}$")]


class Unsigned(ValueError):
    """The XML is not what the certificate's owner signed."""


class Layout(BaseModel):
    """Names of the elements, and what every receipt of this agency says. Defaults are an example (R)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: Element = "BLai"
    number: Element = "SBLai"
    series: Element = "KHBLai"
    form: Element = "MSBLai"
    dossier: Element = "MHSo"
    issued_at: Element = "NLap"
    issuer_name: Element = "TDVThu"
    issuer_tax_code: Element = "MSTDVThu"
    payer: Element = "TNNop"
    lines: Element = "DSKThu"
    line: Element = "KThu"
    line_code: Element = "MKThu"
    line_name: Element = "TKThu"
    quantity: Element = "SLuong"
    unit_price: Element = "DGia"
    amount: Element = "TTien"
    total: Element = "TgTTien"
    replaces: Element = "SBLaiBTThe"
    issuer: str = "Sở Văn hóa, Thể thao và Du lịch tỉnh Điện Biên"
    tax_code: str = ""
    forms: Mapping[ReceiptKind, str] = {"phi": "01BLP", "le_phi": "02BLP"}
    titles: Mapping[ReceiptKind, str] = {"phi": "BIÊN LAI THU PHÍ", "le_phi": "BIÊN LAI THU LỆ PHÍ"}


def unsigned(receipt: Receipt, dossier: str, layout: Layout, payer: str | None = None) -> bytes:
    """The receipt as XML, the same bytes each time. Raises ValueError for one without a number."""
    if receipt.number is None or receipt.issued_at is None:
        raise ValueError("a receipt without a number is none yet")
    root = etree.Element(layout.root)
    head = {
        layout.form: layout.forms[receipt.kind],
        layout.series: receipt.series,
        layout.number: receipt.number,
        layout.dossier: dossier,
        layout.issued_at: format_instant(receipt.issued_at),
        layout.issuer_name: layout.issuer,
        layout.issuer_tax_code: layout.tax_code,
        layout.payer: _printable(payer or ""),
        layout.replaces: receipt.replaces or "",
    }
    _children(root, {name: text for name, text in head.items() if text})
    lines = etree.SubElement(root, layout.lines)
    for line in receipt.lines:
        one = {
            layout.line_code: line.code,
            layout.line_name: line.name.vi,
            layout.quantity: str(line.quantity),
            layout.unit_price: str(line.unit_price),
            layout.amount: str(line.amount),
        }
        _children(etree.SubElement(lines, layout.line), one)
    _children(root, {layout.total: str(receipt.amount)})
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(character for character in text if character.isprintable())


def _children(parent: Any, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        etree.SubElement(parent, name).text = text


def sign(xml: bytes, key: str, certificate: str) -> bytes:
    """The XML with its signature inside. `key`, `certificate`: PEM. Raises ValueError for keys that are none."""
    private = load_pem_private_key(key.encode(), None)
    method = (
        SignatureMethod.ECDSA_SHA256 if isinstance(private, EllipticCurvePrivateKey) else SignatureMethod.RSA_SHA256
    )
    signer = XMLSigner(signature_algorithm=method)
    signed = signer.sign(_parsed(xml), key=key.encode(), cert=certificate)
    return bytes(etree.tostring(signed, encoding="UTF-8", xml_declaration=True))


def verify(xml: bytes, certificate: str) -> bytes:
    """What was signed, as XML without its signature. Raises Unsigned."""
    expected = SignatureConfiguration(
        signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256})
    )
    try:
        found = XMLVerifier().verify(_parsed(xml), x509_cert=certificate, expect_config=expected)
    except (SignXMLException, etree.LxmlError, ValueError) as error:
        raise Unsigned(f"{type(error).__name__}: {error}") from error
    content: Any = found.signed_xml  # type: ignore[union-attr] # one reference was expected
    return bytes(etree.tostring(content))


def _parsed(xml: bytes) -> Any:
    """No entities, no network: the file may have come from elsewhere."""
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def pdf(receipt: Receipt, dossier: str, layout: Layout, xml: bytes, payer: str | None = None) -> bytes:
    """The view (PDF/A-2b), with a code that holds number, amount and the hash of the signed file."""
    issued = receipt.issued_at or receipt.cancelled_at
    if receipt.number is None or issued is None:
        raise ValueError("a receipt without a number is none yet")
    local = issued.astimezone(LOCAL)
    code = f"{receipt.number}|{receipt.amount}|{hashlib.sha256(xml).hexdigest()}"
    image = io.BytesIO()
    segno.make(code, error="m").save(image, kind="svg", xmldecl=False)
    data = {
        "title": layout.titles[receipt.kind],
        "form": layout.forms[receipt.kind],
        "series": receipt.series,
        "number": receipt.number,
        "issuer": layout.issuer,
        "dossier": dossier,
        "payer": payer or "",
        "date": f"ngày {local.day} tháng {local.month} năm {local.year}",
        "year": local.year,
        "month": local.month,
        "day": local.day,
        "lines": [
            [line.name.vi, str(line.quantity), dong(line.unit_price), dong(line.amount)] for line in receipt.lines
        ],
        "total": dong(receipt.amount),
        "replaces": receipt.replaces or "",
        "cancelled": receipt.reason or "" if receipt.status == "cancelled" else "",
        "qr": image.getvalue().decode(),
    }
    made = _compiler().compile(format="pdf", sys_inputs={"data": json.dumps(printed(data))}, pdf_standards="a-2b")
    if not isinstance(made, bytes):
        raise TypeError("typst gave no PDF")
    return made


def dong(amount: int) -> str:
    """``650.000 đ``."""
    return f"{amount:,} đ".replace(",", ".")


@cache
def _compiler() -> typst.Compiler:
    """Fonts are read once."""
    return typst.Compiler(str(TEMPLATES.joinpath("receipt.typ")))
