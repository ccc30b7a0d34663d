"""This chassis, as a service wires it."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Any

import uvloop

from bench.core.contender import Clock, Task
from bench.core.work import CATALOGUE, STREAM, kind
from chassis.burial import Burial
from chassis.consumer import Consumer
from chassis.decision import Handlers
from chassis.delivery import Delivery
from chassis.document import Document
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.keyring import Keyring
from chassis.reading import Raw, StreamReader, decoder
from chassis.relay import Publisher, Relay
from chassis.route import Route
from chassis.store import Store
from chassis.telemetry import COMMITS, PUBLISHED, PUBLISHES, STORE_CALLS
from schemas.event import to_instant

WAIT = 0.05


def _total(counter: Any) -> int:
    """The sum of a counter over its labels, without what only this benchmark asks."""
    samples = [s for metric in counter.collect() for s in metric.samples if s.name.endswith("_total")]
    return int(sum(s.value for s in samples if s.labels.get("operation") != "pending"))


class _Timed(StreamReader):
    """Starts the clock at the first record."""

    def __init__(self, clock: Clock, handlers: Handlers) -> None:
        super().__init__(STREAM, CATALOGUE, handlers)
        self._clock = clock

    def read(self, raw: Raw) -> Delivery:
        self._clock.start()
        return super().read(raw)


async def main(task: Task) -> None:
    """Until the last event is acknowledged, cleared and its offset committed."""
    clock = Clock()
    aggregate = kind(task.out)
    readers = {STREAM: _Timed(clock, aggregate.handlers)}
    store = Store(task.store_url, task.database)
    collection = store.collection("ledgers")
    await collection.ensure_indexes(())
    publisher = Publisher(task.bootstrap, "bench", "1")

    def written(doc: Document[Any]) -> None:
        relay.written(doc.id, doc.kept)

    engine = Engine(
        aggregate,
        collection,
        Keyring(store, secrets.token_bytes(32)),
        Folder(aggregate, "1", decoder(readers)),
        clock=lambda: to_instant(datetime.now(UTC)),
        on_written=written,
    )
    relay = Relay(engine, publisher)
    consumer = Consumer(
        {task.topic: Route(readers[STREAM], engine)},
        Burial(publisher, "bench.deadletter.v1"),
        bootstrap=task.bootstrap,
        group="bench",
        replica="1",
    )
    tasks = [asyncio.create_task(work) for work in (engine.run(), relay.run(), consumer.run())]
    while _total(PUBLISHED) < task.count:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(WAIT)
    while await collection.unpublished(1):
        await relay.clear(0)
    clock.stop()
    for running in tasks:
        running.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for name, counter in {"store": STORE_CALLS, "publishes": PUBLISHES, "commits": COMMITS}.items():
        clock.add(name, _total(counter))
    clock.report(task)


if __name__ == "__main__":
    uvloop.run(main(Task.from_arguments()))
