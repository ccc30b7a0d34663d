"""Who may do what on Kafka, from the one declaration of topics. What is not said here is refused.

A service writes the topics it is the producer of and reads those it is a consumer of, in the consumer group of its own
name. An upstream portal writes `upstream.dossiers.v1` and reads its own replies, in groups that begin with its name.

Idempotent producers need no right of their own: since Kafka 2.8 the right to write any topic is enough (KIP-679).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from schemas.topics import AUDITOR, CONSUMERS, STREAMS, Topic, audited, dead_letter_topic, declared, heard_by

Operation = Literal["READ", "WRITE", "CREATE"]
Kind = Literal["TOPIC", "GROUP"]

ADMIN: Final = "admin"
"""Makes topics, users, rights and quotas; may do everything."""
OPERATOR: Final = "operator"
PAGES: Final = "portal"
"""The portal: it neither hears nor says anything."""
STATISTICS: Final = "statistics"
COUNTS_FOR: Final = "tracking"
STATISTICS_PREFIX: Final = "tracking-statistics-"
"""How the groups of statistics, and with them the changelogs of its tables, begin."""
RESERVED: Final = frozenset({ADMIN, "broker", OPERATOR, STATISTICS, AUDITOR, *CONSUMERS})
DEFAULT_QUOTA: Final = {"produced": 262_144, "fetched": 1_048_576, "requests": 25}
"""Of an upstream portal: 64 filings of 4 KiB a second, or 230,000 an hour."""
_SOURCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """`principal` may do `operation`; `prefixed`: on everything whose name begins with `name`."""

    principal: str
    kind: Kind
    name: str
    operation: Operation
    prefixed: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Quota:
    """What a principal may use of each broker: bytes a second written and read, percent of its request threads.

    Who is over it is answered later, and loses nothing.
    """

    principal: str
    produced: int
    fetched: int
    requests: int


def portal(source: str) -> str:
    """The principal of an upstream portal."""
    return f"portal.{source}"


def principals(sources: Sequence[str]) -> tuple[str, ...]:
    """Whoever logs in, but for the administrator. Raises ValueError for a source that cannot be told from a service."""
    for source in sources:
        if source in RESERVED or not _SOURCE.fullmatch(source):
            raise ValueError(
                f"an upstream portal cannot be called {source!r}: letters, digits, . _ -, no service's name"
            )
    return (*CONSUMERS, STATISTICS, AUDITOR, OPERATOR, *map(portal, sources))


def rights(sources: Sequence[str]) -> frozenset[Right]:
    """All there are in a deployment that hears the upstream portals `sources`. Raises ValueError."""
    principals(sources)
    topics = declared(tuple(sources))
    return frozenset(
        [*_of_topics(topics, set(sources)), *_of_groups(sources), *_of_statistics(), *_of_audit(), *_of_guards()]
    )


def quotas(sources: Sequence[str], *, produced: int, fetched: int, requests: int) -> frozenset[Quota]:
    """The same for each portal: no service has one. Raises ValueError."""
    principals(sources)
    return frozenset(Quota(portal(source), produced, fetched, requests) for source in sources)


def _of_topics(topics: Sequence[Topic], sources: set[str]) -> Iterator[Right]:
    for topic in topics:
        for parties, operation in ((topic.producers, "WRITE"), (topic.consumers, "READ")):
            for party in parties:
                yield Right(portal(party) if party in sources else party, "TOPIC", topic.name, operation)  # type: ignore[arg-type]


def _of_groups(sources: Sequence[str]) -> Iterator[Right]:
    for service in CONSUMERS:
        yield Right(service, "GROUP", service, "READ")
    for source in sources:
        # A slash is in no source: the groups of "a" are not those of "a.b".
        yield Right(portal(source), "GROUP", f"{portal(source)}/", "READ", prefixed=True)


def _of_statistics() -> Iterator[Right]:
    """It reads what tracking hears, buries for it, and keeps its table in changelogs of its own."""
    for topic in heard_by(COUNTS_FOR).values():
        yield Right(STATISTICS, "TOPIC", topic.name, "READ")
    yield Right(STATISTICS, "TOPIC", dead_letter_topic(COUNTS_FOR), "WRITE")
    yield Right(STATISTICS, "GROUP", STATISTICS_PREFIX, "READ", prefixed=True)
    for operation in ("READ", "WRITE", "CREATE"):
        yield Right(STATISTICS, "TOPIC", STATISTICS_PREFIX, operation, prefixed=True)


def _of_audit() -> Iterator[Right]:
    """It reads what it seals, in no group."""
    for topic in audited():
        yield Right(AUDITOR, "TOPIC", topic.name, "READ")


def _of_guards() -> Iterator[Right]:
    """A service that starts holds its store against what it published (`chassis.guard`)."""
    for topic in STREAMS.values():
        for service in topic.producers:
            yield Right(service, "TOPIC", topic.name, "READ")
