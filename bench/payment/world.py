"""The payment service on real Kafka, store, gateway and identity provider, fed with what dossiers say.

Submission is not there: what it would say is written to its topic, sequences and sealed owners included.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chassis.keyring import Keyring
from chassis.store import Store, StoreUnavailable
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.stack import Stack
from schemas.delivery import ChoiceChanged, DeliveryFeeDue
from schemas.dossier import DossierAccepted, DossierWithdrawn
from schemas.envelope import Envelope
from schemas.event import DossierEvent, to_instant
from schemas.money import Vnd
from schemas.parts import Bilingual, FeeLine
from schemas.personal import Personal
from schemas.topics import STREAMS

SERVICES: Final = ("payment",)
PARTNERS: Final = ("identity", "payment_gateway")
CITIZEN: Final = "citizen1"
OFFICERS: Final = ("accountant1", "leader1", "auditor1")
FEE: Final = Vnd(650_000)
PATIENCE: Final = 120.0


@dataclass
class World:
    """Where everything is, who is signed in, and how much was said of each dossier so far, by stream."""

    stack: Stack
    client: httpx.AsyncClient
    producer: AIOKafkaProducer
    keyring: Keyring
    tokens: Mapping[str, str]
    secret: str
    said: dict[str, int] = field(default_factory=dict)

    async def accepted(self, dossiers: Sequence[str], total: int = FEE) -> None:
        """These dossiers have a fee, VND: their first event."""
        await self._again(lambda: self.keyring.ensure(dossiers))
        await asyncio.gather(*(self.say(_accepted(dossier, number, total)) for number, dossier in enumerate(dossiers)))

    async def withdrawn(self, dossier: str) -> None:
        """The applicant takes it back."""
        await self.say(DossierWithdrawn(dossier_id=dossier, withdrawn_at=_now()))

    async def fee_due(self, dossier: str, amount: int = 30_000) -> str:
        """The way by post costs so much, VND: the number of its invoice."""
        invoice = f"{dossier}/post-1"
        await self.say(DeliveryFeeDue(dossier_id=dossier, invoice=invoice, amount=amount, due_at=_now()))
        return invoice

    async def chosen_again(self, dossier: str) -> None:
        """The applicant comes for the result instead."""
        await self.say(ChoiceChanged(dossier_id=dossier, way="in_person", was="post", changed_at=_now()))

    async def say(self, event: DossierEvent) -> None:
        """The next event of its stream, once the broker has acknowledged it; one said twice is dropped as seen."""
        dossier, stream = event.dossier_id, STREAMS[event.STREAM]
        name = f"{event.STREAM}/{dossier}"
        self.said[name] = sequence = self.said.get(name, 0) + 1
        envelope = Envelope(
            id=f"{name}/{sequence}",
            source=stream.producers[0],
            type=event.type_name(),
            subject=dossier,
            time=_now(),
            sequence=sequence,
        )
        value = event.dump_json(self.keyring.sealer(dossier))
        topic = stream.name
        key, headers = dossier.encode(), envelope.headers()
        await self._again(lambda: self.producer.send_and_wait(topic, value, key=key, headers=headers))

    @staticmethod
    async def _again(work: Callable[[], Awaitable[object]]) -> None:
        """Until it is done: broker and store may be away. Raises TimeoutError after `PATIENCE` seconds."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await work()
                except (KafkaError, StoreUnavailable):
                    await asyncio.sleep(0.5)
                else:
                    return

    async def ask(
        self,
        who: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        patience: float | None = None,
    ) -> httpx.Response:
        """One request to payment; `patience`: seconds, where it is not the client's. Raises httpx.TransportError."""
        headers = {
            "authorization": f"Bearer {self.tokens[who]}",
            "idempotency-key": key or uuid.uuid4().hex,
        }
        url = self.stack.url("payment") + path
        wait = self.client.timeout if patience is None else httpx.Timeout(patience)
        return await self.client.request(method, url, headers=headers, json=body, timeout=wait)

    async def begin(self, dossier: str, key: str | None = None, invoice: str | None = None) -> dict[str, Any]:
        """A payer begins an attempt, at the fee or that postage: `attempt` and `url`. Raises httpx errors."""
        body = None if invoice is None else {"invoice": invoice}
        answer = await self.ask(CITIZEN, "POST", f"/dossiers/{dossier}/payments", body, key=key)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def decide(self, begun: Mapping[str, Any], decision: str = "pay") -> str:
        """Opens the gateway's page and presses a button on it: the address it leads back to. Raises httpx errors."""
        (await self.client.get(begun["url"])).raise_for_status()
        url = f"{self.stack.url('gateway')}/paymentv2/pay/{stack.TMN_CODE}/{begun['attempt']}"
        answer = await self.client.post(url, data={"decision": decision})
        if answer.status_code != httpx.codes.FOUND:
            answer.raise_for_status()
        return str(answer.headers.get("location", ""))

    async def invoice(self, dossier: str, number: str | None = None) -> dict[str, Any] | None:
        """The fee's invoice, or the postage's of that number, as its payer sees it; or None."""
        answer = await self.ask(CITIZEN, "GET", f"/dossiers/{dossier}/invoices")
        found: list[dict[str, Any]] = answer.json()["invoices"] if answer.is_success else []
        return next((i for i in found if number == (i["number"] if "purpose" in i else None)), None)

    async def until(self, dossier: str, **wanted: Any) -> dict[str, Any]:
        """The invoice once these fields are so; TimeoutError after a minute."""
        async with asyncio.timeout(60):
            while True:
                found = await self.invoice(dossier)
                if found is not None and wanted.items() <= found.items():
                    return found
                await asyncio.sleep(0.05)


def _accepted(dossier: str, number: int, total: int) -> DossierAccepted:
    now = _now()
    line = FeeLine(
        code="TT33-HDV",
        name=Bilingual(vi="Phí thẩm định cấp thẻ hướng dẫn viên", en="Guide card fee"),
        kind="phi",
        unit_price=total,
        quantity=1,
        amount=total,
    )
    return DossierAccepted(
        dossier_id=dossier,
        code=f"000.00.12.H18-{now:%y%m%d}-{number:04d}",
        received_at=now,
        term_start=now.date(),
        due_at=now + timedelta(days=15),
        fee=(line,),
        total=total,
        owner=Personal.of(CITIZEN),
    )


def _now() -> datetime:
    return to_instant(datetime.fromtimestamp(time.time(), UTC))


@asynccontextmanager
async def world(
    backbone: Backbone, running: Stack, *, transport: httpx.AsyncBaseTransport | None = None, patience: float = 30
) -> AsyncIterator[World]:
    """Everybody who has to do with payment on a platform that is up.

    `transport` may spread requests over replicas; `patience`: seconds for one request.
    """
    secrets = json.loads((backbone.run.path / "secrets.json").read_text())
    store = Store(backbone.store_url, "hoso_keyring")
    keyring = Keyring(store, base64.b64decode(secrets["master"]))
    producer = AIOKafkaProducer(
        bootstrap_servers=backbone.kafka, acks="all", enable_idempotence=True, linger_ms=5, request_timeout_ms=20_000
    )
    await producer.start()
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=100, keepalive_expiry=2)  # the server: 5 s
    client = httpx.AsyncClient(transport=transport, timeout=patience, trust_env=False, limits=limits)
    names = (CITIZEN, *OFFICERS)
    try:
        tokens = {who: await login(running.url("idp"), who, f"{who}-demo-only") for who in names}
        yield World(running, client, producer, keyring, tokens, secrets["words"]["vnpay"])
    finally:
        await client.aclose()
        await producer.stop()
        store.close()
