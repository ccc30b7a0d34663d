"""Stand-ins for Kafka below `chassis.kafka`: one partition per topic, one consumer group, and what goes wrong there.

A request of a producer is one atomic step: it lands, fails, or is lost and lands later or never. An idempotent
producer's requests land in the order they were sent; without idempotence a retried one may land behind the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiokafka.errors import CommitFailedError, KafkaTimeoutError
from aiokafka.structs import TopicPartition

from .durable import IN, DurableWorld, Logged
from .store import Act, short

if TYPE_CHECKING:
    from .life import Life, Request

Records = list[tuple[bytes, bytes, Sequence[tuple[str, bytes]]]]


class Batch:
    """A record batch that holds as many records as the scenario allows."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.records: Records = []

    def append(
        self, *, key: bytes, value: bytes, timestamp: int | None, headers: Sequence[tuple[str, bytes]]
    ) -> object | None:
        assert timestamp is None
        if len(self.records) >= self._most:
            return None
        self.records.append((key, value, headers))
        return self

    def close(self) -> None:
        """Nothing is compressed."""


class Producer:
    """In place of AIOKafkaProducer."""

    def __init__(self, life: Life, *, enable_idempotence: bool, acks: str) -> None:
        self._life = life
        self._ordered = enable_idempotence and acks == "all"
        self._in_flight: list[Request] = []

    async def start(self) -> None:
        """Connected at once."""

    async def stop(self) -> None:
        """What was sent stays in the network."""
        for request in self._in_flight:
            request.abandon()

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0}

    def create_batch(self) -> Batch:
        return Batch(self._life.world.scenario.record_batch)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        assert partition == 0
        records = list(batch.records)
        what = ",".join(_name(record) for record in records)
        request = self._life.request(
            (f"send {what}", lambda durable: [durable.append(topic, Logged(k, v, tuple(h))) for k, v, h in records]),
            faults=("lost", "late", "fail"),
            error=KafkaTimeoutError,
            ready=lambda: self._turn(request),
        )
        self._in_flight.append(request)
        return request.future

    def _turn(self, request: Request) -> bool:
        self._in_flight = [r for r in self._in_flight if not r.done]
        return not self._ordered or self._in_flight[0] is request


def _name(record: tuple[bytes, bytes, Sequence[tuple[str, bytes]]]) -> str:
    headers = dict(record[2])
    return f"{short(record[0].decode())}e{headers.get('ce_sequence', b'?').decode()}"


class Group:
    """The consumer group: who owns the partition. An old owner does not know yet that it lost it."""

    def __init__(self) -> None:
        self.owner: Consumer | None = None
        self.members: list[Consumer] = []

    def give(self, to: Consumer, durable: DurableWorld) -> None:
        self.owner = to
        to.assign(durable.committed)


class Consumer:
    """In place of AIOKafkaConsumer."""

    def __init__(self, life: Life, **_settings: Any) -> None:
        self._life = life
        self._position = 0
        self._paused = False
        self._partitions: set[TopicPartition] = set()
        self._listener: Any = None
        self._leaving = False

    @property
    def life(self) -> Life:
        return self._life

    @property
    def assigned(self) -> bool:
        return bool(self._partitions)

    @property
    def free(self) -> bool:
        """May be given the partition."""
        return not self._partitions and not self._leaving

    def subscribe(self, topics: Sequence[str], *, listener: Any) -> None:
        assert list(topics) == [IN]
        self._listener = listener

    async def start(self) -> None:
        group = self._life.world.group
        group.members.append(self)
        if group.owner is None:
            group.give(self, self._life.world.durable)

    async def stop(self) -> None:
        """The group notices later."""

    def assign(self, committed: int) -> None:
        self._partitions, self._position, self._paused = {TopicPartition(IN, 0)}, committed, False
        self._life.spawn(self._listener.on_partitions_assigned(self._partitions))

    def notice(self) -> None:
        """Learns that the partition is another's."""
        self._life.spawn(self._revoked())

    async def _revoked(self) -> None:
        lost, self._partitions = self._partitions, set()
        self._leaving = True
        await self._listener.on_partitions_revoked(lost)
        self._leaving = False

    def assignment(self) -> set[TopicPartition]:
        return set(self._partitions)

    def paused(self) -> set[TopicPartition]:
        return set(self._partitions) if self._paused else set()

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused = self._paused or bool(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._paused = self._paused and not partitions

    def highwater(self, _partition: TopicPartition) -> int:
        return len(self._life.world.durable.log[IN])

    async def position(self, _partition: TopicPartition) -> int:
        return self._position

    async def committed(self, _partition: TopicPartition) -> int:
        return self._life.world.durable.committed

    def seek(self, _partition: TopicPartition, offset: int) -> None:
        self._position = offset

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, **_limits: Any) -> dict[Any, list[Any]]:
        assert not partitions
        if timeout_ms == 0 and not self._more():
            await asyncio.sleep(0)
            return {}
        found: dict[Any, list[Any]] = await self._life.request(
            ("poll", lambda _d: self._take()), ready=self._more
        ).future
        return found

    def _more(self) -> bool:
        return bool(self._partitions) and not self._paused and self._position < len(self._life.world.durable.log[IN])

    def _take(self) -> dict[Any, list[Any]]:
        first = self._position
        records = self._life.world.durable.log[IN][first : first + self._life.world.scenario.batch]
        self._position += len(records)
        found = [
            SimpleNamespace(
                topic=IN,
                partition=0,
                offset=first + at,
                key=r.key,
                value=r.value,
                headers=r.headers,
                timestamp=0,
            )
            for at, r in enumerate(records)
        ]
        return {TopicPartition(IN, 0): found} if found else {}

    async def commit(self, offsets: Mapping[TopicPartition, Any]) -> None:
        ((_, value),) = offsets.items()
        offset = int(getattr(value, "offset", value))
        label = f"commit {offset}"
        act: Act = (label, lambda durable: setattr(durable, "committed", offset))
        group = self._life.world.group
        zombie = group.owner is not self
        await self._life.request(act, faults=("refused",) if zombie else (), error=CommitFailedError).future
