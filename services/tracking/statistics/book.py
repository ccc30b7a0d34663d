"""The table of dossiers, with faust-streaming (docs/decisions/0060-statistics.md).

Faust updates table, changelog and offset in three steps, acknowledges what raised, and waits at most 0.1 s for its
changelog before it commits. So that a crash between any two of them loses and doubles nothing:

Invariants:
    - A value of the table is one dossier whole, with the last sequence of each stream; totals are not in the table.
    - An event is acknowledged to Faust only after Kafka acknowledged the changelog record it led to.
    - What cannot be counted is a dead letter; any other error ends the process before anything is acknowledged.
    - A batch in hand when partitions are taken away ends the process: the table may be recovered beneath it.
    - Faust is not believed that it read all: a changelog that was not recovered to its end, or a record that was passed
      over after what is committed, ends the process before anything is acknowledged, and it begins again.
    - The key is the dossier's id, and the changelog is partitioned as the streams are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import faust
from faust.types import TP

from chassis.burial import Burial
from chassis.delivery import Delivery, Unreadable
from chassis.kafka import MECHANISM, Bootstrap, servers_of
from chassis.reading import Raw, Unidentifiable
from chassis.rereading import Place, bounds, committed
from chassis.telemetry import logger
from chassis.watchdog import Watchdog
from schemas.topics import PARTITIONS, PRODUCTION_MIN_INSYNC
from services.tracking.domain.counted import EDITION, Counted
from services.tracking.statistics.fetching import Gathering
from services.tracking.statistics.log import PLACES, TOPICS, counted, read
from services.tracking.statistics.measures import LAG, MESSAGES
from services.tracking.statistics.settings import StatisticsSettings
from services.tracking.statistics.view import View

BATCH: Final = 1_000
WITHIN: Final = 0.5
COMMIT_EVERY: Final = 3.0
SESSION: Final = 10.0
log = logger(__name__)


class Revoked(Exception):
    """Partitions were taken away in the middle of a batch."""


class Skipped(Exception):
    """Faust did not hand out all there is; what it did may not be acknowledged."""


def group_of(generation: int) -> str:
    """The consumer group, and the beginning of the changelog's name."""
    return f"tracking-statistics-{EDITION}-{generation}"


class Acknowledged(faust.Table[bytes, bytes]):
    """A table that can be waited for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sent: list[Awaitable[Any]] = []

    def send_changelog(self, *args: Any, **kwargs: Any) -> Any:
        sent = super().send_changelog(*args, **kwargs)
        self._sent.append(sent)
        return sent

    async def written(self) -> None:
        """Returns once Kafka has every change made since the last call; raises what became of the one it has not."""
        sent, self._sent = self._sent, []
        await asyncio.gather(*sent)


class Book:
    """Counts every stream into the table and tells the view. `failed` is told of an error that ends the process."""

    def __init__(
        self,
        settings: StatisticsSettings,
        view: View,
        *,
        burial: Burial,
        clock: Callable[[], datetime],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._bootstrap = settings.kafka
        self._view = view
        self._burial = burial
        self._clock = clock
        self._failed = failed
        self._beginning: asyncio.Task[None] | None = None
        """Begun when the table was recovered, and done once it is known what is still to be counted."""
        self._next: dict[Place, int] = {}
        """The offset of the next record of each partition, since the last recovery."""
        self._epoch = 0
        self.group = group_of(settings.generation)
        self.app = faust.App(
            self.group,
            broker=[f"kafka://{server}" for server in servers_of(settings.kafka).split(",")],
            broker_credentials=_credentials(settings.kafka),
            store="memory://",
            datadir=str(settings.state_dir / "faust"),
            web_enabled=False,
            topic_disable_leader=True,
            topic_partitions=PARTITIONS,
            topic_replication_factor=settings.replication,
            broker_commit_interval=COMMIT_EVERY,
            broker_session_timeout=SESSION,
            broker_heartbeat_interval=SESSION / 5,
            broker_rebalance_timeout=SESSION,
            consumer_auto_offset_reset="earliest",
            consumer_group_instance_id=settings.instance,
            stream_wait_empty=False,
            table_standby_replicas=0,
            Table=Acknowledged,
        )
        self.app.transport = Gathering(self.app.conf.broker_consumer, self.app)
        in_sync = {"min.insync.replicas": str(min(settings.replication, PRODUCTION_MIN_INSYNC))}
        self._table: Any = self.app.Table(
            "dossiers", key_type=bytes, value_type=bytes, partitions=PARTITIONS, use_partitioner=True,
            on_recover=self._recovered, extra_topic_configs=in_sync,
        )  # fmt: skip
        heard = self.app.topic(
            *TOPICS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw",
            partitions=PARTITIONS,
        )  # fmt: skip
        self.app.agent(heard, name="count", concurrency=1)(self._count)
        revoked: Any = self.app.on_partitions_revoked
        revoked.connect(self._revoked)

    async def run(self) -> None:
        """Until Faust stops or breaks; raises what broke it."""
        await self.app.start()
        await self.app.wait()
        if self.app.crash_reason is not None:
            raise self.app.crash_reason

    async def stop(self) -> None:
        """Commits what was acknowledged and leaves the group."""
        await self.app.stop()

    async def _count(self, stream: Any) -> None:
        async for events in stream.noack_take(BATCH, within=timedelta(seconds=WITHIN)):
            try:
                await self._take(events)
            except Exception as error:  # noqa: BLE001 - Faust would log it and go on with the next
                self._failed(error)
                await asyncio.Event().wait()

    async def _take(self, events: Sequence[Any]) -> None:
        beginning = self._beginning
        if beginning is not None:
            await beginning
        if beginning is None or beginning is not self._beginning:
            raise Revoked
        epoch = self._epoch
        before: dict[bytes, Counted] = {}
        after: dict[bytes, Counted] = {}
        positions: dict[Place, int] = {}
        for event in events:
            message = event.message
            self._pass(message, positions)
            delivery = await self._read(Raw(message.topic, message.key, message.value or b"", tuple(message.headers)))
            if delivery is None:
                continue
            key = delivery.aggregate.encode()
            if key not in before:
                before[key] = after[key] = self._load(key)
            after[key] = await self._after(after[key], delivery, message)
        changed = [key for key in before if after[key] is not before[key]]
        for key in changed:
            self._table[key] = after[key].dump_json()
        await self._table.written()
        if epoch != self._epoch:
            raise Revoked
        self._view.counted([(before[key], after[key]) for key in changed], positions)
        for event in events:
            event.ack()

    def _pass(self, message: Any, positions: dict[Place, int]) -> None:
        """Raises Skipped where a record before this one was neither handed out nor counted by another process."""
        place = message.topic, message.partition
        following = self._next[place]
        if message.offset > following:
            raise Skipped(f"{place}: {following} to {message.offset - 1} were passed over")
        self._next[place] = positions[place] = max(following, message.offset + 1)

    def _load(self, key: bytes) -> Counted:
        kept = self._table.data.get(key)
        return Counted() if kept is None else Counted.model_validate_json(kept)

    async def _read(self, raw: Raw) -> Delivery | None:
        try:
            delivery = read(raw)
        except Unidentifiable as error:
            MESSAGES.labels("statistics", raw.topic, "unidentifiable").inc()
            log.warning("not counted", topic=raw.topic, detail=str(error)[:200])
            return None
        if isinstance(delivery.message, Unreadable):
            MESSAGES.labels("statistics", raw.topic, "unreadable").inc()
            log.warning("not counted", topic=raw.topic, reason=delivery.message.reason)
        return delivery

    async def _after(self, known: Counted, delivery: Delivery, message: Any) -> Counted:
        """A bug in counting costs one event and is seen; what tracking itself cannot read it dead-letters itself."""
        try:
            found = counted(known, delivery)
        except Exception as error:
            log.exception("an event could not be counted")
            raw = Raw(message.topic, message.key, message.value, tuple(message.headers))
            await self._burial.bury(raw, "bug", f"statistics: {type(error).__name__}: {error}")
            return known
        MESSAGES.labels("statistics", message.topic, "counted" if found is not known else "passed").inc()
        return found

    async def _recovered(self) -> None:
        try:
            self._view.begin(Counted.model_validate_json(kept) for kept in self._table.data.values())
            self._beginning = asyncio.create_task(self._begin())
        except Exception as error:  # noqa: BLE001 - Faust would not look at it
            self._failed(error)

    async def _begin(self) -> None:
        """Asks the broker what was there to recover, and what is there to count."""
        epoch = self._epoch
        try:
            recovered = self._changelog()
            at_least = await committed(self._bootstrap, self.group)
            found = await bounds(self._bootstrap, "statistics-begin", [*PLACES, *recovered])
            _whole(recovered, found)
            if epoch != self._epoch:
                return
            self._next = {place: max(at_least.get(place, 0), found[place][0]) for place in PLACES}
            if len(self._held()) == len(PLACES):
                self._view.catch_up(at_least, {place: found[place][1] for place in PLACES})
            else:
                log.warning("another process holds partitions of these streams: one must end", group=self.group)
        except Exception as error:
            self._failed(error)
            raise

    async def _revoked(self, _app: Any, /, *revoked: Any, **_: Any) -> None:
        if any(revoked):
            self._epoch += 1
            self._beginning = None
            self._view.interrupted(self._clock())

    def _changelog(self) -> dict[Place, int]:
        """The offset of the next record of each partition of the changelog, as far as it was recovered."""
        tables: Any = self.app.tables
        last = tables.recovery.active_offsets
        return {(p.topic, p.partition): 0 if offset is None else offset + 1 for p, offset in last.items()}

    def _held(self) -> list[Place]:
        return [(p.topic, p.partition) for p in self.app.consumer.assignment() if p.topic in TOPICS]

    def look(self, watchdog: Watchdog[Place]) -> None:
        """Tells the metrics how far behind it is. Raises Stagnation when it stands still before records."""
        if self._beginning is None or not self._beginning.done():
            watchdog.look([(("recovery", 0), sum(self._changelog().values()))], time.monotonic())
            return
        lags = {place: self._lag(place) for place in self._held()}
        for (topic, partition), lag in lags.items():
            LAG.labels(topic, str(partition)).set(lag)
        lagging = [(place, self._view.positions.get(place)) for place, lag in lags.items() if lag]
        watchdog.look(lagging, time.monotonic())

    def _lag(self, place: Place) -> int:
        end = self.app.consumer.highwater(TP(*place))
        return max(0, (end or 0) - self._view.positions.get(place, 0))


def _credentials(bootstrap: Bootstrap) -> faust.SASLCredentials | None:
    if isinstance(bootstrap, str):
        return None
    return faust.SASLCredentials(
        mechanism=MECHANISM,
        username=bootstrap.username,
        password=bootstrap.password,
        ssl_context=bootstrap.tls(),
    )


def _whole(recovered: Mapping[Place, int], found: Mapping[Place, tuple[int, int]]) -> None:
    """Raises Skipped where a partition of the changelog was not recovered to its end."""
    for place, upto in recovered.items():
        if upto < (end := found[place][1]):
            raise Skipped(f"{place}: recovered up to {upto} of {end}")
