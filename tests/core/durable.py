"""What outlives every process: the documents, the log, the committed offset, and requests still in the network.

Every change is held against the invariants that must hold at each instant; what breaks one is kept in `broken`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from schemas.envelope import Envelope
from schemas.envelope import read as read_envelope

from .query import Doc
from .store import Act, Docs, pack, short, unpack

IN: Final = "said.events.v1"
OUT: Final = "noted.events.v1"
DEAD: Final = "tally.deadletter.v1"


@dataclass(frozen=True, slots=True)
class Logged:
    """One record of the log."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]

    @property
    def envelope(self) -> Envelope:
        return read_envelope(self.headers)


@dataclass
class DurableWorld:
    """`majority` is None where the store does not fail over: then every write is at once the majority's."""

    docs: Docs = field(default_factory=dict)
    majority: Docs | None = None
    log: dict[str, list[Logged]] = field(default_factory=lambda: {IN: [], OUT: [], DEAD: []})
    committed: int = 0
    network: tuple[Act, ...] = ()
    accepted: frozenset[str] = frozenset()
    sent: tuple[str, ...] = ()
    """Idempotency keys in the order a partner executed them."""
    applied: frozenset[tuple[str, str]] = frozenset()
    asked: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def copy(self) -> DurableWorld:
        return DurableWorld(
            {name: dict(docs) for name, docs in self.docs.items()},
            None if self.majority is None else {name: dict(docs) for name, docs in self.majority.items()},
            {topic: list(records) for topic, records in self.log.items()},
            self.committed,
            self.network,
            self.accepted,
            self.sent,
            self.applied,
            self.asked,
            list(self.broken),
        )

    @property
    def key(self) -> object:
        """Equal for worlds that cannot be told apart after all processes died (and the store kept what it had)."""
        return (
            tuple((name, tuple(sorted(found.items()))) for name, found in sorted(self.docs.items())),
            tuple(self.log[OUT]),
            len(self.log[DEAD]),
            self.committed,
            tuple(label for label, _ in self.network),
            self.accepted,
            self.sent,
            tuple(self.asked.items()),
        )

    def read(self, collection: str, *, majority: bool) -> dict[str, bytes]:
        docs = self.majority if majority and self.majority is not None else self.docs
        return docs.setdefault(collection, {})

    def write(self, collection: str, document: str, change: Callable[[Doc | None], Doc | None]) -> None:
        found = self.docs.setdefault(collection, {})
        raw = found.get(document)
        before = None if raw is None else unpack(raw)
        after = change(before)
        self._hold(document, before or {}, after or {})
        if after is None:
            found.pop(document, None)
        else:
            found[document] = pack(after)

    def lags(self, collection: str, document: str) -> bool:
        """Whether the majority has not got the last write yet."""
        docs = self.docs[collection]
        return self.majority is not None and self.majority.get(collection, {}).get(document) != docs.get(document)

    def replicate(self) -> None:
        self.majority = {name: dict(docs) for name, docs in self.docs.items()}

    def fail_over(self) -> None:
        """Another member leads: what the majority did not have is rolled back."""
        assert self.majority is not None
        self.docs = {name: dict(docs) for name, docs in self.majority.items()}
        states = {i: unpack(raw).get("state") or {} for docs in self.docs.values() for i, raw in docs.items()}
        self.applied = frozenset((i, ref) for i, state in states.items() for ref in state.get("applied", []))

    def execute(self, key: str, attempt: int) -> None:
        """A partner does what it was asked to do under an idempotency key."""
        if attempt >= self.asked.get(key, 0):
            self.sent += (key,)

    def ask(self, key: str, attempt: int) -> bool:
        """Whether it was done; what was tried before will not be done any more."""
        self.asked = {**self.asked, key: attempt}
        return key in self.sent

    def append(self, topic: str, record: Logged) -> None:
        if topic == OUT:
            self._in_order(record)
        self.log[topic].append(record)

    def _hold(self, document: str, before: Doc, after: Doc) -> None:
        self._once(document, before, after)
        old = {e["n"] for e in before.get("outbox", [])}
        new = {e["n"] for e in after.get("outbox", [])}
        published = {r.envelope.sequence for r in self.log[OUT] if r.key == document.encode()}
        for n in sorted(old - new - published):
            self.broken.append(f"CLEARED UNPUBLISHED: event {n} of {short(document)} left the outbox, Kafka has it not")
        for n in sorted(new - old):
            if n <= before.get("last", 0):
                self.broken.append(
                    f"RESURRECTED: event {n} of {short(document)} was cleared and is in the outbox again"
                )

    def _once(self, document: str, before: Doc, after: Doc) -> None:
        """An input takes effect once, whatever became of the document since."""
        known = len((before.get("state") or {}).get("applied", []))
        for ref in (after.get("state") or {}).get("applied", [])[known:]:
            if (document, ref) in self.applied:
                self.broken.append(f"APPLIED TWICE: {ref} took effect on {short(document)} before")
            self.applied |= {(document, ref)}
        if before.get("closed") and not after.get("closed"):
            self.broken.append(f"RESURRECTED: {short(document)} was closed and is back")

    def _in_order(self, record: Logged) -> None:
        n, known = record.envelope.sequence or 0, {}
        for other in self.log[OUT]:
            if other.key == record.key:
                known[other.envelope.sequence] = other.value
        name = short(record.key.decode())
        if n in known and known[n] != record.value:
            self.broken.append(f"SEQUENCE REUSED: event {n} of {name} has two contents")
        if n not in known and n > 1 and n - 1 not in known:
            self.broken.append(f"ORDER: event {n} of {name} came to the log before event {n - 1}")
