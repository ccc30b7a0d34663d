"""VNPAY 2.1.0 signatures, written apart from the merchant's: two implementations that agree test the contract."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

UNSIGNED = frozenset({"vnp_SecureHash", "vnp_SecureHashType"})


def _hmac(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def sign_query(values: Mapping[str, str], secret: str) -> str:
    """Sorted ``key=urlencoded`` joined by ``&``; empty values and the hash itself are left out."""
    pairs = sorted((k, v) for k, v in values.items() if v and k not in UNSIGNED)
    return _hmac(secret, "&".join(f"{k}={quote_plus(v)}" for k, v in pairs))


def sign_fields(values: Sequence[str], secret: str) -> str:
    """Values joined by ``|``, not encoded (query and refund API)."""
    return _hmac(secret, "|".join(values))


def same(left: str, right: str) -> bool:
    """Constant-time comparison of two hex signatures."""
    return hmac.compare_digest(left.lower().encode(), right.lower().encode())


def awkward(values: Mapping[str, str]) -> str | None:
    """The first field whose value encodes differently between implementations."""
    return next((k for k, v in values.items() if not v.isascii() or "*" in v or "~" in v), None)
