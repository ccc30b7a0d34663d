"""Dossiers of 1.008895 at a fixed rate: filed, received, examined, decided and issued as soon as each may be."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
from aiokafka import AIOKafkaConsumer

from cli.demo.filings import plan
from deploy.local.stack import Stack

TOPIC: Final = "dossier.events.v1"
PATIENCE: Final = 60.0


@dataclass(slots=True)
class Dossier:
    """One dossier and when its milestones were, in seconds of the wall clock."""

    phone: str
    filing: dict[str, Any]
    id: str = ""
    submitted: float = 0.0
    acknowledged: float = 0.0
    completed: float = 0.0
    error: str = ""
    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Load:
    """Drives dossiers; `tokens` by role."""

    def __init__(self, stack: Stack, client: aiohttp.ClientSession, tokens: dict[str, str]) -> None:
        self._url = stack.url("submission") + "/dossiers"
        self._client = client
        self._tokens = tokens
        self._by_id: dict[str, Dossier] = {}
        self._early: dict[str, set[str]] = {}

    async def run(self, count: int, rate: float, offset: int = 0) -> list[Dossier]:
        """`count` dossiers, `rate` a second; returns when all are done or failed.

        `offset`: phone numbers begin there, so that two loads of one platform do not meet.
        """
        dossiers = [
            Dossier(planned.phone, planned.filing)
            for planned in plan((offset + count) * 3, "bench")[offset * 3 :]
            if not planned.pays
        ]
        began = time.monotonic()
        tasks = []
        for number, dossier in enumerate(dossiers[:count]):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            tasks.append(asyncio.create_task(self._one(dossier)))
        await asyncio.gather(*tasks)
        return dossiers[:count]

    async def follow(self, bootstrap: str) -> None:
        """Reads the dossier stream until cancelled: who was accepted, who is done."""
        async with AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="latest") as consumer:
            async for record in consumer:
                kind = dict(record.headers)["ce_type"].decode()
                dossier = self._by_id.get(record.key.decode())
                if dossier is None:
                    self._early.setdefault(record.key.decode(), set()).add(kind)
                else:
                    _heard(dossier, kind)

    async def _one(self, dossier: Dossier) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._drive(dossier)
        except (aiohttp.ClientError, TimeoutError, KeyError) as error:
            dossier.error = f"{type(error).__name__}: {error}"

    async def _drive(self, dossier: Dossier) -> None:
        dossier.submitted = time.time()
        answer = await self._post("citizen", self._url, dossier.filing)
        dossier.acknowledged = time.time()
        dossier.id = answer["id"]
        mine = f"{self._url}/{dossier.id}"
        self._by_id[dossier.id] = dossier
        for kind in self._early.pop(dossier.id, set()):
            _heard(dossier, kind)
        await self._post("clerk", f"{mine}/accept")
        await dossier.accepted.wait()
        await self._post("leader", f"{mine}/assign", {"unit": "culture"})
        await self._post("specialist", f"{mine}/take")
        await self._post("specialist", f"{mine}/examine", {"proposal": "approve"})
        await self._post("leader", f"{mine}/decide", {"outcome": "approved"})
        await self._post("registrar", f"{mine}/issue")
        await dossier.done.wait()

    async def _post(self, role: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        token, key = f"Bearer {self._tokens[role]}", uuid.uuid4().hex
        headers = {"authorization": token, "idempotency-key": key, "if-match": "*"}
        async with self._client.post(url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found


def _heard(dossier: Dossier, kind: str) -> None:
    if kind == "dossier.accepted.v1":
        dossier.accepted.set()
    elif kind == "dossier.completed.v1":
        dossier.completed = datetime.now(UTC).timestamp()
        dossier.done.set()
