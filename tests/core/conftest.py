"""Puts the stand-ins in place of the drivers, for the tests of this folder alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from .life import LIVES
from .log import Consumer, Producer
from .loop import Loop
from .store import Client

_real = time.monotonic


def _monotonic() -> float:
    loop = asyncio._get_running_loop()
    return loop.time() if isinstance(loop, Loop) else _real()


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def producer(bootstrap_servers: str, enable_idempotence: bool, acks: str, **_: Any) -> Producer:  # noqa: FBT001
        return Producer(LIVES[bootstrap_servers], enable_idempotence=enable_idempotence, acks=acks)

    def consumer(bootstrap_servers: str, enable_auto_commit: bool, **_: Any) -> Consumer:  # noqa: FBT001
        assert not enable_auto_commit
        return Consumer(LIVES[bootstrap_servers])

    monkeypatch.setattr("chassis.store.AsyncIOMotorClient", lambda url, **_: Client(LIVES[url]))
    monkeypatch.setattr("chassis.kafka.AIOKafkaProducer", producer)
    monkeypatch.setattr("chassis.kafka.PacedConsumer", consumer)
    monkeypatch.setattr(time, "monotonic", _monotonic)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()
