"""What a locked platform on this machine is locked with: an authority, a server's certificate, a password each.

In production all of it comes from elsewhere: certificates of a real authority, passwords from a vault. Here they are
made once a run directory and stay in its folder `locks`, which only its owner may open.

``python -m deploy.local.locks FOLDER NAME…`` makes them for servers of those names, to try docker-compose.locked.yml.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from chassis.kafka import Broker
from deploy.access.rights import ADMIN, principals
from deploy.access.store import USERS_IN, accounts
from deploy.local.certificates import begun, pem, private_pem
from deploy.local.ports import LOOPBACK

BROKER: Final = "broker"
"""What Kafka's own processes are called to each other: it is in their certificate."""
LIFE: Final = timedelta(days=30)
Pair = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


@dataclass(frozen=True)
class Locks:
    """`folder` holds `ca.pem`, `server.pem` (key, then certificate) and `secret`, all readable by the owner alone."""

    folder: Path

    @classmethod
    def open(cls, run: Path, names: Sequence[str] = ()) -> Self:
        """Those of a run directory, made if need be; certificates that end within a week are made anew.

        `names`: what the server is called besides this machine's loopback.
        """
        locks = cls(run.absolute() / "locks")
        locks.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not locks._secret.exists():
            _private(locks._secret, secrets.token_hex(32))
        if not locks._lasts():
            locks._certify(names)
        return locks

    @classmethod
    def of(cls, run: Path) -> Self | None:
        """Those of a platform that is locked, None where it is not."""
        locks = cls(run.absolute() / "locks")
        return locks if locks._secret.exists() else None

    @property
    def ca(self) -> Path:
        """The authority, PEM."""
        return self.folder / "ca.pem"

    @property
    def server(self) -> Path:
        """The server's key and certificate, PEM."""
        return self.folder / "server.pem"

    @property
    def _secret(self) -> Path:
        return self.folder / "secret"

    @cached_property
    def _key(self) -> bytes:
        return bytes.fromhex(self._secret.read_text())

    def password(self, where: str, name: str) -> str:
        """Of `name` at `where` (`kafka` or `store`); another one in every run directory."""
        digest = hmac.digest(self._key, f"{where}/{name}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def passwords(self, sources: tuple[str, ...]) -> dict[str, str]:
        """Kafka's, by principal."""
        return {name: self.password("kafka", name) for name in principals(sources)}

    def broker(self, servers: str, name: str = ADMIN) -> Broker:
        """Kafka, as `name` speaks to it."""
        return Broker(servers, name, self.password("kafka", name), self.ca)

    def kafka(self, name: str, prefix: str = "KAFKA_") -> dict[str, str]:
        """The settings `name` logs in with."""
        return {
            f"{prefix}USERNAME": name,
            f"{prefix}PASSWORD": self.password("kafka", name),
            f"{prefix}CA_FILE": str(self.ca),
        }

    def users(self, services: tuple[str, ...], prefix: str) -> dict[str, str]:
        """The store's passwords, by user."""
        return {account.name: self.password("store", account.name) for account in accounts(services, prefix)}

    def store(self, address: str, name: str) -> str:
        """Where the store is, as its user `name` connects."""
        ca = quote(str(self.ca), safe="")
        login = f"{name}:{self.password('store', name)}"
        return f"mongodb://{login}@{address}/?authSource={USERS_IN}&tls=true&tlsCAFile={ca}"

    def _lasts(self) -> bool:
        if not (self.ca.exists() and self.server.exists()):
            return False
        found = x509.load_pem_x509_certificates(self.server.read_bytes())
        return found[0].not_valid_after_utc > datetime.now(UTC) + timedelta(days=7)

    def _certify(self, names: Sequence[str]) -> None:
        authority = _certified("hoso (not for production)", None)
        key, certificate = _certified(BROKER, authority, names)
        _private(self.server, private_pem(key) + pem(certificate))
        _private(self.ca, pem(authority[1]))


def _private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


def _certified(name: str, authority: Pair | None, names: Sequence[str] = ()) -> Pair:
    """An authority, or a server that proves itself to others of its kind too."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        begun(name, key, authority[1] if authority else None, LIFE)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if authority is not None:
        called = [*map(x509.DNSName, ("localhost", *names)), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority[0].public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName(called), critical=False)
        builder = builder.add_extension(issuer, critical=False)
    return key, builder.sign(authority[0] if authority else key, hashes.SHA256())


if __name__ == "__main__":
    print(Locks.open(Path(sys.argv[1]), sys.argv[2:]).folder)  # noqa: T201 - the result
