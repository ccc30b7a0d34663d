"""Messages between this system and an upstream portal: signed (JWS, RFC 7515), then encrypted (JWE, RFC 7516)."""

from __future__ import annotations

from typing import Any, Final

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

SIGN: Final = "ES256"
WRAP: Final = "ECDH-ES+A256KW"
ENCRYPT: Final = "A256GCM"
CONTENT_TYPE: Final = "application/jose"


class NotForUs(ValueError):
    """Not encrypted to us, not signed by the sender it names, or malformed."""


def key(jwk: dict[str, Any] | str) -> ECKey:
    """A P-256 key from its JWK."""
    return ECKey.import_key(jwk)


def wrap(payload: bytes, *, signed_by: ECKey, encrypted_to: ECKey) -> bytes:
    """Compact JWE around compact JWS around `payload`."""
    signed = jws.serialize_compact({"alg": SIGN}, payload, signed_by, algorithms=[SIGN])
    header = {"alg": WRAP, "enc": ENCRYPT, "cty": "JWS"}
    return jwe.encrypt_compact(header, signed, encrypted_to, algorithms=[WRAP, ENCRYPT]).encode()


def unwrap(value: bytes, *, signed_by: ECKey, encrypted_to: ECKey) -> bytes:
    """The inverse of `wrap`.

    Raises:
        NotForUs: says which of the two layers failed.
    """
    try:
        opened = jwe.decrypt_compact(value, encrypted_to, algorithms=[WRAP, ENCRYPT])
    except (JoseError, ValueError) as error:
        raise NotForUs("the value must be a compact JWE encrypted to submission's public key") from error
    try:
        verified = jws.deserialize_compact(opened.plaintext or b"", signed_by, algorithms=[SIGN])
    except (JoseError, ValueError) as error:
        raise NotForUs("the JWE must hold a compact JWS by the portal named in ce_source") from error
    return verified.payload
