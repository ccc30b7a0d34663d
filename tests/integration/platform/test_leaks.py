"""No personal data in clear where it does not belong: Kafka, stores, state files, logs and metrics are searched."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bson
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient

from cli.demo.client import Caller
from cli.demo.filings import Planned, plan
from cli.demo.journey import Journey, People
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.stack import PARTNERS, SERVICES, Stack

PEOPLE = ("citizen1", "citizen2", "citizen3", "clerk1", "specialist1", "leader1", "registrar1")
NAME = "Lò Ẩm Kín"
DETAIL = "Ngõ Không Ai Biết 7"
PROBE = "+84919999991"


@dataclass
class Platform:
    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    needles: Mapping[str, frozenset[bytes]]

    def found(self, where: str, content: bytes) -> Iterator[str]:
        """Which personal data `content` has, as lines a person can act on."""
        for what, forms in self.needles.items():
            if any(form in content for form in forms):
                yield f"{where} has {what}"


def forms_of(text: str) -> frozenset[bytes]:
    """The ways in which a text would be read by whoever looked: as it is, in JSON, in base64, a phone without +84."""
    texts = {text, json.dumps(text).strip('"')}
    if text.startswith("+84"):
        texts |= {text[1:], f"0{text[3:]}"}
    plain = {form.encode() for form in texts}
    return frozenset(plain | {base64.b64encode(form).rstrip(b"=") for form in plain})


def private(planned: Planned) -> Planned:
    """The same filing, of somebody whose data are found nowhere else."""
    filing = deepcopy(planned.filing)
    filing["applicant"] |= {"name": f"{NAME} {planned.number}", "email": f"kin{planned.number}@rieng.example.vn"}
    if "address" in filing:
        filing["address"]["detail"] = DETAIL
    return replace(planned, filing=filing)


def needles_of(plans: list[Planned]) -> dict[str, frozenset[bytes]]:
    texts = {"the name": NAME, "the address": DETAIL, "the e-mail address": "@rieng.example.vn"}
    for planned in plans:
        texts[f"the phone of {planned.number}"] = planned.filing["applicant"]["phone"]
        if "identity_number" in planned.filing["form"]:
            texts[f"the identity number of {planned.number}"] = planned.filing["form"]["identity_number"]
    return {what: forms_of(text) for what, text in texts.items()} | {"a readable document": frozenset({b"%PDF-1"})}


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    """Four dossiers went through, by both routes and all ways, one with an identity number; a fifth was refused."""
    plans = [private(planned) for planned in plan(4, "leaks")]
    async with (
        Backbone(tmp_path_factory.mktemp("platform")) as backbone,
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        running = await stack.start(backbone)
        callers = [Caller(client, await login(running.url("idp"), who, f"{who}-demo-only")) for who in PEOPLE]
        people = People(tuple(callers[:3]), *callers[3:])
        journey = Journey(running, people, client, lambda _outcome: None)
        for planned in plans:
            outcome = await journey.run(planned)
            assert outcome.stage == "returned", outcome
        wrong = deepcopy(plans[1].filing) | {"procedure": "9.999999"}
        refused = {"reference": "leaks-wrong", "event": "leaks-wrong", "data": wrong}
        await callers[0].post(f"{running.url('upstream_portal')}/filings", refused)
        yield Platform(backbone, running, client, needles_of(plans))


@asynccontextmanager
async def administering(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def records(bootstrap: str) -> AsyncIterator[tuple[str, bytes]]:
    """Every record of every topic, with its key and headers."""
    async with administering(bootstrap) as admin:
        topics = await admin.describe_topics(await admin.list_topics())
    everything = [TopicPartition(t["topic"], p["partition"]) for t in topics for p in t["partitions"]]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(everything)
        left = {partition for partition in everything if ends[partition]}
        consumer.assign(left)
        await consumer.seek_to_beginning()
        while left:
            for partition, batch in (await consumer.getmany(timeout_ms=1_000)).items():
                for record in batch:
                    headers = b"".join(value for _, value in record.headers)
                    yield partition.topic, (record.key or b"") + b" " + (record.value or b"") + b" " + headers
            left = {partition for partition in left if await consumer.position(partition) < ends[partition]}
    finally:
        await consumer.stop()


async def documents(url: str) -> AsyncIterator[tuple[str, bytes]]:
    """Every document of every database, files with theirs."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    try:
        for database in await client.list_database_names():
            for collection in await client[database].list_collection_names():
                async for document in client[database][collection].find():
                    yield f"{database}.{collection}", bson.encode(document)
    finally:
        await client.close()


def files(run: Path) -> Iterator[tuple[str, bytes]]:
    """What our processes, Kafka and the store wrote to the disk. The partners' simulators are other people's houses.

    Without the zeros that Kafka and the store fill files up with.
    """
    ours = [path for path in (run / "logs").iterdir() if path.stem not in PARTNERS]
    for folder in ("kafka", "store", "state"):
        ours += [path for path in (run / folder).rglob("*") if path.is_file()]
    for path in ours:
        yield str(path.relative_to(run)), path.read_bytes().rstrip(b"\0")


async def metrics(platform: Platform) -> AsyncIterator[tuple[str, bytes]]:
    for service in SERVICES:
        yield f"metrics of {service}", (await platform.client.get(platform.stack.url(service) + "/metrics")).content


@pytest.mark.timeout(200)
async def test_nothing_personal_is_readable_outside_the_services(platform: Platform) -> None:
    leaks: set[str] = set()
    counted = 0
    for source in (records(platform.backbone.kafka), documents(platform.backbone.store_url), metrics(platform)):
        async for where, content in source:
            counted += 1
            leaks.update(platform.found(where, content))
    for where, content in files(platform.backbone.run.path):
        leaks.update(platform.found(where, content))
    assert counted > 100
    assert sorted(leaks) == []


@pytest.mark.timeout(100)
async def test_the_search_finds_what_is_there(platform: Platform) -> None:
    """What is planted in each place is found, and what the applicant was told has the data."""
    phone = await platform.client.get(platform.stack.url("phone") + "/phone/messages")
    assert "the phone of 1" in "".join(platform.found("", phone.content))
    async with administering(platform.backbone.kafka) as admin:
        await admin.create_topics([NewTopic("leaks.probe", 1, 1)])
    async with AIOKafkaProducer(bootstrap_servers=platform.backbone.kafka) as producer:
        await producer.send_and_wait("leaks.probe", json.dumps({"phone": PROBE}).encode())
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(platform.backbone.store_url)
    await client["hoso_probe"]["probe"].insert_one({"deep": [{"phone": PROBE}]})
    await client.close()
    log = platform.backbone.run.path / "logs" / f"{SERVICES[0]}.log"
    with log.open("a") as file:
        file.write(f"told {PROBE}\n")
    planted = replace(platform, needles={"the probe": forms_of(PROBE)})
    found: set[str] = set()
    for source in (records(platform.backbone.kafka), documents(platform.backbone.store_url)):
        async for where, content in source:
            found.update(planted.found(where, content))
    for where, content in files(platform.backbone.run.path):
        found.update(planted.found(where, content))
    assert {"leaks.probe has the probe", "hoso_probe.probe has the probe", f"logs/{log.name} has the probe"} <= found
