"""Signatures of a signing service over HTTP."""

from __future__ import annotations

import base64
import hashlib

import httpx
from asn1crypto import algos, x509
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from chassis.outgoing import trusted
from services.delivery.effects.signing.places import Remote, SignerAway, SignerRefused

MARGIN = 8


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
            async with httpx.AsyncClient(timeout=6, verify=trusted(), trust_env=False) as client:
                answer = await client.post(self._place.url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise SignerAway(f"the signing service: {type(error).__name__}") from error
        if answer.is_client_error and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            raise SignerRefused(f"the signing service answered {answer.status_code}")
        if not answer.is_success:
            raise SignerAway(f"the signing service answered {answer.status_code}")
        return base64.b64decode(answer.json()["signature"])
