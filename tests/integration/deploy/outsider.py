"""Clients of Kafka that are not ours, as a portal or an intruder might use them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from confluent_kafka import Consumer
from kafka import KafkaAdminClient
from kafka.errors import for_code
from kafka.protocol.consumer import FetchRequest

from chassis.kafka import Broker, connection
from schemas.topics import PARTITIONS

FOUND = "a record"
REFUSED = "TOPIC_AUTHORIZATION_FAILED"
GROUP_REFUSED = "GROUP_AUTHORIZATION_FAILED"
SECONDS = 40.0


def settings_of(broker: Broker) -> dict[str, Any]:
    """As librdkafka takes them."""
    return {
        "bootstrap.servers": broker.servers,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": broker.username,
        "sasl.password": broker.password,
        "ssl.ca.location": str(broker.ca_file),
    }


async def joins(broker: Broker, topic: str, group: str) -> str:
    """What a member of a group gets first of a topic: a record, or the name of the refusal. Raises TimeoutError."""
    return await asyncio.to_thread(_joins, broker, topic, group)


def _joins(broker: Broker, topic: str, group: str) -> str:
    options = {"auto.offset.reset": "earliest", "enable.auto.commit": False, "group.id": group}
    client = Consumer({**settings_of(broker), **options})
    client.subscribe([topic])
    try:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            message = client.poll(0.5)
            if message is None:
                continue
            error = message.error()
            if error is None:
                return FOUND
            if error.name() in {REFUSED, GROUP_REFUSED}:
                return str(error.name())
    finally:
        client.close()
    raise TimeoutError(f"{topic}: neither a record nor a refusal")


async def fetches(broker: Broker, topic: str) -> str:
    """What the broker answers who names a topic that it would not tell of: clients ask for it first and go no further.

    Of a single broker: it leads every partition.
    """
    return await asyncio.to_thread(_fetches, broker, topic)


def _fetches(broker: Broker, topic: str) -> str:
    wanted = FetchRequest.FetchTopic
    partitions = [
        wanted.FetchPartition(partition=p, fetch_offset=0, partition_max_bytes=65_536) for p in range(PARTITIONS)
    ]
    request = FetchRequest(
        max_wait_ms=100,
        min_bytes=0,
        max_bytes=1_048_576,
        isolation_level=0,
        topics=[wanted(topic=topic, partitions=partitions)],
        max_version=12,  # later ones name topics by their id
    )
    admin = KafkaAdminClient(**connection(broker))
    try:
        answer = admin._manager.run(admin._manager.send, request)
    finally:
        admin.close()
    found = [partition for response in answer.responses for partition in response.partitions]
    codes = {partition.error_code for partition in found}
    if codes == {0}:
        return FOUND if any(partition.records for partition in found) else "nothing"
    return ", ".join(sorted(for_code(code).message for code in codes))
