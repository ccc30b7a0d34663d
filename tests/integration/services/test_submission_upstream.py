"""An upstream portal's events, from Kafka to the dossier stream and the replies. Every part is a real process."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest
from confluent_kafka import Consumer, Message, Producer
from joserfc.jwk import ECKey

from cli.demo.filings import plan
from deploy.local import indexes, probes, topics
from deploy.local.child import Process
from deploy.local.platform import Backbone
from deploy.local.ports import free_ports
from schemas.topics import UPSTREAM
from schemas.upstream import WITHDRAWN

SOURCE = "dvc-test"
T = TypeVar("T")


@pytest.fixture(scope="module")
async def portal(backbone: Backbone) -> AsyncIterator[httpx.AsyncClient]:
    own, key = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    service, simulator = free_ports(2)
    await topics.create(backbone.kafka, (SOURCE,))
    await indexes.create(backbone.store_url, "hoso")
    submission = {
        "KAFKA_BOOTSTRAP_SERVERS": backbone.kafka,
        "MONGODB_URL": backbone.store_url,
        "HOSO_MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
        "OIDC_ISSUER": "http://127.0.0.1:9",
        "SUBMISSION_PORT": str(service),
        "SUBMISSION_JWK": json.dumps(own.as_dict(private=True)),
        "SUBMISSION_SEARCH_KEY": base64.b64encode(b"s" * 32).decode(),
        "SUBMISSION_PORTALS": json.dumps({SOURCE: key.as_dict(private=False)}),
    }
    upstream = {
        "PORTAL_SIM_PORT": str(simulator),
        "PORTAL_SIM_SOURCE": SOURCE,
        "PORTAL_SIM_JWK": json.dumps(key.as_dict(private=True)),
        "PORTAL_SIM_KEYS_URL": f"http://127.0.0.1:{service}/.well-known/jwks.json",
        "PORTAL_SIM_BOOTSTRAP_SERVERS": backbone.kafka,
    }
    ready = probes.http(f"http://127.0.0.1:{service}/readyz")
    await backbone.start(
        [Process("submission", (sys.executable, "-m", "services.submission.main"), submission, ready, seconds=60)]
    )
    ready = probes.http(f"http://127.0.0.1:{simulator}/healthz")
    await backbone.start(
        [Process("portal", (sys.executable, "-m", "simulators.upstream_portal"), upstream, ready, seconds=60)]
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{simulator}", trust_env=False, timeout=20) as client:
        yield client


async def until(look: Callable[[], Awaitable[T | None]]) -> T:
    found: list[T] = []

    async def there() -> bool:
        result = await look()
        found.extend([] if result is None else [result])
        return bool(found)

    await probes.until(there, 30)
    return found[0]


async def replies(portal: httpx.AsyncClient, reference: str, count: int = 1) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = (await portal.get("/replies", params={"reference": reference})).json()
        return found if len(found) >= count else None

    return await until(look)


def records(bootstrap: str, topic: str, wanted: Callable[[Message], bool]) -> Message:
    """The first record that is wanted, read with an independent client."""
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    client.subscribe([topic])
    try:
        while True:
            message = client.poll(20)
            assert message is not None, f"no such record in {topic}"
            if message.error() is None and wanted(message):
                return message
    finally:
        client.close()


async def letter_of(backbone: Backbone, sent: Message) -> Message:
    """The dead letter of a record: it says where that lies, and nothing of it."""
    place = f"{sent.partition()}/{sent.offset()}".encode()

    def wanted(message: Message) -> bool:
        return dict(message.headers() or [])["hoso-place"] == place

    return await asyncio.to_thread(records, backbone.kafka, "submission.deadletter.v1", wanted)


async def test_a_filing_becomes_one_dossier_and_is_answered(backbone: Backbone, portal: httpx.AsyncClient) -> None:
    filing, reference = plan(3, "t")[2].filing, uuid.uuid4().hex
    await portal.post("/filings", json={"reference": reference, "data": filing, "copies": 3})
    found = await replies(portal, reference, 3)
    assert {r["type"] for r in found} == {"reply.accepted.v1"}
    assert len({r["dossier_id"] for r in found}) == 1
    dossier = found[0]["dossier_id"]
    event = await asyncio.to_thread(records, backbone.kafka, "dossier.events.v1", lambda m: m.key() == dossier.encode())
    assert dict(event.headers() or [])["ce_id"] == f"dossier/{dossier}/1".encode()
    body = (event.value() or b"").decode()
    assert filing["applicant"]["phone"] not in body
    assert filing["applicant"]["name"] not in body


async def test_another_event_under_the_same_reference_files_nothing(portal: httpx.AsyncClient) -> None:
    filing, reference = plan(3, "t")[2].filing, uuid.uuid4().hex
    for name in ("e1", "e2", "e1"):
        await portal.post("/filings", json={"reference": reference, "data": filing, "event": name})

    async def both() -> dict[str, dict[str, Any]] | None:
        """By event: a reply may come twice."""
        answer = (await portal.get("/replies", params={"reference": reference})).json()
        found = {reply["event"]: reply for reply in answer}
        return found if len(found) == 2 else None

    found = await until(both)
    assert {name: reply["type"] for name, reply in found.items()} == {
        "e1": "reply.accepted.v1",
        "e2": "reply.refused.v1",
    }
    assert [p["problem"] for p in found["e2"]["problems"]] == ["already filed by event e1"]


async def test_every_wrong_field_is_named_and_the_consumer_goes_on(portal: httpx.AsyncClient) -> None:
    wrong, right = uuid.uuid4().hex, uuid.uuid4().hex
    filing = plan(3, "t")[2].filing
    bad = {**filing, "way": "pigeon", "applicant": {**filing["applicant"], "phone": "12"}, "extra": 1}
    await portal.post("/filings", json={"reference": wrong, "data": bad})
    await portal.post("/filings", json={"reference": right, "data": filing})
    refused = (await replies(portal, wrong))[0]
    assert refused["type"] == "reply.refused.v1"
    assert {p["field"] for p in refused["problems"]} == {"way", "extra"}
    assert (await replies(portal, right))[0]["type"] == "reply.accepted.v1"
    again = {**filing, "applicant": {**filing["applicant"], "phone": "12"}}
    await portal.post("/filings", json={"reference": wrong, "data": again})
    assert [p["field"] for p in (await replies(portal, wrong, 2))[1]["problems"]] == ["applicant.phone"]


async def test_an_unencrypted_event_leaves_only_its_hash(backbone: Backbone, portal: httpx.AsyncClient) -> None:
    reference = uuid.uuid4().hex
    filing = plan(3, "t")[2].filing
    await portal.post("/filings", json={"reference": reference, "data": filing, "encrypted": False})
    sent = await asyncio.to_thread(records, backbone.kafka, UPSTREAM, lambda m: m.key() == reference.encode())
    letter = await letter_of(backbone, sent)
    assert set(json.loads(letter.value() or b"")) == {"sha256", "bytes"}
    head = dict(letter.headers() or [])
    assert "JWE" in str(head.pop("hoso-detail"))
    assert set(head) == {"hoso-topic", "hoso-reason", "hoso-place", "hoso-headers-left-out"}
    assert reference.encode() not in (letter.key() or b"")


async def test_a_withdrawal_is_carried_out_once_and_answered_as_often_as_it_comes(portal: httpx.AsyncClient) -> None:
    filing, reference = plan(3, "t")[2].filing, uuid.uuid4().hex
    await portal.post("/filings", json={"reference": reference, "data": filing})
    withdrawal = {"reference": reference, "type": WITHDRAWN, "event": "w1", "data": {"reason": "nộp nhầm"}}
    await portal.post("/filings", json={**withdrawal, "copies": 3})

    async def there() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = (await portal.get("/replies", params={"reference": reference})).json()
        kinds = [reply["type"] for reply in found]
        return found if "reply.status.v1" in kinds and "reply.done.v1" in kinds else None

    found = await until(there)
    assert {reply["event"] for reply in found if reply["type"] == "reply.done.v1"} == {"w1"}
    told = {(r["number"], r["step"], r["status"], r["reason"]) for r in found if r["type"] == "reply.status.v1"}
    assert told == {(1, "withdrawn", 7, "nộp nhầm")}
    await portal.post("/filings", json={**withdrawal, "event": "w2"})

    async def refused() -> dict[str, Any] | None:
        answer = (await portal.get("/replies", params={"reference": reference})).json()
        return next((reply for reply in answer if reply.get("event") == "w2"), None)

    (problem,) = (await until(refused))["problems"]
    assert (problem["code"], problem["field"]) == ("wrong_stage", "ce_subject")
    assert problem["problem_vi"]


async def test_a_withdrawal_that_came_before_its_filing_waits_for_it(portal: httpx.AsyncClient) -> None:
    filing, reference = plan(3, "t")[2].filing, uuid.uuid4().hex
    await portal.post("/filings", json={"reference": reference, "type": WITHDRAWN, "event": "w1", "data": {}})
    await portal.post("/filings", json={"reference": reference, "event": "e1", "data": filing})
    found = await replies(portal, reference, 3)
    assert [r["event"] for r in found if r["type"] == "reply.accepted.v1"] == ["e1"]
    assert [r["event"] for r in found if r["type"] == "reply.done.v1"] == ["w1"]


async def test_what_a_portal_signed_is_not_taken_for_another_event(
    backbone: Backbone, portal: httpx.AsyncClient
) -> None:
    """Its withdrawal of one dossier, sent again by somebody else under the reference of another."""
    filing, theirs, mine = plan(3, "t")[2].filing, uuid.uuid4().hex, uuid.uuid4().hex
    for reference in (theirs, mine):
        await portal.post("/filings", json={"reference": reference, "data": filing})
        await replies(portal, reference)
    await portal.post("/filings", json={"reference": theirs, "type": WITHDRAWN, "event": "w1", "data": {}})
    sent = await asyncio.to_thread(
        records,
        backbone.kafka,
        UPSTREAM,
        lambda m: m.key() == theirs.encode() and dict(m.headers() or [])["ce_id"] == b"w1",
    )
    headers = {**dict(sent.headers() or []), "ce_subject": mine.encode()}
    producer = Producer({"bootstrap.servers": backbone.kafka})
    producer.produce(UPSTREAM, key=mine.encode(), value=sent.value(), headers=list(headers.items()))
    assert await asyncio.to_thread(producer.flush, 20) == 0
    copied = await asyncio.to_thread(
        records, backbone.kafka, UPSTREAM, lambda m: m.key() == mine.encode() and m.value() == sent.value()
    )
    letter = await letter_of(backbone, copied)
    assert "ce_subject" in str(dict(letter.headers() or [])["hoso-detail"])
    assert {reply["type"] for reply in await replies(portal, mine)} == {"reply.accepted.v1"}
