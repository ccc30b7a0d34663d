"""Keys to sign results with where there are no real ones: a certificate authority nobody trusts, and two signers.

Their names say that they are of a test: no document signed here passes for one of the office.
"""

from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from deploy.local.certificates import Key, begun, pem, private_pem

LIFE: Final = timedelta(days=825)
TEST: Final = "khóa thử nghiệm"
AUTHORITY: Final = "Hồ sơ thử nghiệm CA"
NAMES: Final = {"leader": f"Giám đốc Sở ({TEST})", "agency": f"Sở VHTTDL tỉnh Điện Biên ({TEST})"}
Pair = tuple[Key, x509.Certificate]


def keys() -> dict[str, dict[str, str]]:
    """``DELIVERY_SIGNING_KEYS`` of a new authority: role to certificate, chain and key as PEM."""
    authority = certified(AUTHORITY, None)
    return {role: place(certified(name, authority), authority) for role, name in NAMES.items()}


def place(signer: Pair, authority: Pair) -> dict[str, str]:
    """A software key as the settings name it."""
    return {
        "kind": "software",
        "certificate": pem(signer[1]),
        "chain": pem(authority[1]),
        "key": private_pem(signer[0]),
    }


def certified(
    name: str, authority: Pair | None, *, stamps: bool = False, life: timedelta = LIFE, ocsp: str | None = None
) -> Pair:
    """A key and its certificate: by the authority, or one of its own. `stamps`: for a time-stamp authority (RSA).

    `ocsp`: where it can be asked whether the certificate still holds.
    """
    key: Key = ec.generate_private_key(ec.SECP256R1())
    if stamps:
        key = rsa.generate_private_key(65537, 2048)
    builder = (
        begun(name, key, authority[1] if authority else None, life)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=authority is None), critical=True)
    )
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    if ocsp is not None:
        asked = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp))
        builder = builder.add_extension(x509.AuthorityInformationAccess([asked]), critical=False)
    return key, builder.sign(authority[0] if authority else key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
