"""Signatures of PKCS#11 tokens (OASIS PKCS#11 v2.40) through pyHanko and python-pkcs11.

Invariants:
    - One session a token: a second login of the same process is an error of the standard (C_Login).
    - A PIN that was wrong once is not shown again by this process: tokens lock after a few.
    - After any other trouble every session is given up and opened anew: the token may have been pulled and put back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from asn1crypto import x509
from pkcs11 import ObjectClass, PKCS11Error
from pkcs11.exceptions import MultipleObjectsReturned, NoSuchKey, PinExpired, PinIncorrect, PinInvalid, PinLocked
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

from services.delivery.effects.signing.places import SignerAway, SignerRefused, Token

WRONG_PIN: Final = (PinIncorrect, PinInvalid, PinExpired, PinLocked)
NO_KEY: Final = (NoSuchKey, MultipleObjectsReturned)
_sessions: Final[dict[Token, Any]] = {}
_refused: Final[dict[Token, str]] = {}


class TokenSigner(PKCS11Signer):
    """Signs with a token's key. The token gets a digest: its own hashing is slow, and not every token has it."""

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 - pyHanko's own
        """Raises SignerAway."""
        try:
            signature: bytes = await super().async_sign_raw(data, digest_algorithm, dry_run)
        except PKCS11Error as error:
            close()
            raise SignerAway(f"the token: {_said(error)}") from error
        return signature


def open_token(place: Token, certificate: x509.Certificate, chain: list[x509.Certificate]) -> TokenSigner:
    """Its signer, logged in and with its key found.

    Raises:
        SignerRefused: the PIN is wrong, or there is not exactly one private key of that label.
        SignerAway: there is no such token now, or it does not answer.
    """
    try:
        session = _session(place)
        session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=place.key)
    except NO_KEY as error:
        raise SignerRefused(f"the token {place.token} has not one private key {place.key}") from error
    except PKCS11Error as error:
        close()
        raise SignerAway(f"the token {place.token}: {_said(error)}") from error
    return TokenSigner(session, key_label=place.key, signing_cert=certificate, ca_chain=chain, use_raw_mechanism=True)


def _session(place: Token) -> Any:
    of_token = place.model_copy(update={"key": "", "certificate": "", "chain": ""})
    if of_token in _refused:
        raise SignerRefused(_refused[of_token])
    if of_token not in _sessions:
        try:
            _sessions[of_token] = open_pkcs11_session(
                str(place.module.absolute()),
                token_criteria=TokenCriteria(label=place.token),
                user_pin=place.pin.get_secret_value(),
            )
        except WRONG_PIN as error:
            _refused[of_token] = f"the token {place.token} does not take the PIN: {_said(error)}"
            raise SignerRefused(_refused[of_token]) from error
    return _sessions[of_token]


def close() -> None:
    """Gives up every session."""
    for session in _sessions.values():
        with suppress(PKCS11Error):
            session.close()
    _sessions.clear()


def _said(error: PKCS11Error) -> str:
    return f"{type(error).__name__} {error}".strip()
