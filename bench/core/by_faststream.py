"""FastStream with 8 workers, each on partitions of its own, acknowledging by hand after the work."""

from __future__ import annotations

import asyncio
import logging

import uvloop
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from bench.core.contender import Clock, Task
from bench.core.usual import Ledgers
from bench.core.work import Moved

WORKERS = 8


async def main(task: Task) -> None:
    """Until `count` events are acknowledged."""
    clock = Clock()
    ledgers = Ledgers(task, clock)
    broker = KafkaBroker(task.bootstrap, acks="all", enable_idempotence=True, log_level=logging.ERROR)
    done = asyncio.Event()
    handled = 0

    @broker.subscriber(
        task.topic,
        group_id="bench",
        auto_offset_reset="earliest",
        max_workers=WORKERS,
        ack_policy=AckPolicy.MANUAL,
    )
    async def handle(event: Moved, message: KafkaMessage) -> None:
        nonlocal handled
        clock.start()
        for n, noted in await ledgers.handle(event, int(message.headers["ce_sequence"])):
            clock.add("publishes")
            await broker.publish(noted.dump(), task.out, key=event.dossier_id.encode())
            await ledgers.clear(event.dossier_id, n)
        clock.add("commits")
        await message.ack()
        handled += 1
        if handled == task.count:
            clock.stop()
            done.set()

    await broker.start()
    await done.wait()
    await broker.stop()
    clock.report(task)


if __name__ == "__main__":
    uvloop.run(main(Task.from_arguments()))
