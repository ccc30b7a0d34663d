"""VNPAY 2.1.0: signatures, the payment address, what a notification says. Pure; the secret is an argument.

Values with `*`, `~` or other than ASCII are refused: implementations encode them differently (domain facts, 3.2).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import quote_plus, urlencode

from schemas.money import Vnd
from services.payment.messages import GatewayNotified

ZONE: Final = timezone(timedelta(hours=7))
STAMP: Final = "%Y%m%d%H%M%S"
HASH: Final = "vnp_SecureHash"
_UNSIGNED: Final = frozenset({HASH, "vnp_SecureHashType"})
MAX_FIELDS, MAX_VALUE = 40, 512
QUERY: Final = (
    "RequestId", "Version", "Command", "TmnCode", "TxnRef", "TransactionDate", "CreateDate", "IpAddr", "OrderInfo",
)  # fmt: skip
QUERY_ANSWER: Final = (
    "ResponseId", "Command", "ResponseCode", "Message", "TmnCode", "TxnRef", "Amount", "BankCode", "PayDate",
    "TransactionNo", "TransactionType", "TransactionStatus", "OrderInfo", "PromotionCode", "PromotionAmount",
)  # fmt: skip
REFUND: Final = (
    "RequestId", "Version", "Command", "TmnCode", "TransactionType", "TxnRef", "Amount", "TransactionNo",
    "TransactionDate", "CreateBy", "CreateDate", "IpAddr", "OrderInfo",
)  # fmt: skip
REFUND_ANSWER: Final = QUERY_ANSWER[:13]
WHOLE, PART = "02", "03"
PAID, UNDECIDED, REVERSED, REFUNDING, REFUNDED, SUSPECTED, NOT_REFUNDED = "00", "01", "04", "05", "06", "07", "09"
HELD: Final = frozenset({REVERSED, REFUNDING, REFUNDED, SUSPECTED, NOT_REFUNDED})
"""Transaction statuses of money that left the payer's account and is not simply ours."""


class BadSignature(ValueError):
    """The values are not what VNPAY signed, or cannot be."""


def _hmac(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def sign(values: Mapping[str, str], secret: str) -> str:
    """Signature of sorted, url-encoded pairs. Raises BadSignature for values that may not be signed."""
    for name, value in values.items():
        if not value.isascii() or "*" in value or "~" in value:
            raise BadSignature(f"{name} must be ASCII without * and ~")
    pairs = sorted((k, v) for k, v in values.items() if v and k not in _UNSIGNED)
    return _hmac(secret, "&".join(f"{k}={quote_plus(v)}" for k, v in pairs))


def verify(values: Mapping[str, str], secrets: Sequence[str]) -> None:
    """Raises BadSignature unless one of `secrets` signed the values: while one is replaced both count."""
    if len(values) > MAX_FIELDS or any(len(v) > MAX_VALUE for v in values.values()):
        raise BadSignature("too many or too long fields")
    same(values.get(HASH, ""), (sign(values, secret) for secret in secrets))


def same(signature: str, expected: Iterable[str]) -> None:
    """Raises BadSignature unless it is one of `expected` (hex, lower case), each compared in constant time."""
    given = signature.encode("utf-8", "replace")
    fits = [hmac.compare_digest(given, text.encode()) for text in expected]
    if not any(fits):
        raise BadSignature("vnp_SecureHash does not fit")


def sign_fields(values: Sequence[str], secret: str) -> str:
    """Signature of values joined by ``|`` (query API)."""
    return _hmac(secret, "|".join(values))


def payment_url(base: str, values: Mapping[str, str], secret: str) -> str:
    """The address the payer's browser goes to."""
    return f"{base}?{urlencode({**values, HASH: sign(values, secret)})}"


def stamp(instant: datetime) -> str:
    """``yyyyMMddHHmmss``, GMT+7."""
    return instant.astimezone(ZONE).strftime(STAMP)


def notification(values: Mapping[str, str]) -> GatewayNotified:
    """Reads callback or query fields that were verified. vnp_Amount is VND times 100; a failure may lack vnp_PayDate.

    Raises:
        ValueError: a field is missing or malformed.
    """
    code, status = values["vnp_ResponseCode"], values["vnp_TransactionStatus"]
    amount, rest = divmod(int(values["vnp_Amount"]), 100)
    if rest:
        raise ValueError("vnp_Amount must be whole đồng times 100")
    pay_date = values.get("vnp_PayDate")
    success = (code, status) == ("00", PAID)
    if success and not pay_date:
        raise ValueError("vnp_PayDate must be there for a payment")
    return GatewayNotified(
        attempt=values["vnp_TxnRef"],
        amount=Vnd(amount),
        success=success,
        code=code if code != "00" else status,
        transaction=values.get("vnp_TransactionNo") or "0",
        paid_at=datetime.strptime(pay_date, STAMP).replace(tzinfo=ZONE) if pay_date else None,
        held=not success and (code == SUSPECTED or status in HELD),
    )
