"""The work: events of one type, a small aggregate that folds them and says one event for each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # its stubs forget it

from chassis.decision import Decision
from chassis.document import AggregateType
from schemas.envelope import Envelope, Headers
from schemas.event import Catalogue, DossierEvent, Instant, Record, Text

Mix = Literal["hot", "spread"]
STREAM: Final = "bench"
PARTITIONS: Final = 12
PER_AGGREGATE: Final = 8
BLOCK: Final = 50
ROUNDS: Final = 2
_NAMESPACE: Final = uuid.UUID("7f0a4c0e-6f3d-5a35-9d5e-2f6f4d1f7c11")
_AT: Final = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


class Moved(DossierEvent):
    """What comes in."""

    STREAM = STREAM
    TYPE = "bench.moved"
    step: Text
    unit: Text
    amount: int
    at: Instant


class Noted(DossierEvent):
    """What goes out for each of them."""

    STREAM = STREAM
    TYPE = "bench.noted"
    step: Text
    total: int
    at: Instant


class Ledger(Record):
    """What is kept."""

    total: int = 0
    steps: int = 0
    last_step: str | None = None
    unit: str | None = None
    at: Instant | None = None


CATALOGUE: Final = Catalogue([Moved, Noted])


def decide(ledger: Ledger | None, event: Moved, _now: datetime) -> Decision[Ledger]:
    """Adds, and says so."""
    ledger = ledger or Ledger()
    total = ledger.total + event.amount
    ledger = Ledger(total=total, steps=ledger.steps + 1, last_step=event.step, unit=event.unit, at=event.at)
    noted = Noted(dossier_id=event.dossier_id, step=event.step, total=total, at=event.at)
    return Decision(ledger, (noted,))


def kind(out: str) -> AggregateType[Ledger]:
    """The aggregate; its events go to the topic `out`."""
    return AggregateType(name="ledgers", state=Ledger, handlers={Moved: decide}, topic_of=lambda _event, _state: out)


@dataclass(frozen=True, slots=True)
class Piece:
    """One event to come: of aggregate `aggregate`, the `sequence`-th of it."""

    aggregate: str
    sequence: int


def pieces(mix: Mix, count: int) -> Iterator[Piece]:
    """`hot`: 8 events of an aggregate fall within 400; `spread`: its two events are half of `count` apart."""
    size, depth = (BLOCK, PER_AGGREGATE) if mix == "hot" else (max(1, count // ROUNDS), ROUNDS)
    for block in range(-(-count // (size * depth))):
        names = [str(uuid.uuid5(_NAMESPACE, f"{mix}/{block}/{n}")) for n in range(size)]
        for sequence in range(1, depth + 1):
            for name in names:
                yield Piece(name, sequence)


def record(piece: Piece) -> tuple[str, bytes, Headers]:
    """Key, value and headers of an event to come."""
    event = Moved(dossier_id=piece.aggregate, step="examined", unit="van-hoa", amount=piece.sequence, at=_AT)
    envelope = Envelope(
        id=f"bench/{piece.aggregate}/{piece.sequence}",
        source="/hoso/bench",
        type=event.type_name(),
        subject=piece.aggregate,
        time=_AT,
        sequence=piece.sequence,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    return piece.aggregate, event.dump_json(), envelope.headers()


def fill(bootstrap: str, topic: str, out: str, mix: Mix, count: int) -> int:
    """Creates both topics and fills the first; returns how many events it holds."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (topic, out)]).values():
        future.result()
    settings: dict[str, Any] = {"bootstrap.servers": bootstrap, "linger.ms": 20, "partitioner": "murmur2_random"}
    producer = Producer(settings)
    filled = 0
    for piece in pieces(mix, count):
        key, value, headers = record(piece)
        producer.produce(topic, value=value, key=key.encode(), headers=list(headers))
        filled += 1
        if filled % 1_000 == 0:
            producer.poll(0)
    producer.flush()
    return filled
