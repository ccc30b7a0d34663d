"""Search tokens: a personal value is found by its token, and the token says nothing of it without the key."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

BYTES: Final = 12
"""Of 32: two values out of some 2^48 share a token, and a search looks at what it found anyway."""


def tokens(key: bytes) -> Callable[[str, str], str]:
    """Makes the token of (kind, text): HMAC-SHA256, shortened, 16 characters."""

    def token(kind: str, text: str) -> str:
        digest = hmac.digest(key, f"{kind}/{text}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:BYTES]).decode()

    return token
