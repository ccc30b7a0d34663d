"""Bad input at the door of upstream portals: one kind of answer, a dead letter with hash and headers only."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from chassis import jose
from chassis.reading import Raw, Unidentifiable, deliver
from chassis.tokens import tokens
from schemas.envelope import Envelope
from schemas.event import MAX_EVENT_BYTES
from schemas.upstream import FILED, SUPPLEMENTED, WITHDRAWN
from services.submission.domain.faults import CODES
from services.submission.portal_messages import UpstreamAsked, UpstreamFiled, UpstreamInvalid
from services.submission.upstream import UpstreamReader, bound

NOW = datetime(2026, 11, 24, tzinfo=UTC)
OWN, PORTAL, STRANGER = (ECKey.generate_key("P-256") for _ in range(3))
READER = UpstreamReader((OWN,), {"portal": (PORTAL,)}, lambda: NOW, tokens(b"t" * 32))
DEEP = b'{"alg":' + b"[" * 60_000 + b"]" * 60_000 + b"}"


def raw(value: bytes, **changes: str) -> Raw:
    envelope = Envelope("e-1", "portal", FILED, "REF-1", NOW)
    headers = {**dict(envelope.headers()), **{name: text.encode() for name, text in changes.items()}}
    return Raw("upstream.dossiers.v1", b"REF-1", value, tuple(headers.items()))


def sealed(payload: bytes, *, by: ECKey = PORTAL, kind: str = FILED, subject: str = "REF-1") -> bytes:
    event = bound(Envelope("e-1", "portal", kind, subject, NOW))
    return jose.wrap(payload, signed_by=by, encrypted_to=OWN, event=event)


def packed() -> bytes:
    """A JWE whose plaintext, 50 MB of zeros, is compressed: small on the wire, large when opened."""
    algorithms = [jose.WRAP, jose.ENCRYPT, "DEF"]
    header = {"alg": jose.WRAP, "enc": jose.ENCRYPT, "zip": "DEF"}
    return jwe.encrypt_compact(header, b"0" * 50_000_000, OWN, algorithms=algorithms).encode()


def unsigned(plaintext: bytes) -> bytes:
    header = {"alg": jose.WRAP, "enc": jose.ENCRYPT}
    return jwe.encrypt_compact(header, plaintext, OWN, algorithms=[jose.WRAP, jose.ENCRYPT]).encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"x" * (MAX_EVENT_BYTES + 1), "too_large"),
        (b"{}", "unidentifiable"),
        (b"\xff\xfe.a.b.c.d", "unidentifiable"),
        (base64.urlsafe_b64encode(DEEP) + b".a.b.c.d", "unidentifiable"),
        (unsigned(b'{"procedure": "1.000953"}'), "unidentifiable"),
        (unsigned(DEEP), "unidentifiable"),
        (sealed(b"{}", by=STRANGER), "unidentifiable"),
        (sealed(b"{}", kind=WITHDRAWN), "unidentifiable"),
        (sealed(b"{}", subject="REF-2"), "unidentifiable"),
        (packed(), "unidentifiable"),
    ],
    ids=[
        "too large",
        "in clear",
        "not UTF-8",
        "deep header",
        "unsigned",
        "deep inside",
        "a stranger's",
        "another event",
        "another subject",
        "packed",
    ],
)
def test_what_is_not_a_sealed_message_of_a_portal_is_kept_as_its_hash(value: bytes, expected: str) -> None:
    with pytest.raises(Unidentifiable) as refused:
        deliver(READER, raw(value))
    assert (refused.value.reason, refused.value.secret) == (expected, True)


@pytest.mark.parametrize("changes", [{"ce_source": "nobody"}, {"ce_specversion": "2.0"}, {"ce_subject": ""}], ids=str)
def test_an_envelope_of_nobody_is_kept_as_its_hash(changes: dict[str, str]) -> None:
    with pytest.raises(Unidentifiable) as refused:
        deliver(READER, raw(sealed(b"{}"), **changes))
    assert refused.value.secret


@pytest.mark.parametrize(
    ("payload", "changes"),
    [
        (b"[" * 5_000 + b"]" * 5_000, {}),
        (b"\xff", {}),
        (b"{}", {}),
        (b"{}", {"ce_type": "upstream.dossier_filed.v2"}),
        (b'{"form": {"n": ' + b"9" * 4_000 + b"}}", {}),
        (b'{"papers": []}', {"ce_type": SUPPLEMENTED}),
        (json.dumps({"form": {f"f{n}": "ấ" * 1000 for n in range(3)}}).encode(), {"ce_type": SUPPLEMENTED}),
        (b'{"reason": ""}', {"ce_type": WITHDRAWN}),
    ],
    ids=["deep", "not UTF-8", "empty", "a future version", "a number without end", "unknown", "too long", "no reason"],
)
def test_what_a_portal_did_send_is_answered_with_its_problems(payload: bytes, changes: dict[str, str]) -> None:
    message = deliver(READER, raw(sealed(payload, kind=changes.get("ce_type", FILED)), **changes)).message
    assert isinstance(message, UpstreamInvalid)
    assert message.problems
    assert all(problem.code in CODES and problem.problem_vi for problem in message.problems)
    assert not isinstance(message, UpstreamFiled)


def test_what_is_asked_of_a_dossier_is_read_and_its_form_does_not_show() -> None:
    form = '{"form": {"name": "Lò"}}'.encode()
    supplement = deliver(READER, raw(sealed(form, kind=SUPPLEMENTED), ce_type=SUPPLEMENTED)).message
    assert isinstance(supplement, UpstreamAsked)
    assert (supplement.ask.event, supplement.ask.asked, supplement.ask.came_at) == ("e-1", "supplement", NOW)
    assert "Lò" not in repr(supplement)
    withdrawal = deliver(READER, raw(sealed(b"{}", kind=WITHDRAWN), ce_type=WITHDRAWN))
    assert isinstance(withdrawal.message, UpstreamAsked)
    assert (withdrawal.message.ask.asked, withdrawal.message.ask.reason) == ("withdrawal", None)
    assert withdrawal.aggregate == deliver(READER, raw(sealed(b"{}"))).aggregate, "under one reference, one exchange"
