"""What happened, seen from outside: the topics by another Kafka client, the partners' books, the stores' leftovers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from pymongo import AsyncMongoClient

from deploy.local.stack import SERVICES, Stack

LEFT: Final = {"$or": [{key: {"$exists": True}} for key in ("pending", "parked.0", "effects.0")]}
BOOKS: Final = {
    "charges": ("gateway", "/control/transactions"),
    "sms": ("phone", "/submissions"),
    "consignments": ("post_office", "/control/consignments"),
    "replies": ("upstream_portal", "/replies"),
}


class Log:
    """Every record of every topic, as plain values; `read` adds what is new."""

    def __init__(self, bootstrap: str) -> None:
        self.records: list[dict[str, Any]] = []
        # librdkafka tells of every broker that is down; here that is the purpose.
        common = {"bootstrap.servers": bootstrap, "group.id": "witness", "enable.auto.commit": False, "log_level": 0}
        self._consumer = Consumer(common)
        self._meter = Consumer(common)  # of its own: on one connection each question waits behind the fetches
        self._next: dict[tuple[str, int], int] = {}

    async def read(self) -> None:
        """Up to the present ends. Raises KafkaException while the cluster does not answer."""
        await asyncio.to_thread(self._read)

    def close(self) -> None:
        self._consumer.close()
        self._meter.close()

    def _read(self) -> None:
        ends = self._ends()
        behind = {place for place, end in ends.items() if self._next.get(place, 0) < end}
        self._consumer.assign([TopicPartition(*place, self._next.get(place, 0)) for place in behind])
        while behind:
            message = self._consumer.poll(10)
            if message is None:
                raise KafkaException(f"the cluster sends nothing of {len(behind)} partitions")
            if message.error() is not None:
                raise KafkaException(message.error())
            record = _plain(message)
            place = record["topic"], record["partition"]
            self._next[place] = record["offset"] + 1
            self.records.append(record)
            if self._next[place] >= ends[place]:
                behind.discard(place)

    def _ends(self) -> dict[tuple[str, int], int]:
        topics = self._meter.list_topics(timeout=10).topics
        said = [t for t in topics if not t.startswith("__") and not t.endswith("-changelog")]
        places = [(t, p) for t in said for p in topics[t].partitions]
        return {place: self._meter.get_watermark_offsets(TopicPartition(*place), timeout=10)[1] for place in places}


def _plain(message: Message) -> dict[str, Any]:
    headers: list[Any] = list(message.headers() or ())
    return {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "key": (message.key() or b"").decode(errors="replace"),
        "headers": {name: (value or b"").decode(errors="replace") for name, value in headers},
        "value": (message.value() or b"").decode(errors="replace"),
    }


async def books(stack: Stack, client: httpx.AsyncClient) -> Mapping[str, list[dict[str, Any]]]:
    """What the partners counted. Raises httpx errors."""
    answers = await asyncio.gather(*(client.get(stack.url(name) + path) for name, path in BOOKS.values()))
    return {book: answer.raise_for_status().json() for book, answer in zip(BOOKS, answers, strict=True)}


async def left(store_url: str) -> list[dict[str, Any]]:
    """Documents with events not published, effects without an outcome, or parked records."""
    found: list[dict[str, Any]] = []
    async with AsyncMongoClient[dict[str, Any]](store_url, serverSelectionTimeoutMS=5_000) as client:
        for service in SERVICES:
            database = client[f"hoso_{service}"]
            for collection in await database.list_collection_names():
                fields = {"pending": 1, "parked.reason": 1, "parked.detail": 1, "effects.type": 1, "effects.until": 1}
                async for document in database[collection].find(LEFT, fields):
                    place = f"{service}.{collection}/{document['_id']}"
                    found.append({"place": place, **{k: str(v) for k, v in document.items() if k != "_id"}})
    return found
