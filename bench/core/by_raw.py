"""Consume, transform, produce, commit: aiokafka alone, in batches, without a store."""

from __future__ import annotations

import json

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.core.contender import Clock, Task


def transformed(value: bytes) -> bytes:
    """The event that follows."""
    event = json.loads(value)
    return json.dumps({"dossier_id": event["dossier_id"], "step": event["step"], "total": event["amount"]}).encode()


async def main(task: Task) -> None:
    """Until `count` offsets are committed."""
    clock = Clock()
    producer = AIOKafkaProducer(bootstrap_servers=task.bootstrap, acks="all", enable_idempotence=True, linger_ms=0)
    consumer = AIOKafkaConsumer(
        task.topic,
        bootstrap_servers=task.bootstrap,
        group_id="bench",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await producer.start()
    await consumer.start()
    handled = 0
    while handled < task.count:
        batches = await consumer.getmany(timeout_ms=1_000, max_records=500)
        clock.start()
        sent = [
            await producer.send(task.out, transformed(r.value), key=r.key, headers=list(r.headers))
            for records in batches.values()
            for r in records
        ]
        for future in sent:
            await future
        clock.add("commits")
        await consumer.commit()
        handled += len(sent)
    clock.stop()
    await consumer.stop()
    await producer.stop()
    clock.report(task)


if __name__ == "__main__":
    uvloop.run(main(Task.from_arguments()))
