import uuid
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient

from deploy.local.errors import InUseError
from deploy.local.platform import Backbone
from deploy.local.ports import is_free
from deploy.local.rundir import read_state

pytestmark = pytest.mark.platform


async def create_topic(bootstrap_servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])
    finally:
        await admin.close()


async def send(bootstrap_servers: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def read_one(bootstrap_servers: str, topic: str) -> bytes:
    group = f"group-{uuid.uuid4()}"
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer:
        value: bytes = (await consumer.getone()).value
        return value


def ours(backbone: Backbone, name: str) -> None:
    state = read_state(backbone.run.path)
    if state is None or name not in {process.name for process in state.processes}:
        pytest.skip(f"{name} is an existing server: not ours to kill")


async def test_a_record_goes_through_a_new_topic(backbone: Backbone) -> None:
    topic = f"try-{uuid.uuid4()}"
    await create_topic(backbone.kafka, topic)
    await send(backbone.kafka, topic, b"xin chao")
    assert await read_one(backbone.kafka, topic) == b"xin chao"


async def test_an_acknowledged_document_survives_kill_9_of_the_store(backbone: Backbone) -> None:
    ours(backbone, "store")
    before = backbone.supervisor.restarts("store")
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(backbone.store_url)
    async with client:
        documents = client[f"try-{uuid.uuid4().hex}"]["documents"]
        for number in range(50):
            await documents.insert_one({"_id": number})
        backbone.supervisor.kill("store")
        await backbone.supervisor.wait_restarted("store", before + 1)
        assert [document["_id"] async for document in documents.find().sort("_id")] == list(range(50))


async def test_a_run_directory_is_taken_up_again_with_its_records(tmp_path: Path, backbone: Backbone) -> None:
    ours(backbone, "kafka")
    async with Backbone(tmp_path) as first:
        assert first.kafka != backbone.kafka
        await create_topic(first.kafka, "kept")
        await send(first.kafka, "kept", b"still here")
        with pytest.raises(InUseError):
            await Backbone(tmp_path).__aenter__()
    port = int(first.kafka.rpartition(":")[2])
    assert is_free(port)
    async with Backbone(tmp_path, keep=False) as second:
        assert await read_one(second.kafka, "kept") == b"still here"
    assert read_state(tmp_path) is None
    assert tmp_path not in set(tmp_path.parent.iterdir())


async def test_existing_servers_are_used_when_named(
    tmp_path: Path, backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", backbone.kafka)
    monkeypatch.setenv("MONGODB_URL", backbone.store_url)
    async with Backbone(tmp_path) as borrowed:
        assert (borrowed.kafka, borrowed.store_url) == (backbone.kafka, backbone.store_url)
        state = read_state(tmp_path)
        assert state is not None
        assert state.processes == []
        assert "store" not in state.addresses
