"""All of it locked: every service under its own name, a portal, whole dossiers, and what is refused all the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from typer.testing import CliRunner

from chassis.kafka import Broker, connection
from cli import platform as running_platform
from cli.demo.client import Caller
from cli.demo.filings import plan
from cli.demo.journey import Journey, Outcome, People
from cli.demo.oidc import login
from cli.main import app
from deploy.access.rights import portal
from deploy.local import admission, stack, topics
from deploy.local.locks import Locks
from deploy.local.platform import Backbone
from deploy.local.stack import SERVICES, SOURCE, Stack
from schemas.topics import reply_topic
from tests.integration.deploy.outsider import FOUND, REFUSED, fetches, joins

PEOPLE = ("citizen1", "citizen2", "citizen3", "clerk1", "specialist1", "leader1", "registrar1")
OTHER = "other-example"


@dataclass
class Platform:
    backbone: Backbone
    locks: Locks
    stack: Stack
    outcomes: list[Outcome]

    def broker(self, name: str) -> Broker:
        return self.locks.broker(self.backbone.kafka, name)

    async def hoso(self, *words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1"}).invoke, app, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    """Four dossiers went through, the last by the upstream portal; a second portal is admitted."""
    async with (
        Backbone(tmp_path_factory.mktemp("locked"), locked=True) as backbone,
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        assert backbone.locks is not None
        running = await stack.start(backbone)
        await topics.create(backbone.bootstrap, (SOURCE, OTHER))
        await asyncio.to_thread(admission.admit, backbone, (SOURCE, OTHER))
        callers = [Caller(client, await login(running.url("idp"), who, f"{who}-demo-only")) for who in PEOPLE]
        journey = Journey(running, People(tuple(callers[:3]), *callers[3:]), client, lambda _outcome: None)
        outcomes = [await journey.run(planned) for planned in plan(4, "locked")]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(running_platform, "RUN", backbone.run.path)
            yield Platform(backbone, backbone.locks, running, outcomes)


async def test_dossiers_complete_by_every_route(platform: Platform) -> None:
    assert [(o.error, o.stage) for o in platform.outcomes] == [("", "returned")] * 4
    assert {o.planned.route for o in platform.outcomes} == {"http", "upstream"}
    assert all(platform.backbone.supervisor.restarts(service) == 0 for service in (*SERVICES, stack.STATISTICS))


async def test_the_portal_reads_its_replies_and_is_refused_the_rest(platform: Platform) -> None:
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        replies = (await client.get(platform.stack.url("upstream_portal") + "/replies")).json()
    assert {reply["type"] for reply in replies} >= {"reply.accepted.v1"}
    mine = portal(SOURCE)
    assert await fetches(platform.broker("tracking"), "dossier.events.v1") == FOUND
    for topic in ("dossier.events.v1", "payment.events.v1", "upstream.dossiers.v1", reply_topic(OTHER)):
        assert await fetches(platform.broker(mine), topic) == REFUSED
    assert await joins(platform.broker(mine), "dossier.events.v1", f"{mine}/any") == REFUSED
    assert await fetches(platform.broker(mine), reply_topic(SOURCE)) == FOUND
    assert await fetches(platform.broker(portal(OTHER)), reply_topic(SOURCE)) == REFUSED


@pytest.mark.parametrize("name", ["payment", "notification", "delivery", "tracking", "statistics", "operator"])
async def test_no_other_service_says_what_happened_to_a_dossier(platform: Platform, name: str) -> None:
    async with asyncio.timeout(30), AIOKafkaProducer(**connection(platform.broker(name)), acks="all") as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("dossier.events.v1", b"{}", key=b"forged")


async def test_statistics_counted_what_the_log_says(platform: Platform) -> None:
    """Through Faust, its changelog made by itself; and the operator's tools find their way in."""
    code, said = await platform.hoso("stats", "verify")
    assert code == 0, said
    verdict = json.loads(said.strip().splitlines()[-1])
    assert verdict["equal"]
    assert verdict["records"] > 0
    code, said = await platform.hoso("dlq", "list", "--copies")
    assert (code, "partition/offset" in said) == (0, True)
    assert await platform.hoso("migrate", "--check") == (0, "every declared index is there\n")
    code, said = await platform.hoso("keys", "status")
    assert (code, "master key" in said) == (0, True)
    assert (await platform.hoso("store", "users", "--apply"))[0] == 0
