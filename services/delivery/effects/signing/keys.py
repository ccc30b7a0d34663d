"""Whose keys sign: the port to where they live, and what each kind of place needs.

A key is named by its role, ``leader`` or ``agency``, or by one officer, ``leader:ACCOUNT``. Where it lives:

- ``software``: PEM files or texts, for tests and the embedded run. A key that signs law should not lie in a file.
- ``remote``: a signing service over HTTP, before an HSM or a token; it gets a digest and a request id, never the page.

Another kind of place is another model here and a branch in `open_place`: what comes out is pyHanko's own `Signer`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import httpx
from asn1crypto import algos, keys, pem, x509
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

MARGIN = 8


class SignerRefused(Exception):
    """The signing service will not sign: asking again would not help."""


class SignerAway(Exception):
    """The signing service does not answer: nothing was stored, so asking again is right."""


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: str
    """PEM of the signer's certificate."""
    chain: str = ""
    """PEM of the certificates above it."""


class Software(_Place):
    """A key in a PEM text."""

    kind: Literal["software"] = "software"
    key: SecretStr


class Remote(_Place):
    """A key at a signing service: its address, our secret there, the name of the key."""

    kind: Literal["remote"]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    secret: SecretStr
    key: str


Place = Annotated[Software | Remote, Field(discriminator="kind")]


class RemoteSigner(signers.Signer):
    """Asks the signing service for the raw signature of what pyHanko prepared."""

    def __init__(self, place: Remote, certificate: x509.Certificate, registry: SimpleCertificateStore) -> None:
        mechanism = None
        if certificate.public_key.algorithm == "ec":
            mechanism = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
        super().__init__(signing_cert=certificate, cert_registry=registry, signature_mechanism=mechanism)
        self._place = place

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 - pyHanko's own
        """Raises SignerAway, SignerRefused. The request id is of what is signed: a repeat is the same request."""
        if dry_run:
            return bytes(MARGIN * 64)
        digest = hashlib.new(digest_algorithm, data).digest()
        body = {
            "key": self._place.key,
            "requestId": hashlib.sha256(digest).hexdigest(),
            "algorithm": digest_algorithm,
            "digest": base64.b64encode(digest).decode(),
        }
        headers = {"authorization": f"Bearer {self._place.secret.get_secret_value()}"}
        try:
            async with httpx.AsyncClient(timeout=6, trust_env=False) as client:
                answer = await client.post(self._place.url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise SignerAway(f"the signing service: {type(error).__name__}") from error
        if answer.is_client_error and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            raise SignerRefused(f"the signing service answered {answer.status_code}")
        if not answer.is_success:
            raise SignerAway(f"the signing service answered {answer.status_code}")
        return base64.b64decode(answer.json()["signature"])


def certificates(text: str) -> list[x509.Certificate]:
    """Those of a PEM text."""
    return [x509.Certificate.load(der) for _, _, der in pem.unarmor(text.encode(), multiple=True)] if text else []


def open_place(place: Software | Remote) -> signers.Signer:
    """The signer at that place. Raises ValueError for a key or a certificate that cannot be read."""
    (certificate,) = certificates(place.certificate)
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register_multiple(certificates(place.chain))
    if isinstance(place, Remote):
        signer: signers.Signer = RemoteSigner(place, certificate, registry)
    else:
        _, _, der = pem.unarmor(place.key.get_secret_value().encode())
        signer = signers.SimpleSigner(
            signing_cert=certificate, signing_key=keys.PrivateKeyInfo.load(der), cert_registry=registry
        )
    return signer


def signer_of(places: Mapping[str, Any], role: str, officer: str | None) -> str:
    """The name of the key for a role: the officer's own, else the role's. Raises SignerRefused where there is none."""
    for name in (f"{role}:{officer}", role):
        if name in places:
            return name
    raise SignerRefused(f"there is no key for {role}")
