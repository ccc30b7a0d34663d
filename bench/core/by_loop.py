"""A plain loop of aiokafka and motor: one event after the other."""

from __future__ import annotations

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.core.contender import Clock, Task
from bench.core.usual import Ledgers
from bench.core.work import Moved


async def main(task: Task) -> None:
    """Until `count` offsets are committed."""
    clock = Clock()
    ledgers = Ledgers(task, clock)
    producer = AIOKafkaProducer(bootstrap_servers=task.bootstrap, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(
        task.topic,
        bootstrap_servers=task.bootstrap,
        group_id="bench",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await producer.start()
    await consumer.start()
    for _ in range(task.count):
        record = await consumer.getone()
        clock.start()
        event = Moved.model_validate_json(record.value)
        sequence = int(dict(record.headers)["ce_sequence"])
        for n, noted in await ledgers.handle(event, sequence):
            clock.add("publishes")
            await producer.send_and_wait(task.out, noted.dump_json(), key=event.dossier_id.encode())
            await ledgers.clear(event.dossier_id, n)
        clock.add("commits")
        await consumer.commit()
    clock.stop()
    await consumer.stop()
    await producer.stop()
    clock.report(task)


if __name__ == "__main__":
    uvloop.run(main(Task.from_arguments()))
