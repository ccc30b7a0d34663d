"""Does the log say what was sealed? Pure: fed with seals and records in the order of their partitions, it names what
is wrong. Whoever runs it needs the log and a public key, and nothing that the office could have changed afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from joserfc.jwk import KeySet
from pydantic import ValidationError

from schemas.audit import NOTHING, RECORDS, AccessRecorded, Digest, LogSealed, Span, digest
from services.audit.merkle import Tree
from services.audit.sealing import Logged, Place, entry, is_signed, root

REMEMBERED: Final = 1_000


def check_seals(seals: Sequence[LogSealed], keys: KeySet) -> list[str]:
    """Each seal follows the one before, begins where that ended, adds up to its root, and is signed."""
    wrong: list[str] = []
    ends: dict[Place, int] = {}
    before = NOTHING
    for n, sealed in enumerate(seals, 1):
        name = f"seal {sealed.n} of {sealed.day}"
        if sealed.n != n:
            wrong.append(f"{name}: it is number {n} in the log")
        if sealed.before != before:
            wrong.append(f"{name}: it does not follow the seal before it")
        if root(sealed.before, sealed.spans) != sealed.root:
            wrong.append(f"{name}: its root is not that of what it names")
        if not is_signed(sealed, keys):
            wrong.append(f"{name}: not signed by a known key")
        for span in sealed.spans:
            place = (span.topic, span.partition)
            if span.first != ends.get(place, 0) or span.end <= span.first:
                wrong.append(f"{name}: {_named(span)} does not begin where the seal before ended")
            ends[place] = span.end
        before = sealed.root
    return wrong


def check_known(seals: Sequence[LogSealed], known: Iterable[tuple[int, Digest]]) -> list[str]:
    """Roots that were published, and copied by others, are still those of the log."""
    roots = {sealed.n: sealed.root for sealed in seals}
    return [f"seal {n}: published as {old}, now {roots.get(n, 'missing')}" for n, old in known if roots.get(n) != old]


def read_seals(values: Iterable[bytes]) -> tuple[list[LogSealed], list[str]]:
    """The seals of their topic; a repeat of the last one is the same seal."""
    seals: list[LogSealed] = []
    wrong: list[str] = []
    for at, value in enumerate(values):
        try:
            sealed = LogSealed.model_validate_json(value)
        except ValidationError:
            wrong.append(f"record {at} of the seals cannot be read")
            continue
        if not seals or sealed != seals[-1]:
            seals.append(sealed)
    return seals, wrong


def _named(span: Span) -> str:
    return f"{span.topic} partition {span.partition} offsets {span.first} to {span.end - 1}"


class Spans:
    """Holds records against the spans of seals, partition by partition."""

    def __init__(self, seals: Sequence[LogSealed]) -> None:
        self._due: dict[Place, list[tuple[LogSealed, Span]]] = {}
        for sealed in reversed(seals):
            for span in reversed(sealed.spans):
                self._due.setdefault((span.topic, span.partition), []).append((sealed, span))
        self._trees: dict[Place, Tree] = {}
        self.wrong: list[str] = []
        self.records = 0

    def take(self, record: Logged) -> None:
        """The next record of its partition."""
        place = (record.topic, record.partition)
        due = self._due.get(place)
        self.records += 1
        while due and record.offset >= due[-1][1].end:
            self._end(place)
        if due:
            self._trees.setdefault(place, Tree()).add(entry(record))

    def end(self) -> list[str]:
        """What differs, after the last record."""
        for place in list(self._due):
            while self._due[place]:
                self._end(place)
        return self.wrong

    def _end(self, place: Place) -> None:
        sealed, span = self._due[place].pop()
        tree = self._trees.pop(place, Tree())
        if tree.size != span.end - span.first:
            found = f"{tree.size} records instead of {span.end - span.first}"
            self.wrong.append(f"seal {sealed.n} of {sealed.day}: {_named(span)}: {found}")
        elif tree.root.hex() != span.root:
            self.wrong.append(f"seal {sealed.n} of {sealed.day}: {_named(span)} was altered since")


@dataclass
class _Chain:
    at: int = 0
    last: Digest = NOTHING
    told: dict[int, Digest] = field(default_factory=dict)
    """The last ones, for repeats."""


class Chains:
    """Follows each chain of access records from its beginning. A chain is in one partition, in its order; after a lost
    acknowledgement some of it comes again, unchanged.
    """

    def __init__(self) -> None:
        self._chains: dict[str, _Chain] = {}
        self.wrong: list[str] = []

    def take(self, record: Logged) -> None:
        """A record of any topic; those that are no access records say nothing."""
        if record.topic != RECORDS:
            return
        where = f"{record.topic} partition {record.partition} offset {record.offset}"
        try:
            found = AccessRecorded.model_validate_json(record.value or b"")
        except ValidationError:
            self.wrong.append(f"{where} cannot be read")
            return
        chain = self._chains.setdefault(found.chain, _Chain())
        name, own = f"number {found.n} of {found.chain}", digest(record.value or b"")
        if found.n <= chain.at:
            if chain.told.get(found.n, own) != own:
                self.wrong.append(f"{where}: {name} was another record before")
            return
        if found.n > chain.at + 1:
            self.wrong.append(f"{where}: {name} comes after number {chain.at}")
        elif found.before != chain.last:
            self.wrong.append(f"{where}: {name} does not follow the one before it")
        chain.at, chain.last = found.n, own
        chain.told[found.n] = own
        if len(chain.told) > REMEMBERED:
            del chain.told[next(iter(chain.told))]
