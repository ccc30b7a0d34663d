"""What is kept of records that wait or are dead letters, and where. Pure.

A document has 64 KiB: of a hundred parked records it holds 16 KiB of headers and values, the rest lies in side records
that the document names. A side record is written before the document that names it, and is rubbish as soon as
`seen` has reached its sequence: `seen` never goes back, so it can be removed at any later time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from chassis.decision import Reason
from chassis.delivery import Delivery, Drop, Replay
from chassis.document import Document, Parked
from chassis.reading import Raw
from schemas.envelope import MAX_HEADER_BYTES
from schemas.event import MAX_EVENT_BYTES

INLINE_EACH: Final = 1024
INLINE_ALL: Final = 16 * 1024
MAX_KEY: Final = 255
MAX_DETAIL: Final = 1000
Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class SideRecord:
    """Headers and value of a parked record, beside its aggregate."""

    ref: str
    aggregate: str
    stream: str
    sequence: int
    headers: tuple[tuple[str, bytes], ...]
    value: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequences of one stream, first to last, that parked records wait for and that this aggregate does not hold."""

    stream: str
    first: int
    last: int


def payload(headers: Headers, value: bytes) -> int:
    """Bytes of a record's headers and value."""
    return len(value) + sum(len(name) + len(content) for name, content in headers)


def split(aggregate: str, parked: Iterable[Parked]) -> tuple[list[Parked], list[SideRecord]]:
    """The parked records as the document keeps them, and the side records to write before it."""
    kept: list[Parked] = []
    beside: list[SideRecord] = []
    inline = 0
    for p in parked:
        size = payload(p.headers, p.value)
        if p.ref is not None:
            kept.append(replace(p, headers=(), value=b""))
        elif size <= INLINE_EACH and inline + size <= INLINE_ALL:
            inline += size
            kept.append(p)
        else:
            digest = hashlib.sha256(p.value).hexdigest()[:16]
            ref = f"{p.stream}/{aggregate}/{p.sequence}/{digest}"
            beside.append(SideRecord(ref, aggregate, p.stream, p.sequence, p.headers, p.value))
            kept.append(replace(p, headers=(), value=b"", ref=ref))
    return kept, beside


def needed(doc: Document[Any], deliveries: Iterable[Delivery]) -> list[str]:
    """The side records that folding `deliveries` may need: of each stream they touch, what follows without a hole."""
    at_hand: dict[str, set[int]] = {}
    for delivery in deliveries:
        match delivery.message:
            case Replay(stream):
                at_hand.setdefault(stream, set())
            case Drop(stream, given_up):
                at_hand.setdefault(stream, set()).update(given_up)
            case _ if delivery.position is not None:
                at_hand.setdefault(delivery.position.stream, set()).add(delivery.position.sequence)
    refs: list[str] = []
    for stream, sequences in at_hand.items():
        parked = {p.sequence: p for p in doc.parked if p.stream == stream}
        following = doc.seen.get(stream, 0) + 1
        while following in parked or following in sequences:
            known = parked.get(following)
            if known is not None and known.ref is not None:
                refs.append(known.ref)
            following += 1
    return refs


def gaps(doc: Document[Any]) -> list[Gap]:
    """What is missing of each stream below its highest parked record, and what was parked without its bytes."""
    found: list[Gap] = []
    for stream in sorted({p.stream for p in doc.parked}):
        following = doc.seen.get(stream, 0) + 1
        for p in (p for p in doc.parked if p.stream == stream):
            if p.sequence > following:
                found.append(Gap(stream, following, p.sequence - 1))
            if p.reason == "too_large":
                found.append(Gap(stream, p.sequence, p.sequence))
            following = p.sequence + 1
    return found


def dead_letter(raw: Raw, *, reason: Reason, detail: str, secret: bool) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of the copy for people: never larger than an event may be.

    Of a value that is secret or too large it holds hash and size; headers of a secret one, or more than an envelope may
    have, are counted. The key of a secret one is left out too: whoever sent it chose it. Its place says where it lies.
    """
    digest = hashlib.sha256(raw.value).hexdigest()
    copied = raw.value
    if secret or len(raw.value) > MAX_EVENT_BYTES:
        copied = json.dumps({"sha256": digest, "bytes": len(raw.value)}).encode()
    kept = list(raw.headers)
    if secret or payload(kept, b"") > MAX_HEADER_BYTES:
        kept = [("hoso-headers-left-out", str(len(kept)).encode())]
    said = {"hoso-topic": raw.topic, "hoso-reason": reason, "hoso-detail": detail[:MAX_DETAIL]}
    if raw.offset is not None:
        said["hoso-place"] = f"{raw.partition}/{raw.offset}"
    kept.extend((name, text.encode(errors="replace")) for name, text in said.items())
    readable = (None if secret else raw.key) or digest.encode()
    key = readable.decode(errors="replace")
    return (key if len(key) <= MAX_KEY else digest), copied, kept
