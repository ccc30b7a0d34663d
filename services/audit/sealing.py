"""What a seal covers and how it is signed: pure, shared by the process that seals and by whoever verifies.

The root of a seal is that of a tree whose first leaf is the root of the seal before, and whose others are its spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from schemas.audit import NOTHING, Digest, LogSealed, Span, canonical
from services.audit.merkle import Tree, leaf

ALGORITHM: Final = "ES256"
Place = tuple[str, int]


class Logged(Protocol):
    """One Kafka record, as a consumer has it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


def entry(record: Logged) -> bytes:
    """The leaf of one record: where it is, its key, its headers and its value, each with its length before it."""
    parts = [record.topic.encode(), b"%d" % record.partition, b"%d" % record.offset, record.key or b""]
    for name, value in record.headers:
        parts += [name.encode(), value]
    parts.append(record.value or b"")
    return leaf(b"".join(b"%d:" % len(part) + part for part in parts))


class Growing:
    """Trees of what was read of each partition since the last seal.

    Invariant: `next` of a place is the offset of the next record it takes; no other is taken.
    """

    def __init__(self, ends: Mapping[Place, int]) -> None:
        self._first = dict(ends)
        self._trees: dict[Place, Tree] = {}

    @property
    def next(self) -> dict[Place, int]:
        """Where to go on reading."""
        grown = {place: self._first.get(place, 0) + tree.size for place, tree in self._trees.items()}
        return {**self._first, **grown}

    def take(self, record: Logged) -> bool:
        """Adds a record; False for one that is not the next of its partition."""
        place = (record.topic, record.partition)
        tree = self._trees.setdefault(place, Tree())
        if record.offset != self._first.get(place, 0) + tree.size:
            return False
        tree.add(entry(record))
        return True

    def spans(self) -> tuple[Span, ...]:
        """What was read since the last seal."""
        found = []
        for (topic, partition), tree in sorted(self._trees.items()):
            first = self._first.get((topic, partition), 0)
            if tree.size:
                span = Span(topic=topic, partition=partition, first=first, end=first + tree.size, root=tree.root.hex())
                found.append(span)
        return tuple(found)


def root(before: Digest, spans: Iterable[Span]) -> Digest:
    """The root of a seal."""
    tree = Tree()
    tree.add(leaf(bytes.fromhex(before)))
    for span in spans:
        tree.add(leaf(canonical(span.model_dump(mode="json"))))
    return tree.root.hex()


def seal(before: LogSealed | None, spans: tuple[Span, ...], *, day: date, at: datetime, key: ECKey) -> LogSealed:
    """The seal after `before`, signed and not yet stamped."""
    follows = before.root if before is not None else NOTHING
    unsigned = LogSealed(
        n=before.n + 1 if before is not None else 1,
        day=day,
        sealed_at=at,
        before=follows,
        spans=spans,
        root=root(follows, spans),
        signature="",
    )
    header = {"alg": ALGORITHM, "kid": key.thumbprint()}
    signature = jws.serialize_compact(header, unsigned.signed, key, algorithms=[ALGORITHM])
    return unsigned.model_copy(update={"signature": signature})


def public(*keys: ECKey) -> dict[str, Any]:
    """The JWKS that seals are checked with."""
    return {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig"} for key in keys]}


def is_signed(sealed: LogSealed, keys: KeySet) -> bool:
    """One of `keys` signed just this."""
    try:
        found = jws.deserialize_compact(sealed.signature, keys, algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return False
    return found.payload == sealed.signed


def ends(seals: Iterable[LogSealed]) -> dict[Place, int]:
    """Up to where each partition is sealed."""
    return {(span.topic, span.partition): span.end for sealed in seals for span in sealed.spans}
