"""Readings over HTTP on a real broker: recorded before the answer, and no answer where that cannot be."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends

from chassis.http import Caller, allow, create_app
from chassis.http import recording as door
from chassis.keyring import Keyring
from chassis.ledger import Access, Ledger
from chassis.relay import Publisher
from chassis.rereading import reread
from chassis.store import Store
from deploy.local import topics
from deploy.local.platform import Backbone
from schemas.audit import NOTHING, RECORDS, AccessRecorded, digest
from schemas.personal import Personal
from services.audit.log import PLACES, where

DOSSIER = "0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55"
CLERK = Caller("clerk1", frozenset({"clerk"}))


class Anyone:
    async def verify(self, _token: str) -> Caller:
        return CLERK


async def ready() -> Mapping[str, str]:
    return {}


def routes(keyring: Keyring, phone: Personal) -> APIRouter:
    found = APIRouter(dependencies=[Depends(allow("clerk"))])

    @found.get("/dossiers/{dossier}/phone")
    async def show(dossier: str) -> dict[str, str]:
        return {"phone": await keyring.open(dossier, phone)}

    @found.get("/dossiers/{dossier}")
    async def state(dossier: str) -> dict[str, str]:
        return {"id": dossier}

    return found


@pytest.fixture
async def keyring(backbone: Backbone) -> AsyncIterator[Keyring]:
    await topics.create(backbone.kafka, ())
    store = Store(backbone.store_url, f"k{uuid.uuid4().hex[:12]}")
    yield Keyring(store, b"k" * 32)
    store.close()


@asynccontextmanager
async def office(bootstrap: str, keyring: Keyring) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A service with one sealed phone number, and the name of its chain."""
    await keyring.ensure([DOSSIER])
    phone = Personal(token=keyring.sealer(DOSSIER)("phone", "+84912345678"))
    replica = uuid.uuid4().hex[:8]
    publisher = Publisher(bootstrap, "test", replica)
    ledger = Ledger(publisher, "test", replica, lambda: datetime.now(UTC))
    writing = asyncio.create_task(ledger.run())
    verifier: Any = Anyone()
    app = create_app("test", routes(keyring, phone), verifier, ready=ready, ledger=ledger)
    headers = {"authorization": "Bearer x"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers=headers
    ) as client:  # fmt: skip
        yield client, f"test-{replica}"
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await publisher.close()


async def records(bootstrap: str, chain: str) -> list[tuple[AccessRecorded, str]]:
    """What Kafka has of a chain, each with its own digest."""
    there = await where(bootstrap, [place for place in PLACES if place[0] == RECORDS])
    return [
        (AccessRecorded.model_validate_json(record.value), digest(record.value))
        async for page in reread(bootstrap, "test", there.ends)
        for record in page
        if record.key == chain.encode()
    ]


async def test_what_was_shown_was_recorded_before(backbone: Backbone, keyring: Keyring) -> None:
    async with office(backbone.kafka, keyring) as (client, chain):
        answer = await client.get(f"/dossiers/{DOSSIER}/phone")
        assert answer.json() == {"phone": "+84912345678"}
        ((found, _),) = await records(backbone.kafka, chain)
    assert (found.who, found.dossier, found.opened, found.status) == ("clerk1", DOSSIER, ("phone",), 200)
    assert found.route == "GET /dossiers/{dossier}/phone"


async def test_readings_at_once_are_one_chain(backbone: Backbone, keyring: Keyring) -> None:
    async with office(backbone.kafka, keyring) as (client, chain):
        await asyncio.gather(*(client.get(f"/dossiers/{DOSSIER}/phone") for _ in range(200)))
        found = await records(backbone.kafka, chain)
    assert [one.n for one, _ in found] == list(range(1, 201))
    assert [one.before for one, _ in found] == [NOTHING, *(own for _, own in found[:-1])]


async def test_nothing_is_shown_that_cannot_be_recorded(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "WAIT_SECONDS", 0.3)
    async with office("127.0.0.1:9", keyring) as (client, _):
        shown = await client.get(f"/dossiers/{DOSSIER}/phone")
        looked = await client.get(f"/dossiers/{DOSSIER}")
    assert shown.status_code == 503
    assert "+8491" not in shown.text
    assert shown.headers["content-type"] == "application/problem+json"
    assert looked.status_code == 200, "without personal data it is shown, and recorded when Kafka is back"


async def test_what_waited_while_the_broker_was_away_is_published_once_it_is_back(backbone: Backbone) -> None:
    await topics.create(backbone.kafka, ())
    replica = uuid.uuid4().hex[:8]
    publisher = Publisher("127.0.0.1:9", "test", replica)
    ledger = Ledger(publisher, "test", replica, lambda: datetime.now(UTC))
    writing = asyncio.create_task(ledger.run())
    waiting = [ledger.add(Access("GET /dossiers/{dossier}", 200, "clerk1", dossier=DOSSIER)) for _ in range(3)]
    publisher._bootstrap = backbone.kafka
    async with asyncio.timeout(20):
        await asyncio.gather(*waiting)
    writing.cancel()
    await publisher.close()
    assert [one.n for one, _ in await records(backbone.kafka, f"test-{replica}")] == [1, 2, 3]
