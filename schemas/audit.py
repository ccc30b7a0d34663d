"""What the audit log says: readings of personal data and officers' acts over HTTP, and the seals over all of the log.

No record names an applicant: they are ``citizen``, and which dossier it was says who could know. What happened to a
dossier is told by the other streams; here is who looked and who asked.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from schemas.event import Event, Instant, Record, Text

STREAM = "audit"
RECORDS: Final = "audit.events.v1"
SEALS: Final = "audit.seals.v1"
SEALS_KEY: Final = "audit"
"""Of every seal: they are in one partition, in their order."""
NOTHING: Final = "0" * 64
"""What the first record of a chain, and the first seal, follow."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=50)]


def digest(value: bytes) -> str:
    """SHA-256 of a record's value as it is published, in hex: what the next of its chain names as `before`."""
    return hashlib.sha256(value).hexdigest()


class AccessRecorded(Event):
    """An answered request: which personal data it opened, or that an officer looked or acted.

    `chain` is the process that answered, `n` its position there from 1, `before` the digest of the record before it.
    `opened`: kinds of values whose clear text was in the hands of the request (``phone``, ``form``, ``file``).
    `who`: the account of an officer or a machine; none for an applicant and for whoever had a one-time link.
    """

    STREAM = STREAM
    TYPE = "audit.access_recorded"
    chain: Text
    n: Annotated[int, Field(ge=1)]
    before: Digest
    at: Instant
    service: Word
    route: Text
    status: Annotated[int, Field(ge=100, le=599)]
    who: Text | None = None
    roles: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    unit: Text | None = None
    dossier: Text | None = None
    opened: Annotated[tuple[Word, ...], Field(max_length=50)] = ()


class Span(Record):
    """Records `first` up to before `end` (offsets) of a partition, and the Merkle root over them."""

    topic: Text
    partition: Annotated[int, Field(ge=0)]
    first: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    root: Digest


class LogSealed(Event):
    """Everything that was added to the log since the seal before, under one root.

    `n` counts seals from 1; `day` is the local day it was made for; `before` is the root of the seal before;
    `signature` a compact JWS (ES256) whose payload is `signed`; `stamp` an RFC 3161 token over it, in base64.
    """

    STREAM = STREAM
    TYPE = "audit.log_sealed"
    n: Annotated[int, Field(ge=1)]
    day: date
    sealed_at: Instant
    before: Digest
    spans: Annotated[tuple[Span, ...], Field(max_length=1_000)]
    root: Digest
    signature: Annotated[str, StringConstraints(max_length=100_000)]
    stamp: Annotated[str, StringConstraints(max_length=50_000)] | None = None

    @property
    def signed(self) -> bytes:
        """What the signature is over: all but itself and the stamp, as canonical JSON."""
        return canonical(self.model_dump(mode="json", exclude={"signature", "stamp"}))


def canonical(value: object) -> bytes:
    """JSON with sorted names and no blanks, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


EVENTS = (AccessRecorded, LogSealed)
