"""Kafka clients with the settings this system depends on (design.md section 4)."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import TopicPartition

from schemas.event import MAX_EVENT_BYTES

MAX_RECORD_BYTES: Final = MAX_EVENT_BYTES + 16 * 1024
MECHANISM: Final = "SCRAM-SHA-512"
TRAFFIC: Final = (25, 65_536)
QUIET: Final = (100, 1)
"""How long (ms) the broker may wait until it has so many bytes to answer a fetch with."""
CALM: Final = 2.0
"""Seconds without a record after which it is quiet."""
_partition = DefaultPartitioner()


@dataclass(frozen=True, slots=True)
class Broker:
    """A cluster that asks who we are: SCRAM-SHA-512 inside TLS, never one without the other.

    `servers` is host:port[,host:port…]; `ca_file` the authorities its certificate may come from (PEM), None: the
    system's.
    """

    servers: str
    username: str
    password: str = field(repr=False)
    ca_file: Path | None = None

    def tls(self) -> ssl.SSLContext:
        """The file is read each time: a new authority is taken up by the next connection. Raises OSError."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context


Bootstrap = Broker | str
"""A cluster: one that asks who we are, or host:port[,host:port…] of one that does not."""


def servers_of(bootstrap: Bootstrap) -> str:
    """host:port[,host:port…]."""
    return bootstrap.servers if isinstance(bootstrap, Broker) else bootstrap


def connection(bootstrap: Bootstrap) -> dict[str, Any]:
    """What aiokafka's clients need to speak to it."""
    if isinstance(bootstrap, str):
        return {"bootstrap_servers": bootstrap}
    return {
        "bootstrap_servers": bootstrap.servers,
        "security_protocol": "SASL_SSL",
        "ssl_context": bootstrap.tls(),
        "sasl_mechanism": MECHANISM,
        "sasl_plain_username": bootstrap.username,
        "sasl_plain_password": bootstrap.password,
    }


@lru_cache(maxsize=16_384)
def partition_of(key: str, partitions: int) -> int:
    """The partition Kafka's default partitioner (murmur2) gives a key, as every other client does."""
    numbers = list(range(partitions))
    chosen: int = _partition(key.encode(), numbers, numbers)
    return chosen


def new_producer(bootstrap: Bootstrap, client: str) -> Any:
    """acks=all and idempotent: what is acknowledged is kept, and a retry is not a second record."""
    return AIOKafkaProducer(
        **connection(bootstrap),
        client_id=client,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=10_000,
        max_request_size=MAX_RECORD_BYTES * 4,
        max_batch_size=MAX_RECORD_BYTES,
    )


class PacedConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Under traffic the broker gathers records for a moment; where it is quiet it gives what comes at once.

    A fetch names every partition: forty a second cost an idle process 6 % of a core, and the broker as much again for
    each. Waiting longer under traffic is no way: a fetch leaves out partitions whose records were not taken yet, and
    what comes there waits for its end. aiokafka takes these settings only before the start, so they are put where it
    reads them for each fetch; a test counts the fetches.
    """

    _met = float("-inf")

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Mapping[TopicPartition, list[Any]]:
        """As aiokafka's."""
        found: Mapping[TopicPartition, list[Any]] = await super().getmany(
            *partitions, timeout_ms=timeout_ms, max_records=max_records
        )
        now = time.monotonic()
        if found:
            self._met = now
        pace = TRAFFIC if now - self._met < CALM else QUIET
        self._fetcher._fetch_max_wait_ms, self._fetcher._fetch_min_bytes = pace  # noqa: SLF001
        return found


def new_consumer(bootstrap: Bootstrap, group: str, client: str, instance: str | None = None) -> Any:
    """Explicit commits, from the earliest record, and no partition lost to a slow batch.

    `instance`: a name that outlives the process (static membership, KIP-345): started again within the session
    time-out it gets its partitions back without a rebalance.
    """
    wait, least = QUIET
    return PacedConsumer(
        **connection(bootstrap),
        group_id=group,
        group_instance_id=instance,
        client_id=client,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=10_000,
        heartbeat_interval_ms=2_000,
        rebalance_timeout_ms=10_000,
        max_poll_records=500,
        fetch_max_wait_ms=wait,
        fetch_min_bytes=least,
    )


def new_rereader(bootstrap: Bootstrap, client: str, *topics: str) -> Any:
    """Reads all partitions of topics, or those that are assigned, outside any group; commits nothing."""
    return AIOKafkaConsumer(
        *topics,
        **connection(bootstrap),
        client_id=client,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=500,
    )
