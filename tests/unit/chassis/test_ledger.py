"""When audit records leave: together where nobody waits for them, at once where an answer does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis import ledger as module
from chassis.ledger import Access, Ledger

LOOKED = Access("GET /dossiers/{dossier}", 200, "clerk1", ("clerk",), None, "d-1")
OPENED = Access("GET /dossiers/{dossier}", 200, "clerk1", ("clerk",), None, "d-1", ("phone",))


class _Kafka:
    """Stands in for the producer: how many records each batch had."""

    source = "/hoso/test"

    def __init__(self) -> None:
        self.batches: list[int] = []

    async def publish(self, _topic: str, records: Sequence[Any]) -> None:
        self.batches.append(len(records))


@asynccontextmanager
async def _running(kafka: _Kafka) -> AsyncIterator[Ledger]:
    ledger = Ledger(kafka, "test", "1", lambda: datetime(2026, 12, 1, tzinfo=UTC))  # type: ignore[arg-type]
    running = asyncio.create_task(ledger.run())
    async with asyncio.timeout(10):
        yield ledger
    running.cancel()


async def test_what_nobody_waits_for_leaves_together() -> None:
    kafka = _Kafka()
    async with _running(kafka) as ledger:
        added = []
        for _ in range(5):
            added.append(ledger.add(LOOKED))
            await asyncio.sleep(0)  # another request
        await asyncio.gather(*added)
    assert kafka.batches == [5]


async def test_an_answer_that_waits_waits_for_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINGER", 3600.0)
    kafka = _Kafka()
    async with _running(kafka) as ledger:
        looked = ledger.add(LOOKED)
        await ledger.add(OPENED)
        assert looked.done()
        await ledger.add(OPENED)
    assert kafka.batches == [2, 1]
