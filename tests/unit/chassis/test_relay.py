"""What Kafka has is not published again by the process that knows it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chassis import relay as module
from chassis.document import OutboxEntry
from chassis.relay import Publisher, PublishFailed, Relay
from deploy.local.ports import LOOPBACK, free_ports

AT = datetime(2026, 12, 1, tzinfo=UTC)


class _Kafka:
    """Stands in for the producer: `said` is what it was given, `published` is set by each call."""

    source = "/hoso/test"

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []
        self.published = asyncio.Event()

    async def publish(self, _topic: str, records: Sequence[tuple[str, bytes, Any]]) -> None:
        self.said += [(key, value) for key, value, _ in records]
        self.published.set()


class _Engine:
    """Stands in for an engine of which only the outboxes matter; `cleared` is set by each clear."""

    kind = SimpleNamespace(content_type="application/json")

    def __init__(self) -> None:
        self.acknowledged: dict[str, int] = {}
        self.cleared = asyncio.Event()

    async def clear(self, _acknowledged: Sequence[tuple[str, int]]) -> None:
        self.cleared.set()


def _outbox(*numbers: int) -> list[OutboxEntry]:
    return [OutboxEntry(n, "dossier.events.v1", "dossier.taken.v1", AT, None, None, b"%d" % n) for n in numbers]


async def _said(kafka: _Kafka, relay: Relay, aggregate: str, *numbers: int) -> None:
    kafka.published.clear()
    relay.written(aggregate, _outbox(*numbers))
    await kafka.published.wait()


async def test_a_batch_that_read_before_the_clear_publishes_only_what_is_new() -> None:
    kafka, engine = _Kafka(), _Engine()
    relay = Relay(engine, kafka, linger=0.0)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        running = asyncio.create_task(relay.run())
        await _said(kafka, relay, "a", 1)
        await engine.cleared.wait()
        await _said(kafka, relay, "a", 1, 2)  # its outbox was read while the store still held the first
        running.cancel()
    assert kafka.said == [("a", b"1"), ("a", b"2")]


async def test_what_is_remembered_is_bounded_and_never_what_is_still_to_be_cleared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    kafka, engine = _Kafka(), _Engine()
    relay = Relay(engine, kafka, linger=3600.0)  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        running = asyncio.create_task(relay.run())
        for name in "abc":
            await _said(kafka, relay, name, 1)
        assert set(engine.acknowledged) == {"a", "b", "c"}
        relay.written("a", [])  # cleared by a write
        await _said(kafka, relay, "d", 1)
        running.cancel()
    assert "a" not in engine.acknowledged
    assert {"b", "c", "d"} <= set(engine.acknowledged)


async def test_a_producer_that_cannot_connect_is_closed() -> None:
    left: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: left.append(str(context["message"])))
    publisher = Publisher(f"{LOOPBACK}:{free_ports(1)[0]}", "test", "1")
    async with asyncio.timeout(30):
        with pytest.raises(PublishFailed, match=r"dossier.events.v1: KafkaConnectionError"):
            await publisher.publish("dossier.events.v1", [("a", b"1", [])])
    gc.collect()
    assert left == []
