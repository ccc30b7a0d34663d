"""Kafka clients with the settings this system depends on (design.md section 4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from schemas.event import MAX_EVENT_BYTES

MAX_RECORD_BYTES: Final = MAX_EVENT_BYTES + 16 * 1024
_partition = DefaultPartitioner()


@lru_cache(maxsize=16_384)
def partition_of(key: str, partitions: int) -> int:
    """The partition Kafka's default partitioner (murmur2) gives a key, as every other client does."""
    numbers = list(range(partitions))
    chosen: int = _partition(key.encode(), numbers, numbers)
    return chosen


def new_producer(bootstrap: str, client: str) -> Any:
    """acks=all and idempotent: what is acknowledged is kept, and a retry is not a second record."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=10_000,
        max_request_size=MAX_RECORD_BYTES * 4,
        max_batch_size=MAX_RECORD_BYTES,
    )


def new_consumer(bootstrap: str, group: str, client: str, instance: str | None = None) -> Any:
    """Explicit commits, from the earliest record, and no partition lost to a slow batch.

    `instance`: a name that outlives the process (static membership, KIP-345): started again within the session
    time-out it gets its partitions back without a rebalance.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        group_instance_id=instance,
        client_id=client,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=10_000,
        heartbeat_interval_ms=2_000,
        rebalance_timeout_ms=10_000,
        max_poll_records=500,
        fetch_max_wait_ms=25,
        fetch_min_bytes=65_536,
    )


def new_rereader(bootstrap: str, client: str, *topics: str) -> Any:
    """Reads all partitions of topics, or those that are assigned, outside any group; commits nothing."""
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        client_id=client,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=500,
    )
