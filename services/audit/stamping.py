"""RFC 3161: a time-stamp authority says that a signature was there at a time."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from asn1crypto import cms, x509
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

HASH: Final = "sha256"
SECONDS: Final = 10


class StampAway(Exception):
    """The authority did not answer, or not with a stamp."""


async def stamp(url: str, signature: str) -> str:
    """A token over SHA-256 of `signature`, in base64. Raises StampAway."""
    imprint = hashlib.sha256(signature.encode()).digest()
    try:
        token = await HTTPTimeStamper(url, timeout=SECONDS).async_timestamp(imprint, HASH)
    except (OSError, TimestampRequestError, ValueError) as error:
        raise StampAway(f"{type(error).__name__}: {error}") from error
    return base64.b64encode(token.dump()).decode()


def _imprint(signature: str, algorithm: str) -> bytes:
    return hashlib.new(algorithm, signature.encode()).digest()


async def stamped_at(token: str, signature: str, roots: Sequence[x509.Certificate] = ()) -> datetime | None:
    """When `signature` was stamped; None for a token that is broken, over something else, or by nobody of `roots`.

    Without `roots` anybody's stamp will do.
    """
    try:
        data: cms.SignedData = cms.ContentInfo.load(base64.b64decode(token, validate=True))["content"]
        context = ValidationContext(trust_roots=list(roots))
        found = await validate_tst_signed_data(
            data, context, lambda name: hashlib.new(name, signature.encode()).digest()
        )
    except (ValueError, TypeError, KeyError, SignatureValidationError):
        return None
    if not (found["valid"] and found["intact"]) or (roots and found.get("trust_problem_indic") is not None):
        return None
    at: datetime = found["timestamp"]
    return at
