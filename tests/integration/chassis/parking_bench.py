"""A stream of numbers, its aggregate and its operators, on the real store and broker."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis.aside import Aside
from chassis.decision import Decision, Impossible
from chassis.delivery import Delivery
from chassis.document import AggregateType, Document
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.keyring import Keyring
from chassis.operations import Heard, Operations
from chassis.reading import Raw, StreamReader, decoder
from chassis.repair import Repair
from chassis.store import Store
from deploy.local.platform import Backbone
from schemas.envelope import Envelope
from schemas.event import Catalogue, DossierEvent, Record, to_instant

LARGEST = 16 * 1024 * 1024


class Counted(DossierEvent):
    STREAM = "counted"
    TYPE = "counted.up"
    n: int
    pad: str = ""


class Count(Record):
    numbers: tuple[int, ...] = ()


CATALOGUE = Catalogue([Counted])


def value(aggregate: str, n: int, pad: int = 0) -> bytes:
    return Counted(dossier_id=aggregate, n=n, pad="x" * pad).dump_json()


def headers(aggregate: str, sequence: int, **changes: str) -> list[tuple[str, bytes]]:
    envelope = Envelope(
        id=f"counted/{aggregate}/{sequence}",
        source="/test",
        type=Counted.type_name(),
        subject=aggregate,
        time=datetime(2026, 11, 24, tzinfo=UTC),
        sequence=sequence,
    )
    return list({**dict(envelope.headers()), **{name: text.encode() for name, text in changes.items()}}.items())


@dataclass
class Replica:
    """One process of the service: its write path and its operators' door."""

    engine: Engine[Count]
    operations: Operations
    repair: Repair
    reader: StreamReader
    aside: Aside

    async def hear(self, aggregate: str, *numbers: int, pad: int = 0) -> list[Any]:
        """The events with these numbers, each at the sequence of its number, as the consumer would hand them over."""
        raws = [Raw("t", aggregate.encode(), value(aggregate, n, pad), tuple(headers(aggregate, n))) for n in numbers]
        return await asyncio.gather(*(self.engine.handle(self.reader.read(raw)) for raw in raws))

    async def doc(self, aggregate: str) -> Document[Count]:
        doc = await self.engine.read(aggregate)
        assert doc is not None
        return doc

    async def numbers(self, aggregate: str) -> tuple[int, ...]:
        doc = await self.doc(aggregate)
        return doc.state.numbers if doc.state else ()


@dataclass
class ParkingBench:
    """`poison`: numbers the handler refuses, until a release fixes it."""

    kafka: str
    topic: str
    dead_letters: str
    store: Store
    keyring: Keyring
    poison: set[int] = field(default_factory=set)
    offset: timedelta = timedelta()

    def clock(self) -> datetime:
        return to_instant(datetime.now(UTC) + self.offset)

    def count(self, state: Count | None, event: Counted, _now: datetime) -> Decision[Count]:
        if event.n in self.poison:
            raise Impossible(f"{event.n} is poison")
        return Decision(Count(numbers=(*(state or Count()).numbers, event.n)))

    def replica(self, name: str = "one") -> Replica:
        kind = AggregateType(name="counts", state=Count, handlers={Counted: self.count})
        reader = StreamReader("counted", CATALOGUE, kind.handlers)
        folder = Folder(kind, name, decoder({"counted": reader}))
        collection = self.store.collection("counts")
        aside = Aside(self.store.collection("counts_parked"), collection)
        engine = Engine(
            kind, collection, self.keyring, folder, clock=self.clock, on_written=lambda _doc: None, aside=aside
        )
        operations = Operations([Heard("counted", self.topic, reader, engine, folder, aside)], self.clock)
        return Replica(engine, operations, Repair(operations, self.kafka, name), reader, aside)

    async def publish(self, records: Iterable[tuple[str, bytes, list[tuple[str, bytes]]]]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, max_request_size=2 * LARGEST, acks="all")
        await producer.start()
        try:
            for key, content, head in records:
                await producer.send_and_wait(self.topic, content, key=key.encode(), headers=head)
        finally:
            await producer.stop()


@asynccontextmanager
async def parking_bench(backbone: Backbone) -> AsyncIterator[ParkingBench]:
    name = f"p{uuid.uuid4().hex[:12]}"
    store, keys = Store(backbone.store_url, name), Store(backbone.store_url, f"{name}_keyring")
    topic, dead_letters = f"{name}.events.v1", f"{name}.deadletter.v1"
    admin = AIOKafkaAdminClient(bootstrap_servers=backbone.kafka)
    await admin.start()
    roomy = {"max.message.bytes": str(LARGEST)}
    await admin.create_topics(
        [NewTopic(topic, 3, 1, topic_configs=roomy), NewTopic(dead_letters, num_partitions=3, replication_factor=1)]
    )
    await admin.close()
    bench = ParkingBench(backbone.kafka, topic, dead_letters, store, Keyring(keys, b"k" * 32))
    await bench.replica().engine.collection.ensure_indexes(())
    yield bench
    store.close()
    keys.close()


__all__ = ["Count", "Counted", "Delivery", "ParkingBench", "Replica", "headers", "parking_bench", "value"]
