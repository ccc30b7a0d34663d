"""From a place to pyHanko's own `Signer`."""

from __future__ import annotations

from asn1crypto import keys, pem
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from services.delivery.effects.signing.places import Remote, Software, Token, certificates
from services.delivery.effects.signing.remote import RemoteSigner
from services.delivery.effects.signing.tokens import open_token


def open_place(place: Software | Remote | Token) -> signers.Signer:
    """The signer at that place.

    Raises:
        ValueError: a key or a certificate cannot be read.
        SignerRefused, SignerAway: a token will not be opened, or not now.
    """
    (certificate,) = certificates(place.certificate)
    chain = certificates(place.chain)
    if isinstance(place, Token):
        return open_token(place, certificate, chain)
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register_multiple(chain)
    if isinstance(place, Remote):
        return RemoteSigner(place, certificate, registry)
    _, _, der = pem.unarmor(place.key.get_secret_value().encode())
    return signers.SimpleSigner(
        signing_cert=certificate, signing_key=keys.PrivateKeyInfo.load(der), cert_registry=registry
    )
