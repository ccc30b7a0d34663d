"""A locked broker: who cannot prove who they are gets nothing, and who can gets what is declared and no more."""

from __future__ import annotations

import asyncio
import re
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from confluent_kafka import KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from typer.testing import CliRunner

from chassis.kafka import Bootstrap, Broker, connection
from cli.main import app
from deploy.access.cluster import Difference, administered
from deploy.access.rights import DEFAULT_QUOTA, STATISTICS_PREFIX, Right, portal, principals, quotas, rights
from deploy.local import topics
from deploy.local.locks import Locks
from deploy.local.platform import Backbone
from deploy.local.probes import until
from schemas.topics import UPSTREAM, declared, reply_topic

from .outsider import FOUND, GROUP_REFUSED, REFUSED, fetches, joins, settings_of

SOURCES = ("dvc-example", "other-example")
SMALL = {**DEFAULT_QUOTA, "produced": 8_192}


@dataclass
class Locked:
    backbone: Backbone
    locks: Locks

    def broker(self, name: str) -> Broker:
        return self.locks.broker(self.backbone.kafka, name)

    def admit(self, *sources: str, quota: dict[str, int] | None = None) -> Difference:
        """What still differs afterwards."""
        users, bounded = self.locks.passwords(sources), quotas(sources, **(quota or DEFAULT_QUOTA))
        with administered(self.backbone.bootstrap) as cluster:
            return cluster.bring(users, users, rights(sources), bounded)

    async def hoso(self, *words: str, **environment: str) -> tuple[int, str]:
        """As the administrator types it."""
        said = {"COLUMNS": "300", "NO_COLOR": "1", "KAFKA_BOOTSTRAP_SERVERS": self.backbone.kafka}
        given = {**said, **self.locks.kafka("admin"), "HOSO_PORTALS": ",".join(SOURCES), **environment}
        result = await asyncio.to_thread(CliRunner(env=given).invoke, app, ["kafka", "acls", *words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output


@pytest.fixture(scope="module")
async def locked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Locked]:
    async with Backbone(tmp_path_factory.mktemp("locked"), locked=True) as backbone:
        assert backbone.locks is not None
        await topics.create(backbone.bootstrap, SOURCES)
        found = Locked(backbone, backbone.locks)
        assert not await asyncio.to_thread(found.admit, *SOURCES)
        yield found


async def produce(bootstrap: Bootstrap, topic: str, value: bytes = b"value", **options: Any) -> None:
    async with asyncio.timeout(30), AIOKafkaProducer(**{**connection(bootstrap), **options}, acks="all") as producer:
        await producer.send_and_wait(topic, value, key=b"key")


async def finds(bootstrap: Bootstrap, topic: str, value: bytes, group: str | None = None) -> bool:
    """Whether the value comes among the records of a topic. Raises TimeoutError."""
    options: dict[str, Any] = {"auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with asyncio.timeout(30), AIOKafkaConsumer(**connection(bootstrap), group_id=group, **options) as consumer:
        if group is None:
            consumer.assign([TopicPartition(topic, p) for p in range(12)])
        else:
            consumer.subscribe([topic])
        async for record in consumer:
            if record.value == value:
                return True
    return False


async def test_a_portal_s_filing_is_read_by_submission_and_its_reply_by_the_portal(locked: Locked) -> None:
    mine = locked.broker(portal(SOURCES[0]))
    filing, reply = uuid.uuid4().bytes, uuid.uuid4().bytes
    await produce(mine, UPSTREAM, filing, enable_idempotence=True)
    assert await finds(locked.broker("submission"), UPSTREAM, filing, "submission")
    await produce(locked.broker("submission"), reply_topic(SOURCES[0]), reply, enable_idempotence=True)
    assert await finds(mine, reply_topic(SOURCES[0]), reply)
    assert await finds(mine, reply_topic(SOURCES[0]), reply, f"{portal(SOURCES[0])}/any")


@pytest.mark.parametrize(
    "topic", ["dossier.events.v1", "payment.events.v1", "submission.deadletter.v1", UPSTREAM, reply_topic(SOURCES[1])]
)
async def test_a_portal_reads_nothing_but_its_own_replies(locked: Locked, topic: str) -> None:
    """Not even what it and others filed."""
    await produce(locked.backbone.bootstrap, topic)
    assert await fetches(locked.broker("admin"), topic) == FOUND
    assert await fetches(locked.broker(portal(SOURCES[0])), topic) == REFUSED
    assert await joins(locked.broker(portal(SOURCES[0])), topic, f"{portal(SOURCES[0])}/any") == REFUSED


@pytest.mark.parametrize(
    "topic", ["dossier.events.v1", "tracking.deadletter.v1", reply_topic(SOURCES[0]), reply_topic(SOURCES[1])]
)
async def test_a_portal_writes_nothing_but_filings(locked: Locked, topic: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await produce(locked.broker(portal(SOURCES[0])), topic)


@pytest.mark.parametrize("group", ["submission", "tracking", f"{portal(SOURCES[1])}/any", portal(SOURCES[0])])
async def test_a_portal_joins_no_group_of_another(locked: Locked, group: str) -> None:
    """Who joins a group takes its partitions, who commits in it moves its position."""
    mine = locked.broker(portal(SOURCES[0]))
    await produce(locked.backbone.bootstrap, reply_topic(SOURCES[0]))
    assert await joins(mine, reply_topic(SOURCES[0]), group) == GROUP_REFUSED
    assert await joins(mine, reply_topic(SOURCES[0]), f"{portal(SOURCES[0])}/{group}") == FOUND


async def test_nobody_makes_topics_but_the_administrator_and_statistics_its_own(locked: Locked) -> None:
    async def create(name: str, topic: str) -> int:
        admin = AIOKafkaAdminClient(**connection(locked.broker(name)))
        await admin.start()
        try:
            answer = await admin.create_topics([NewTopic(topic, 1, 1)])
            return int(answer.topic_errors[0][1])
        finally:
            await admin.close()

    assert await create(portal(SOURCES[0]), "mine") == TopicAuthorizationFailedError.errno
    assert await create("submission", "dossier.events.v2") == TopicAuthorizationFailedError.errno
    assert await create("statistics", "dossier.events.v2") == TopicAuthorizationFailedError.errno
    assert await create("statistics", f"{STATISTICS_PREFIX}9-dossiers-changelog") == 0


@pytest.mark.parametrize("name", principals(SOURCES))
async def test_the_broker_gives_each_what_is_declared(locked: Locked, name: str) -> None:
    """Asked by another client, topic by topic: all of it and nothing else."""
    known = {topic.name for topic in declared(SOURCES)}
    wanted = {(r.name, r.operation) for r in rights(SOURCES) if r.principal == name and r.name in known}

    def given() -> set[tuple[str, str]]:
        admin = AdminClient(settings_of(locked.broker(name)))
        answers = admin.describe_topics(TopicCollection(sorted(known)), include_authorized_operations=True)
        found: set[tuple[str, str]] = set()
        refused: set[str] = set()
        for topic, answer in answers.items():
            try:
                operations = answer.result(timeout=30).authorized_operations
            except KafkaException as error:
                refused.add(error.args[0].name())
            else:
                found |= {(topic, o.name) for o in operations if o is not AclOperation.DESCRIBE}
        assert refused <= {"TOPIC_AUTHORIZATION_FAILED"}
        return found

    assert await asyncio.to_thread(given) == wanted
    assert wanted


async def test_who_cannot_prove_who_they_are_gets_nothing(locked: Locked, tmp_path: Path) -> None:
    mine = locked.broker(portal(SOURCES[0]))
    away = (KafkaConnectionError, TimeoutError)

    async def refused(bootstrap: Bootstrap, *errors: type[BaseException], **options: Any) -> None:
        with pytest.raises(errors):
            async with asyncio.timeout(3):
                await produce(bootstrap, UPSTREAM, **options)

    await refused(replace(mine, password="wrong"), AuthenticationFailedError, *away)
    await refused(replace(mine, username="nobody"), AuthenticationFailedError, *away)
    await refused(replace(mine, username="broker"), AuthenticationFailedError, *away)
    await refused(replace(mine, ca_file=Locks.open(tmp_path).ca), *away)
    await refused(locked.backbone.kafka, *away)
    await refused(mine, *away, security_protocol="SSL")
    await refused(mine, *away, security_protocol="SASL_PLAINTEXT")
    await refused(mine, *away, KafkaError, sasl_mechanism="PLAIN")
    await produce(mine, UPSTREAM)


async def test_brokers_speak_to_brokers_only(locked: Locked) -> None:
    """The listeners between brokers and controllers want a certificate; what a client has is not enough."""
    properties = (locked.backbone.run.path / "kafka" / "server.properties").read_text()
    ports = [int(port) for port in re.findall(r"(?:INTERNAL|CONTROLLER)://127\.0\.0\.1:(\d+)", properties)[:2]]
    assert len(set(ports)) == 2

    async def answers(port: int) -> None:
        """Asks for the versions it speaks, which clients may do before they log in."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=locked.broker("admin").tls())
        writer.write((19).to_bytes(4) + b"\x00\x12\x00\x00\x00\x00\x00\x01\x00\x09-nobody--")
        await writer.drain()
        await reader.readexactly(4)
        writer.close()

    await answers(int(locked.backbone.kafka.rpartition(":")[2]))
    for port in ports:
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await answers(port)


async def test_a_portal_that_writes_too_fast_waits_and_loses_nothing(locked: Locked) -> None:
    assert not await asyncio.to_thread(lambda: locked.admit(*SOURCES, quota=SMALL))
    waited: list[float] = []
    acknowledged: list[Any] = []
    failed: list[Any] = []

    def told(error: Any, message: Any) -> None:
        (failed if error else acknowledged).append(message)

    def send(name: str, until_: Callable[[], bool]) -> int:
        settings = {**settings_of(locked.broker(name)), "throttle_cb": lambda event: waited.append(event.throttle_time)}
        producer = Producer({**settings, "acks": "all", "linger.ms": 0})
        sent = 0
        while not until_() and sent < 200:
            producer.produce(UPSTREAM, uuid.uuid4().bytes * 1_024, on_delivery=told)
            sent += 1
            producer.flush(20)
        return sent

    try:
        sent = await asyncio.to_thread(send, portal(SOURCES[0]), lambda: bool(waited))
        assert waited, "16 KiB at a time, 8 KiB a second allowed"
        assert (len(acknowledged), failed) == (sent, [])
        waited.clear()
        await asyncio.to_thread(send, "admin", lambda: len(acknowledged) >= 2 * sent)
        assert not waited, "the administrator has no quota"
    finally:
        assert not await asyncio.to_thread(locked.admit, *SOURCES)


async def test_a_portal_that_left_and_a_right_that_was_added_by_hand_are_found_and_taken_away(locked: Locked) -> None:
    gone, extra = "gone-example", Right("payment", "TOPIC", UPSTREAM, "READ")
    assert not await asyncio.to_thread(locked.admit, *SOURCES, gone)
    await produce(locked.broker(portal(gone)), UPSTREAM)

    def by_hand() -> None:
        users = locked.locks.passwords((*SOURCES, gone))
        with administered(locked.backbone.bootstrap) as cluster:
            bounded = quotas((*SOURCES, gone), **DEFAULT_QUOTA)
            assert not cluster.bring(users, users, rights((*SOURCES, gone)) | {extra}, bounded)

    await asyncio.to_thread(by_hand)
    code, said = await locked.hoso("--check")
    assert code == 1
    assert f"to remove: the user {portal(gone)}" in said
    assert f"to take away: payment READ TOPIC {UPSTREAM}" in said
    assert (await locked.hoso("--apply"))[0] == 0
    code, said = await locked.hoso("--check")
    assert (code, said.strip()) == (0, "the cluster is as declared")

    async def refused() -> bool:
        try:
            await produce(locked.broker(portal(gone)), UPSTREAM)
        except (KafkaConnectionError, AuthenticationFailedError, TopicAuthorizationFailedError):
            return True
        return False

    await until(refused, 20)
    await produce(locked.broker(portal(SOURCES[0])), UPSTREAM)


async def test_only_an_administrator_changes_who_may_do_what(locked: Locked) -> None:
    for name in ("payment", "operator", portal(SOURCES[0])):
        code, said = await locked.hoso("--check", **locked.locks.kafka(name))
        assert (code, "Authorization" in said) == (1, True), said


async def test_a_password_can_be_changed_and_only_of_who_is_declared(locked: Locked) -> None:
    name = portal(SOURCES[1])
    code, said = await locked.hoso("--apply", HOSO_KAFKA_PASSWORDS=f'{{"{name}": "another-one"}}')
    assert code == 0, said
    assert "another-one" not in said

    async def changed() -> bool:
        try:
            await produce(replace(locked.broker(name), password="another-one"), UPSTREAM)
        except KafkaConnectionError:
            return False
        return True

    await until(changed, 20)
    for wrong in ('{"admin": "x"}', '{"nobody": "x"}', "[]", "{", '{"payment": ""}'):
        code, _ = await locked.hoso("--apply", HOSO_KAFKA_PASSWORDS=wrong)
        assert code == 2
    assert not await asyncio.to_thread(locked.admit, *SOURCES)


async def test_what_a_person_forbade_stays_forbidden(locked: Locked) -> None:
    """An entry that forbids outweighs any that allows."""
    topic = reply_topic(SOURCES[0])
    user, pattern = f"User:{portal(SOURCES[0])}", (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL)
    forbidden = AclBinding(*pattern, user, "*", AclOperation.READ, AclPermissionType.DENY)
    exactly = AclBindingFilter(*pattern, user, "*", AclOperation.READ, AclPermissionType.DENY)
    admin = AdminClient(settings_of(locked.broker("admin")))

    async def refused() -> bool:
        return await fetches(locked.broker(portal(SOURCES[0])), topic) == REFUSED

    await produce(locked.backbone.bootstrap, topic)
    assert not await refused()
    admin.create_acls([forbidden])[forbidden].result(timeout=30)
    try:
        await until(refused, 20)
        assert (await locked.hoso("--apply"))[0] == 0
        assert admin.describe_acls(exactly).result(timeout=30) == [forbidden]
        assert await refused()
    finally:
        admin.delete_acls([exactly])[exactly].result(timeout=30)


async def test_all_of_it_is_there_after_the_broker_died(locked: Locked) -> None:
    """Names, passwords, rights and quotas are the cluster's own."""
    supervisor, mine = locked.backbone.supervisor, locked.broker(portal(SOURCES[0]))
    before = supervisor.restarts("kafka")
    supervisor.kill("kafka")
    await supervisor.wait_restarted("kafka", before + 1, seconds=150)
    assert await locked.hoso("--check") == (0, "the cluster is as declared\n")
    await produce(locked.backbone.bootstrap, "dossier.events.v1")
    await produce(mine, UPSTREAM)
    assert await fetches(mine, "dossier.events.v1") == REFUSED
