"""Keys and certificates for a run on this machine, where production has those of a public authority."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=365)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def self_signed(name: str) -> dict[str, str]:
    """`receipt_key` and `receipt_certificate`, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = begun(name, key, None, LIFE).sign(key, hashes.SHA256())
    return {"receipt_key": private_pem(key), "receipt_certificate": pem(certificate)}


def begun(name: str, key: Key, authority: x509.Certificate | None, life: timedelta) -> x509.CertificateBuilder:
    """A certificate of `key`, to be extended and signed: by `authority`, or by the key itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject if authority is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + life)
    )


def pem(certificate: x509.Certificate) -> str:
    """As text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def private_pem(key: Key) -> str:
    """As text, in clear."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
