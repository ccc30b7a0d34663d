"""The national payment platform, PayGov style: signatures, what it asks us, what it tells us. Pure.

Known: the calls, the names of the fields, and that `secureCode` has 64 hex digits; not known: its algorithm (domain
facts 3.3). Ours is HMAC-SHA256 over named fields, sorted, ``name=length:value`` joined by ``&``: values that are only
joined can be forged by moving the border between two of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from schemas.money import Vnd
from schemas.parts import FeeLine
from services.payment.domain.receipts import LOCAL
from services.payment.domain.reference import reference_of
from services.payment.domain.state import Invoice
from services.payment.messages import GatewayNotified

CODE: Final = "secureCode"
STAMP: Final = "%Y%m%d%H%M%S"
PAID, UNDECIDED, NOT_FOUND = "00", "01", "91"
FEES: Final = "2"
"""MaDichVu: 1 fines, 2 fees and charges."""
MAX_DATA: Final = 8192


class BadSignature(ValueError):
    """The values are not what the platform signed."""


def sign(values: Mapping[str, str], secret: str) -> str:
    """Signature of the named values, 64 hex digits; `secureCode` itself is left out."""
    text = "&".join(f"{k}={len(v.encode())}:{v}" for k, v in sorted(values.items()) if k != CODE)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def verify(values: Mapping[str, str], secrets: Sequence[str]) -> None:
    """Raises BadSignature unless one of `secrets` signed the values."""
    given = values.get(CODE, "").encode("utf-8", "replace")
    fits = [hmac.compare_digest(given, sign(values, secret).encode()) for secret in secrets]
    if not any(fits):
        raise BadSignature("secureCode does not fit")


def signed(values: Mapping[str, str], secret: str) -> dict[str, str]:
    """The values with their signature."""
    return {**values, CODE: sign(values, secret)}


def notification(values: Mapping[str, str]) -> GatewayNotified:
    """Reads a result whose signature was right: `data` is a JSON object in base 64. Raises ValueError."""
    if len(values.get("data", "")) > MAX_DATA:
        raise ValueError("data is too long")
    try:
        code, data = values["responseCode"], json.loads(base64.b64decode(values["data"], validate=True))
    except KeyError as error:
        raise ValueError(f"{error} is missing") from error
    except RecursionError as error:
        raise ValueError("data is nested too deeply") from error
    if not isinstance(data, dict):
        raise ValueError("data is no object")  # noqa: TRY004 - as any other malformed data
    return result(code, data)


def result(code: str, data: Mapping[str, Any]) -> GatewayNotified:
    """What one transaction came to. Raises ValueError for what is missing or malformed."""
    try:
        at = data.get("ThoiGianThanhToan")
        success = code == PAID
        if success and not at:
            raise ValueError("a payment has a time")
        return GatewayNotified(
            attempt=str(data["MaThamChieu"]),
            amount=Vnd(int(str(data["SoTien"]))),
            success=success,
            code=code,
            transaction=str(data.get("MaGiaoDich") or "0"),
            paid_at=datetime.strptime(str(at), STAMP).replace(tzinfo=LOCAL) if at else None,
            receipt_url=str(data["UrlBienLai"])[:500] if data.get("UrlBienLai") else None,
        )
    except KeyError as error:
        raise ValueError(f"{error} is missing") from error


def dossier(invoice: Invoice, attempt: str, unit: str, account: Mapping[str, str]) -> dict[str, Any]:
    """The answer to the platform's question what an attempt is for. No personal data: we hold none."""
    found = next(a for a in invoice.attempts if a.id == attempt)
    made = found.created_at.astimezone(LOCAL).strftime(STAMP)
    return {
        "MaLoi": PAID,
        "MaTraCuuTT": f"{invoice.number}{made}",
        "MaDichVu": FEES,
        "MaDonVi": unit,
        "MaHoSo": invoice.number,
        "MaThamChieu": attempt,
        "SoTien": str(invoice.amount_of(found)),
        "PhiLePhi": [_line(line) for line in invoice.lines if line.amount],
        **_other(invoice),
        **account,
    }


def _other(invoice: Invoice) -> dict[str, Any]:
    """What the payer reads; and postage, which is neither phí nor lệ phí, as an amount of another kind."""
    if invoice.purpose is None:
        return {"NoiDungThanhToan": f"Phi, le phi ho so {invoice.number}"}
    text = f"Cuoc gui ket qua {reference_of(invoice.dossier_id, invoice.post)}"
    return {"NoiDungThanhToan": text, "DSKhoanNop": [{"NoiDung": "Cuoc gui ket qua", "SoTien": str(invoice.total)}]}


def _line(line: FeeLine) -> dict[str, str]:
    kind = {"phi": "1", "le_phi": "2"}[line.kind]
    return {
        "LoaiPhiLePhi": kind,
        "MaPhiLePhi": line.code,
        "TenPhiLePhi": line.name.vi,
        "SoTien": str(line.amount),
    }
