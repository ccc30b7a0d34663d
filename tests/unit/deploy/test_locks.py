"""What a locked platform is locked with: private, another one each run, renewed in time, and good for TLS."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from deploy.local import locks as made
from deploy.local.locks import Locks


def shakes_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    """Both sides of a handshake, in memory."""
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(a, b, server_hostname=name)
    there = server.wrap_bio(b, a, server_side=True)
    done: set[ssl.SSLObject] = set()
    for _ in range(10):
        for side in (here, there):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
    return len(done) == 2


def server_of(locks: Locks) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(locks.server)
    return context


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    locks = Locks.open(tmp_path)
    assert locks.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in locks.folder.iterdir()} == {0o600}


def test_it_is_the_same_when_opened_again_and_another_in_another_run(tmp_path: Path) -> None:
    one, again, other = Locks.open(tmp_path / "a"), Locks.open(tmp_path / "a"), Locks.open(tmp_path / "b")
    assert one.passwords(("p",)) == again.passwords(("p",))
    assert one.server.read_bytes() == again.server.read_bytes()
    words = [locks.password(where, name) for locks in (one, other) for where in ("kafka", "store") for name in "ab"]
    assert len(set(words)) == len(words)
    assert min(map(len, words)) >= 40


def test_a_platform_that_is_not_locked_has_none(tmp_path: Path) -> None:
    assert Locks.of(tmp_path) is None
    assert not (tmp_path / "locks").exists()
    assert Locks.of(Locks.open(tmp_path).folder.parent) is not None


def test_its_server_proves_itself_on_loopback_and_nowhere_else(tmp_path: Path) -> None:
    locks = Locks.open(tmp_path / "a")
    assert shakes_hands(server_of(locks), locks.broker("k:1").tls(), "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(server_of(locks), locks.broker("k:1").tls(), "192.0.2.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(server_of(locks), Locks.open(tmp_path / "b").broker("k:1").tls(), "127.0.0.1")


def test_what_ends_soon_is_made_anew_and_passwords_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(made, "LIFE", timedelta(days=6))
        old = Locks.open(tmp_path)
        before, password = old.server.read_bytes(), old.password("kafka", "payment")
    new = Locks.open(tmp_path)
    assert new.server.read_bytes() != before
    assert new.password("kafka", "payment") == password
    (certificate,) = x509.load_pem_x509_certificates(new.server.read_bytes())
    assert certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=7)
