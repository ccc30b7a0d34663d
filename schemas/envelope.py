"""CloudEvents 1.0 in Kafka's binary content mode (Kafka protocol binding, section 3.2).

The value is the payload alone; the attributes are headers ``ce_*``. Two extensions: ``sequence`` (position in the
stream of one aggregate, from 1, without holes) and ``traceparent`` (W3C Trace Context).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from schemas.event import format_instant

CONTENT_TYPE = "application/json"
MAX_HEADERS = 32
MAX_HEADER_BYTES = 8 * 1024
"""Of all names and values together."""
MAX_ATTRIBUTE = 255
MAX_SEQUENCE_DIGITS = 12
Headers = list[tuple[str, bytes]]


class BadEnvelope(ValueError):
    """A header that CloudEvents or this system requires is missing or malformed."""


class Envelope(NamedTuple):
    """The attributes of one event. `subject` is the aggregate (upstream: the portal's own reference)."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    sequence: int | None = None
    traceparent: str | None = None
    content_type: str = CONTENT_TYPE

    def headers(self) -> Headers:
        """Kafka record headers."""
        pairs: Headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.id.encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", self.type.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_time", format_instant(self.time).encode()),
            ("content-type", self.content_type.encode()),
        ]
        if self.sequence is not None:
            pairs.append(("ce_sequence", b"%d" % self.sequence))
        if self.traceparent is not None:
            pairs.append(("ce_traceparent", self.traceparent.encode()))
        return pairs


def read(headers: Iterable[tuple[str, bytes]]) -> Envelope:
    """Reads the attributes from record headers.

    Raises:
        BadEnvelope: names the header and what it should be.
    """
    found = _decoded(list(headers))
    if found.get("ce_specversion") != "1.0":
        raise BadEnvelope("ce_specversion must be 1.0")
    return Envelope(
        id=_required(found, "ce_id"),
        source=_required(found, "ce_source"),
        type=_required(found, "ce_type"),
        subject=_required(found, "ce_subject"),
        time=_time(_required(found, "ce_time")),
        sequence=_sequence(found.get("ce_sequence")),
        traceparent=found.get("ce_traceparent", "")[:MAX_ATTRIBUTE] or None,
        content_type=found.get("content-type", CONTENT_TYPE)[:MAX_ATTRIBUTE],
    )


def _decoded(headers: Headers) -> dict[str, str]:
    if len(headers) > MAX_HEADERS:
        raise BadEnvelope(f"a record has at most {MAX_HEADERS} headers, not {len(headers)}")
    if len("".join([name for name, _ in headers])) + len(b"".join([v for _, v in headers])) > MAX_HEADER_BYTES:
        raise BadEnvelope(f"the headers have at most {MAX_HEADER_BYTES} bytes")
    try:
        found = {name.lower(): value.decode() for name, value in headers}
    except UnicodeDecodeError as error:
        raise BadEnvelope(f"headers must be UTF-8: {error.reason}") from error
    if len(found) < len(headers):
        raise BadEnvelope("a header must not come twice")
    return found


def _required(found: Mapping[str, str], name: str) -> str:
    value = found.get(name, "")
    if not 0 < len(value) <= MAX_ATTRIBUTE:
        raise BadEnvelope(f"{name} must be present, 1 to {MAX_ATTRIBUTE} characters")
    return value


def _time(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadEnvelope("ce_time must be RFC 3339, for example 2026-11-24T08:30:00.000Z") from error
    if value.tzinfo is None:
        raise BadEnvelope("ce_time must carry a time zone")
    return value


def _sequence(text: str | None) -> int | None:
    if text is None:
        return None
    if len(text) > MAX_SEQUENCE_DIGITS or not text.isascii() or not text.isdigit() or int(text) < 1:
        raise BadEnvelope(f"ce_sequence must be a whole number from 1, at most {MAX_SEQUENCE_DIGITS} digits")
    return int(text)
