"""Where the keys that sign lie: the port, and what the settings say of each kind of place.

A key is named by its role, ``leader`` or ``agency``, or by one officer, ``leader:ACCOUNT``. Where it lies:

- ``software``: PEM texts, for tests and the embedded run. A key that signs law should not lie in a file.
- ``remote``: a signing service over HTTP; it gets a digest and a request id, never the page.
- ``pkcs11``: a token or an HSM at this machine, through the library its maker gives; it gets a digest.

Another kind is another model here, and its signer in `keys.open_place`: what comes out is pyHanko's own `Signer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from asn1crypto import pem, x509
from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr, TypeAdapter


class SignerRefused(Exception):
    """It will not be signed: asking again would not help."""


class SignerAway(Exception):
    """Whoever signs, stamps or vouches does not answer: nothing was stored, so asking again is right."""


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


class Token(_Place):
    """A key in a PKCS#11 token: the maker's library, the labels of token and key, the user's PIN."""

    kind: Literal["pkcs11"]
    module: FilePath
    token: str
    key: str
    pin: SecretStr


Place = Annotated[Software | Remote | Token, Field(discriminator="kind")]
PLACES: Final = TypeAdapter(dict[str, Place])


def certificates(text: str) -> list[x509.Certificate]:
    """Those of a PEM text."""
    return [x509.Certificate.load(der) for _, _, der in pem.unarmor(text.encode(), multiple=True)] if text else []


def name_of(certificate: x509.Certificate) -> str:
    """The common name in it."""
    return str(certificate.subject.native.get("common_name", certificate.subject.human_friendly))


def signer_of(places: Mapping[str, Any], role: str, officer: str | None) -> str:
    """The name of the key for a role: the officer's own, else the role's. Raises SignerRefused where there is none."""
    for name in (f"{role}:{officer}", role):
        if name in places:
            return name
    raise SignerRefused(f"there is no key for {role}")
