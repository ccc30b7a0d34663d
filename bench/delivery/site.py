"""Delivery as a process of its own, with its partners; dossiers are told to it on Kafka."""

from __future__ import annotations

import base64
import json
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis.keyring import Keyring
from chassis.store import Store
from cli.demo.client import DemoError, wait_for
from cli.demo.oidc import login
from cli.generate import GOLDENS
from deploy.local import indexes, probes, testca, topics
from deploy.local.child import Process
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from deploy.local.ports import LOOPBACK, free_ports
from schemas.envelope import Envelope
from schemas.event import DossierEvent
from schemas.parts import PostalAddress
from schemas.personal import Personal
from schemas.topics import CATALOGUES, STREAMS

PREFIX = "ways"
MASTER = b"w" * 32
SECRET = "a-secret-of-the-post-office"  # noqa: S105 - of a simulator
PHONE, IDENTITY = "+84912345678", "011190000001"
YOGA, LIBRARY, STAR, SCANNED = "1.000953", "1.008895", "1.004594", "2.001631"


def golden(name: str) -> Any:
    return CATALOGUES["dossier"].decode(f"dossier.{name}.v1", (GOLDENS / f"dossier.{name}.v1.json").read_bytes())


class Told(NamedTuple):
    """One record of the dossier stream."""

    key: bytes
    data: bytes
    headers: Any


@dataclass
class Ways:
    """The service and its partners."""

    backbone: Backbone
    keyring: Keyring
    producer: AIOKafkaProducer
    client: httpx.AsyncClient
    ports: Mapping[str, int]
    keys: Mapping[str, Any]
    tokens: dict[str, str] = field(default_factory=dict)

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @staticmethod
    def new() -> str:
        """The path of a dossier that nobody heard of yet."""
        return f"/dossiers/{uuid.uuid4()}"

    async def decided(self, procedure: str, way: str, path: str | None = None) -> str:
        """A dossier whose result was just issued."""
        path = path or self.new()
        await self.tell(await self.told(procedure, way, path))
        return path

    async def told(self, procedure: str, way: str, path: str) -> list[Told]:
        """What is to be told of it, sealed."""
        dossier = path.rpartition("/")[2]
        applicant = golden("submitted").applicant.model_copy(
            update={
                "name": Personal.of("Lò Thị Mẫu"),
                "phone": Personal.of(PHONE),
                "email": None,
                "identity_number": Personal.of(IDENTITY),
            }
        )
        address = PostalAddress(province="11", commune="03127", detail=Personal.of("Bản Ví Dụ"))
        owner = Personal.of("citizen1")
        submitted = golden("submitted").model_copy(
            update={"procedure": procedure, "way": way, "address": address, "applicant": applicant, "owner": owner}
        )
        await self.keyring.ensure([dossier])
        events = (submitted, golden("decided"), golden("result_issued"))
        return [self._sealed(event, dossier, sequence) for sequence, event in enumerate(events, 1)]

    def _sealed(self, event: DossierEvent, dossier: str, sequence: int) -> Told:
        envelope = Envelope(
            f"dossier/{dossier}/{sequence}", "/test", event.type_name(), dossier, datetime.now(UTC), sequence
        )
        said = event.model_copy(update={"dossier_id": dossier})
        return Told(dossier.encode(), said.dump_json(self.keyring.sealer(dossier)), envelope.headers())

    async def tell(self, told: Iterable[Told]) -> None:
        """On Kafka, in that order."""
        for one in told:
            await self.producer.send_and_wait(STREAMS["dossier"].name, one.data, key=one.key, headers=one.headers)

    async def ask(self, who: str | None, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"idempotency-key": uuid.uuid4().hex}
        if who is not None:
            if who not in self.tokens:
                self.tokens[who] = await login(self.url("idp"), who, f"{who}-demo-only")
            headers["authorization"] = f"Bearer {self.tokens[who]}"
        return await self.client.request(method, self.url("delivery") + path, headers=headers, **options)

    async def post(self, who: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.ask(who, "POST", path, json=body)
        _right(answer)
        found: dict[str, Any] = answer.json()
        return found

    async def until(self, path: str, fits: Callable[[dict[str, Any]], bool], patience: float = 60) -> dict[str, Any]:
        """The delivery, as its owner sees it, once it fits."""

        async def there() -> dict[str, Any] | None:
            try:
                answer = await self.ask("citizen1", "GET", f"{path}/delivery")
            except httpx.TransportError:
                return None
            return answer.json() if answer.is_success and fits(answer.json()) else None

        return await wait_for(f"delivery of {path}", there, patience=patience, pause=0.05)

    async def status(self, path: str, status: str, patience: float = 60) -> dict[str, Any]:
        return await self.until(path, lambda found: bool(found["status"] == status), patience)

    async def events(self, path: str) -> list[Any]:
        """Everything delivery said of a dossier, repeats included."""
        topic = STREAMS["delivery"].name
        consumer = AIOKafkaConsumer(bootstrap_servers=self.backbone.kafka, enable_auto_commit=False)
        await consumer.start()
        try:
            parts = [TopicPartition(topic, number) for number in range(STREAMS["delivery"].partitions)]
            consumer.assign(parts)
            await consumer.seek_to_beginning(*parts)
            ends = await consumer.end_offsets(parts)
            found = []
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += [r for r in records if r.key.decode() == path.rpartition("/")[2]]
        finally:
            await consumer.stop()
        return [CATALOGUES["delivery"].decode(dict(r.headers)["ce_type"].decode(), r.value) for r in found]

    async def said(self, path: str, kind: str) -> list[Any]:
        """The events of one kind, once there is one."""

        async def there() -> list[Any] | None:
            return [e for e in await self.events(path) if f"delivery.{kind}" == e.TYPE] or None

        return await wait_for(f"{kind} of {path}", there)

    async def post_office(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = await self.client.request(method, self.url("post") + path, json=body)
        _right(answer)
        return answer.json() if answer.content else None


def _right(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise DemoError(f"{answer.request.url}: {answer.status_code} {answer.text}")


async def start(
    backbone: Backbone, ends: AsyncExitStack, module: str = "services.delivery.main", **settings: str
) -> Ways:
    """Starts them on a running backbone; `module` in the place of delivery's own, with `settings` over these."""
    ports = dict(zip(("delivery", "post", "idp"), free_ports(3), strict=True))
    keys = testca.keys()
    here = f"http://{LOOPBACK}:"
    accounts = backbone.run.path / "ways-accounts.json"
    accounts.write_text((ROOT / "simulators/identity/accounts.example.json").read_text())
    await topics.create(backbone.kafka, ())
    await indexes.create(backbone.store_url, PREFIX)
    partners = {
        "identity": (
            "idp",
            {"IDP_ACCOUNTS_FILE": str(accounts), "IDP_KEY_FILE": f"{accounts}.key", "IDP_PORT": ports["idp"]},
        ),
        "post_office": (
            "post",
            {
                "POST_PORT": ports["post"],
                "POST_STEP_MS": 60,
                "POST_USERNAME": "hoso",
                "POST_PASSWORD": SECRET,
                "POST_CUSTOMER_CODE": "C",
                "POST_CALLBACK_URL": f"{here}{ports['delivery']}/post/events",
                "POST_CALLBACK_SECRET": SECRET,
                "POST_JOURNAL": str(backbone.run.path / "ways-post.jsonl"),
            },
        ),
    }  # fmt: skip
    results = backbone.run.path / "ways-results.json"
    forms = {
        YOGA: {"template": "certificate"},
        LIBRARY: {"template": "reply", "signed": False},
        STAR: {"template": "certificate", "paper": True, "physical": "plaque"},
        SCANNED: {"scanned": True},
    }
    results.write_text(json.dumps({"procedures": forms}))
    env = {
        "KAFKA_BOOTSTRAP_SERVERS": backbone.kafka,
        "MONGODB_URL": backbone.store_url,
        "HOSO_DATABASE_PREFIX": PREFIX,
        "HOSO_MASTER_KEY": base64.b64encode(MASTER).decode(),
        "OIDC_ISSUER": f"{here}{ports['idp']}",
        "DELIVERY_PORT": str(ports["delivery"]),
        "DELIVERY_POST_URL": f"{here}{ports['post']}",
        "DELIVERY_POST_USERNAME": "hoso",
        "DELIVERY_POST_PASSWORD": SECRET,
        "DELIVERY_POST_CUSTOMER_CODE": "C",
        "DELIVERY_POST_CALLBACK_SECRET": SECRET,
        "DELIVERY_POST_POLL_SECONDS": "0.5",
        "DELIVERY_SIGNING_KEYS": json.dumps(keys),
        "DELIVERY_PUBLIC_URL": f"{here}{ports['delivery']}",
        "DELIVERY_RESULTS": str(results),
        **settings,
    }
    await backbone.start(
        [
            Process(
                f"ways-{name}",
                (sys.executable, "-m", f"simulators.{name}"),
                {key: str(value) for key, value in settings.items()},
                ready=probes.http(f"{here}{ports[port]}/healthz"),
                ports=(ports[port],),
            )
            for name, (port, settings) in partners.items()
        ]
    )
    await backbone.start(
        [
            Process(
                "ways-delivery",
                (sys.executable, "-m", module),
                env,
                ready=probes.http(f"{here}{ports['delivery']}/readyz"),
                restart=True,
                ports=(ports["delivery"],),
                seconds=60,
            )
        ]
    )
    store = Store(backbone.store_url, f"{PREFIX}_keyring")
    ends.callback(store.close)
    producer = AIOKafkaProducer(bootstrap_servers=backbone.kafka, acks="all")
    await producer.start()
    ends.push_async_callback(producer.stop)
    client = await ends.enter_async_context(httpx.AsyncClient(timeout=20, trust_env=False))
    return Ways(backbone, Keyring(store, MASTER), producer, client, ports, keys)
