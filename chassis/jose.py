"""Messages between this system and an upstream portal: signed (JWS, RFC 7515), then encrypted (JWE, RFC 7516).

The protected header of the JWS says which event it is (`BOUND`), so that nobody can send a portal's words again as
another event of it. Both layers name their key by `kid`; a party changes keys by having two for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

SIGN: Final = "ES256"
WRAP: Final = "ECDH-ES+A256KW"
ENCRYPT: Final = "A256GCM"
CONTENT_TYPE: Final = "application/jose"
BOUND: Final = ("ce_source", "ce_type", "ce_subject", "ce_id")
"""Attributes of the event that the signature covers."""
MAX_KEYS: Final = 4
"""Of one party at a time."""

Keys = Sequence[ECKey]
"""Of one party, the one in use first."""
T = TypeVar("T")
_REGISTRY: Final = jws.JWSRegistry(strict_check_header=False)


class NotForUs(ValueError):
    """Not encrypted to us, not signed by the sender it names as that event, or malformed."""


def key(jwk: dict[str, Any] | str) -> ECKey:
    """A P-256 key from its JWK."""
    return ECKey.import_key(jwk)


def keys(jwk: Mapping[str, Any]) -> Keys:
    """The keys of a JWK, or of a JWK set whose keys each have a `kid` of their own.

    Raises:
        ValueError: says what is wrong with the set.
        JoseError: a key is none.
    """
    if "keys" not in jwk:
        return (_p256(jwk),)
    found = tuple(map(_p256, jwk["keys"]))
    kids = {one.kid for one in found}
    if not 1 <= len(found) <= MAX_KEYS or (len(found) > 1 and (None in kids or len(kids) < len(found))):
        raise ValueError(f"1 to {MAX_KEYS} keys, each with a kid of its own where there are several")
    return found


def _p256(jwk: Any) -> ECKey:
    found = key(dict(jwk))
    if found.curve_name != "P-256":
        raise ValueError("a key must be of the curve P-256")
    return found


def public(own: Keys) -> dict[str, Any]:
    """Our keys as others may see them; they encrypt to the first."""
    return {"keys": [{**one.as_dict(private=False), "kid": kid(one)} for one in own]}


def kid(one: ECKey) -> str:
    """What a key is called: its `kid`, else its thumbprint (RFC 7638)."""
    return one.kid or one.thumbprint()


def wrap(payload: bytes, *, signed_by: ECKey, encrypted_to: ECKey, event: Mapping[str, str]) -> bytes:
    """Compact JWE around compact JWS around `payload`. `event`: attributes that the signature covers."""
    header = {"alg": SIGN, "kid": kid(signed_by), **event}
    signed = jws.serialize_compact(header, payload, signed_by, algorithms=[SIGN], registry=_REGISTRY)
    outer = {"alg": WRAP, "enc": ENCRYPT, "cty": "JWS", "kid": kid(encrypted_to)}
    return jwe.encrypt_compact(outer, signed, encrypted_to, algorithms=[WRAP, ENCRYPT]).encode()


def unwrap(value: bytes, *, signed_by: Keys, encrypted_to: Keys, event: Mapping[str, str]) -> bytes:
    """The inverse of `wrap`, for the event that the record's headers say it is.

    Raises:
        NotForUs: says which of the two layers failed, or which attribute the signature is not for.
    """
    opened = _with_any(
        encrypted_to,
        lambda pick: jwe.decrypt_compact(value, pick, algorithms=[WRAP, ENCRYPT]),
        "the value must be a compact JWE encrypted to submission's public key",
    )
    verified = _with_any(
        signed_by,
        lambda pick: jws.deserialize_compact(opened.plaintext or b"", pick, algorithms=[SIGN], registry=_REGISTRY),
        "the JWE must hold a compact JWS by the portal named in ce_source",
    )
    said = verified.headers()
    for name in BOUND:
        if said.get(name) != event[name]:
            raise NotForUs(f"the protected header of the JWS must repeat {name}")
    return verified.payload


def _with_any(candidates: Keys, attempt: Callable[[Callable[[Any], ECKey]], T], wrong: str) -> T:
    """With the key that the header names, or, where it names none, with the first that fits."""
    failed: Exception | None = None
    for one in candidates:
        try:
            return attempt(_only(one))
        except (JoseError, ValueError) as error:
            failed = error
    raise NotForUs(wrong) from failed


def _only(one: ECKey) -> Callable[[Any], ECKey]:
    def pick(layer: Any) -> ECKey:
        named = layer.headers().get("kid")
        if named is not None and one.kid is not None and named != one.kid:
            raise ValueError("of another key")
        return one

    return pick
