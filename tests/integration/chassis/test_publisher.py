"""The publisher while the broker hangs: it gives up, is built anew, and what the old one still sends does no harm."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis import relay
from chassis.relay import Publisher, PublishFailed
from deploy.local.platform import Backbone

TOPIC = "late.events.v1"


def records(count: int) -> list[tuple[str, bytes, list[tuple[str, bytes]]]]:
    return [("one", b"%d" % n, [("ce_sequence", b"%d" % n)]) for n in range(1, count + 1)]


async def log(bootstrap: str) -> list[int]:
    """Everything the topic holds, in order."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[int] = []
        while await consumer.position(partition) < end:
            for batch in (await consumer.getmany(timeout_ms=1_000)).values():
                found.extend(int(record.value) for record in batch)
        return found


async def test_a_rebuilt_producer_keeps_the_order_while_the_old_request_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SEND_TIMEOUT", 3.0)
    async with Backbone(tmp_path / "own") as own:
        admin = AIOKafkaAdminClient(bootstrap_servers=own.kafka)
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        await admin.close()
        publisher = Publisher(own.kafka, "late", "1")
        await publisher.publish(TOPIC, records(1))
        broker = own.supervisor.pid("kafka")
        os.kill(broker, signal.SIGSTOP)
        try:
            # The request is in the stopped broker's socket when its producer is given up.
            with pytest.raises(PublishFailed):
                await publisher.publish(TOPIC, records(3))
        finally:
            os.kill(broker, signal.SIGCONT)
        monkeypatch.setattr(relay, "SEND_TIMEOUT", 30.0)
        await publisher.publish(TOPIC, records(5))
        await publisher.close()
        found = await asyncio.wait_for(log(own.kafka), 60)
    first = list(dict.fromkeys(found))
    assert first == [1, 2, 3, 4, 5]
    assert len(found) > len(first), "the old request never landed: the test shows nothing"
