"""Each alert fires on the fault it names: a real Prometheus with the real rules over the running platform.

Spans are 30 times shorter than in production (see deploy.local.prometheus); what alerts compare with is the same. A
fault is asserted quiet before, to fire, and to be over after: no test leaves anything to the next.
"""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from cli.demo.client import Caller
from cli.demo.filings import plan
from cli.demo.journey import Journey, Outcome, People
from cli.demo.oidc import login
from deploy.local import prometheus, stack
from deploy.local.errors import LocalError
from deploy.local.platform import Backbone
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import until
from deploy.local.stack import SERVICES, Stack
from schemas.envelope import Envelope
from schemas.topics import STREAMS

HASTE = 30
PATIENCE = 90.0
PEOPLE = ("citizen1", "citizen2", "citizen3", "clerk1", "specialist1", "leader1", "registrar1", "operator1")
POSTED = tuple(planned for planned in plan(16, "alerts") if planned.way == "post" and planned.route == "http")
Alert = tuple[str, str]
"""Name of the alert, and of the service it is about."""


@dataclass
class Watched:
    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    callers: list[Caller]
    server: str

    async def firing(self) -> set[Alert]:
        answer = (await self.client.get(f"{self.server}/api/v1/alerts")).raise_for_status().json()
        alerts = answer["data"]["alerts"]
        return {(a["labels"]["alertname"], a["labels"].get("service", "")) for a in alerts if a["state"] == "firing"}

    async def fires(self, *wanted: Alert) -> None:
        await self._until(lambda now: set(wanted) <= now, f"fires {wanted}")

    async def is_over(self, *wanted: Alert) -> None:
        await self._until(lambda now: not set(wanted) & now, f"is over {wanted}")

    async def _until(self, condition: Callable[[set[Alert]], bool], what: str) -> None:
        now: set[Alert] = set()

        async def there() -> bool:
            nonlocal now
            now = await self.firing()
            return condition(now)

        try:
            await until(there, PATIENCE)
        except TimeoutError:
            pytest.fail(f"not within {PATIENCE:.0f} s: {what}; firing: {sorted(now)}")

    def journey(self) -> Journey:
        people = People(tuple(self.callers[:3]), *self.callers[3:7])
        return Journey(self.stack, people, self.client, lambda _outcome: None)

    @asynccontextmanager
    async def dead(self, name: str) -> AsyncIterator[None]:
        """The process is killed as often as it is started again; after it, it is up."""
        killing = asyncio.create_task(self._keep_killing(name))
        try:
            yield
        finally:
            killing.cancel()
            state = next(p for p in self.backbone.run.state.processes if p.name == name)

            async def up() -> bool:
                return state.ready

            await until(up, PATIENCE)

    async def _keep_killing(self, name: str) -> None:
        while True:
            with suppress(LocalError):
                self.backbone.supervisor.kill(name, signal.SIGKILL)
            await asyncio.sleep(0.1)

    async def publish(self, dossier: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.backbone.kafka, acks="all") as producer:
            await producer.send_and_wait(STREAMS["dossier"].name, value, key=dossier.encode(), headers=headers)


@pytest.fixture(scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """Everything up and scraped."""
    async with (
        Backbone(tmp_path_factory.mktemp("alerts")) as backbone,
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        running = await stack.start(backbone)
        callers = [Caller(client, await login(running.url("idp"), who, f"{who}-demo-only")) for who in PEOPLE]
        (port,) = free_ports(1)
        services = {name: running.ports[name] for name in SERVICES}
        await backbone.start([prometheus.process(backbone.run.path, services, port, haste=HASTE)])
        server = f"http://{LOOPBACK}:{port}"

        async def scraped() -> bool:
            found = (await client.get(f"{server}/api/v1/query", params={"query": "sum(up)"})).json()["data"]["result"]
            return bool(found) and found[0]["value"][1] == str(len(SERVICES))

        await until(scraped, PATIENCE)
        yield Watched(backbone, running, client, callers, server)


@pytest.mark.timeout(300)
async def test_a_killed_service(watched: Watched) -> None:
    down = ("HosoServiceDown", "tracking")
    assert down not in await watched.firing()
    async with watched.dead("tracking"):
        await watched.fires(down)
        assert {service for name, service in await watched.firing() if name == "HosoServiceDown"} == {"tracking"}
    await watched.is_over(down)


@pytest.mark.timeout(300)
async def test_a_post_office_that_is_closed(watched: Watched) -> None:
    """Its circuit opens on the parcels it is to take; afterwards every one of them arrives."""
    away = ("HosoPartnerAway", "delivery")
    assert away not in await watched.firing()
    journeys: list[asyncio.Task[Outcome]] = []
    async with watched.dead("post_office"):
        journeys += [asyncio.create_task(watched.journey().run(planned)) for planned in POSTED]
        await watched.fires(away)
    outcomes = await asyncio.gather(*journeys)
    assert {(outcome.stage, outcome.error) for outcome in outcomes} == {("returned", "")}
    await watched.is_over(away)


@pytest.mark.timeout(300)
async def test_corrupted_messages(watched: Watched) -> None:
    """One that names its dossier is parked there until an operator drops it; one that names none is a dead letter."""
    dossier = str(uuid.uuid4())
    parked = [("HosoRecordsParked", service) for service in ("payment", "notification", "delivery", "tracking")]
    nameless = ("HosoUnidentifiable", "tracking")
    assert not {*parked, nameless} & await watched.firing()
    known = Envelope(f"dossier/{dossier}/1", "/test", "dossier.accepted.v1", dossier, datetime.now(UTC), 1)
    await watched.publish(dossier, b'{"dossier_id": \xff', known.headers())
    await watched.publish(dossier, b"?", [])
    await watched.fires(nameless)
    await watched.fires(*parked)
    event = {"stream": "dossier", "aggregate": dossier, "sequence": 1}
    for _, service in parked:
        url = f"{watched.stack.url(service)}/operations/drop"
        said = await watched.callers[7].post(url, {"events": [event], "because": "corrupted by a test"})
        assert [report["result"] for report in said["reports"]] == ["dropped"]
    await watched.is_over(*parked)


@pytest.mark.timeout(300)
async def test_a_broker_that_is_held(watched: Watched) -> None:
    """Filing goes on and is acknowledged; what was filed is said once the broker goes on."""
    away = ("HosoKafkaAway", "submission")
    assert away not in await watched.firing()
    (broker,) = watched.backbone.broker_names.values()
    watched.backbone.supervisor.kill(broker, signal.SIGSTOP)
    try:
        began = time.monotonic()
        filing = plan(3, "held")[2].filing
        filed = await watched.callers[0].post(f"{watched.stack.url('submission')}/dossiers", filing)
        assert time.monotonic() - began < 10
        await watched.fires(away)
    finally:
        watched.backbone.supervisor.kill(broker, signal.SIGCONT)
    await watched.is_over(away)

    async def told() -> bool:
        found = await watched.callers[7].find(f"{watched.stack.url('notification')}/dossiers/{filed['id']}/messages")
        return bool(found and found["messages"])

    await until(told, PATIENCE)
