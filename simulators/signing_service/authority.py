"""An OCSP responder (RFC 6960): what the certificate authority says of the certificates it gave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

VALID: Final = timedelta(hours=1)


class Authority:
    """Answers for every certificate of this issuer: good, unless its serial number was revoked."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate
        self.revoked: dict[int, datetime] = {}
        self.asked = 0

    def answer(self, request: bytes, now: datetime) -> bytes:
        """The response to one request, signed by the authority itself, with the request's nonce.

        Raises:
            ValueError: this is no OCSP request.
        """
        asked = ocsp.load_der_ocsp_request(request)
        revoked_at = self.revoked.get(asked.serial_number)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            asked.issuer_name_hash,
            asked.issuer_key_hash,
            asked.serial_number,
            asked.hash_algorithm,
            ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD,
            now,
            now + VALID,
            revoked_at,
            x509.ReasonFlags.key_compromise if revoked_at else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self._certificate)
        for extension in asked.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        self.asked += 1
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def revoke(self, certificate: x509.Certificate) -> None:
        """From now on."""
        self.revoked[certificate.serial_number] = datetime.now(UTC)
