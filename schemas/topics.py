"""The one declaration of topics: partitions, retention, who writes, who reads.

docker-compose.yml, the embedded platform, AsyncAPI and what the services subscribe to are held against it by tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from schemas import audit, delivery, dossier, draft, notification, payment
from schemas.event import Catalogue

PARTITIONS: Final = 12
PRODUCTION_REPLICATION: Final = 3
PRODUCTION_MIN_INSYNC: Final = 2
JOURNAL_KEPT: Final = timedelta(days=14)
UPSTREAM: Final = "upstream.dossiers.v1"
CONSUMERS: Final = ("submission", "payment", "notification", "delivery", "tracking")
AUDITOR: Final = "audit"


@dataclass(frozen=True, slots=True)
class Topic:
    """`retention` None means for ever; `key` names what orders its records; another party writes a `foreign` one."""

    name: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    key: str
    retention: timedelta | None = None
    partitions: int = PARTITIONS
    foreign: bool = False

    def config(self, *, replication: int) -> Mapping[str, str]:
        """Kafka topic configuration. Never compacted: a consumer may need any event of any dossier.

        A foreign topic is kept uncompressed, so that the broker's limit (1 MiB) is on what its readers get: else 100 KB
        may be 100 MB when unpacked.
        """
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(int(self.retention.total_seconds() * 1000)) if self.retention else "-1",
            "min.insync.replicas": str(min(replication, PRODUCTION_MIN_INSYNC)),
            **({"compression.type": "uncompressed"} if self.foreign else {}),
        }


STREAMS: Final[Mapping[str, Topic]] = {
    dossier.STREAM: Topic(
        "dossier.events.v1", ("submission",), ("payment", "delivery", "notification", "tracking"), "dossier id"
    ),
    payment.STREAM: Topic(
        "payment.events.v1", ("payment",), ("submission", "delivery", "notification", "tracking"), "dossier id"
    ),
    delivery.STREAM: Topic(
        "delivery.events.v1", ("delivery",), ("submission", "payment", "notification", "tracking"), "dossier id"
    ),
    notification.STREAM: Topic("notification.events.v1", ("notification",), ("tracking",), "dossier id"),
    draft.STREAM: Topic("draft.events.v1", ("submission",), ("notification",), "drawer id"),
}

CATALOGUES: Final[Mapping[str, Catalogue]] = {
    dossier.STREAM: Catalogue(dossier.EVENTS),
    payment.STREAM: Catalogue(payment.EVENTS),
    delivery.STREAM: Catalogue(delivery.EVENTS),
    notification.STREAM: Catalogue(notification.EVENTS),
    draft.STREAM: Catalogue(draft.EVENTS),
}


def reply_topic(source: str) -> str:
    """The topic of replies to one upstream portal."""
    return f"upstream.replies.{source}.v1"


def dead_letter_topic(service: str) -> str:
    """The topic of copies of what a service could not handle."""
    return f"{service}.deadletter.v1"


def journal_topic(service: str) -> str:
    """The topic of what a service wrote, for itself: `JOURNAL_KEPT` is how old a backup may be that it completes."""
    return f"{service}.journal.v1"


def declared(sources: tuple[str, ...]) -> tuple[Topic, ...]:
    """Every topic of a deployment that hears the upstream portals `sources`."""
    return (
        Topic(UPSTREAM, sources, ("submission",), "portal's own reference", timedelta(days=7), foreign=True),
        *(Topic(reply_topic(s), ("submission",), (s,), "portal's own reference", timedelta(days=7)) for s in sources),
        *STREAMS.values(),
        Topic(audit.RECORDS, (*CONSUMERS, AUDITOR), (AUDITOR,), "chain: the process that answered"),
        Topic(audit.SEALS, (AUDITOR,), (AUDITOR,), "the word audit"),
        *(Topic(dead_letter_topic(s), (s,), ("operator",), "dossier id", timedelta(days=90)) for s in CONSUMERS),
        *(Topic(journal_topic(s), (s,), (s,), "what was written", JOURNAL_KEPT) for s in CONSUMERS),
    )


def audited() -> tuple[Topic, ...]:
    """What is kept for ever, and therefore sealed: what happened to dossiers, and who looked."""
    return tuple(topic for topic in declared(()) if topic.retention is None and topic.name != audit.SEALS)


def heard_by(service: str) -> Mapping[str, Topic]:
    """The streams a service hears, by stream name."""
    return {stream: topic for stream, topic in STREAMS.items() if service in topic.consumers}
