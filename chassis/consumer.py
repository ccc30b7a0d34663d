"""The consumer: records in, deliveries to the engines, offsets committed only for what is durable.

A thin driver of aiokafka that obeys `frontier.Frontier`. Polling goes on while records are in hand; above a bound the
partitions are paused, so memory stays bounded under any backlog and the membership is kept.

Invariants:
    - An offset is committed only after its record was handled, dropped as seen, or durably parked.
    - On revoke what is in hand is drained and committed, then fenced; no lock of the poll loop is taken there.
    - A record that cannot be handled now stops its partition and no other; it is tried again later.
    - A record left to a newer release holds its partition's commits up, not the records behind it: those are handled,
      and dropped as seen when they come again.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import TopicPartition

from chassis.ages import Ages, Lag
from chassis.burial import Burial
from chassis.codec import Unloadable
from chassis.decision import Reason
from chassis.delivery import WasParked
from chassis.fold import ParkingFull
from chassis.frontier import Frontier, Ticket
from chassis.kafka import Bootstrap, new_consumer
from chassis.reading import Raw, Unidentifiable, deliver, stumbled
from chassis.route import Route, raw_of
from chassis.telemetry import COMMITS, STOPPED, logger
from chassis.watchdog import Watchdog

POLL_MS: Final = 200
MAX_POLL: Final = 500
PACE: Final = 0.02
MAX_IN_HAND: Final = 2_000
COMMIT_EVERY: Final = 0.5
COMMIT_TIMEOUT: Final = 5.0
DRAIN: Final = 8.0
BACKOFF: Final = 1.0
LOOK_EVERY: Final = 1.0
RETRY_STOPPED: Final = 15.0
STAGNATION: Final = 180.0
QUIET: Final = frozenset({"gap", "blocked"})
"""Reasons that a later record ends by itself: parked, but no dead letter."""
log = logger(__name__)


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """One member of the service's consumer group. `instance`: its name across restarts (static membership)."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        burial: Burial,
        *,
        bootstrap: Bootstrap,
        group: str,
        replica: str,
        instance: str | None = None,
    ) -> None:
        self._routes = routes
        self._burial = burial
        self._new_client: Callable[[], Any] = lambda: new_consumer(bootstrap, group, f"{group}-{replica}", instance)
        self._client: Any = None
        self._frontier: Frontier[TopicPartition] = Frontier()
        self._watchdog: Watchdog[TopicPartition] = Watchdog(STAGNATION)
        self._ages: Ages[TopicPartition] = Ages()
        self._moved = asyncio.Event()
        self._stopping = asyncio.Event()
        self._burying: set[asyncio.Task[None]] = set()
        self._retry_at = 0.0
        self._look_at = 0.0
        self._polled = -math.inf
        self.healthy = False

    # -- life ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Works until `stop`; joins again after trouble with the broker.

        Raises:
            Stagnation: a partition has lag and stood still for three minutes.
        """
        while not self._stopping.is_set() and not await self._held_back():
            self._client = self._new_client()
            self._frontier = Frontier()
            self._client.subscribe(list(self._routes), listener=self)
            try:
                await self._client.start()
                await self._consume()
            except (KafkaError, OSError) as error:
                log.warning("broker unavailable, joining again", error=f"{type(error).__name__}: {error}")
                await self._pause_unless_stopping(BACKOFF)
            finally:
                self.healthy = False
                await self._leave()

    def stop(self) -> None:
        """Makes `run` end: what is in hand is drained and committed first."""
        self._stopping.set()
        self._moved.set()

    async def _consume(self) -> None:
        committing = asyncio.create_task(self._keep_committing())
        try:
            self.healthy = True
            while not self._stopping.is_set() and not committing.done() and not self._opened():
                await self._room()
                records = await self._client.getmany(timeout_ms=POLL_MS, max_records=MAX_POLL)
                self._take(records)
                self._watch()
                if records:
                    await self._gather()
            await self._drained(self._frontier.partitions)
            await self._commit()
        finally:
            committing.cancel()
            with suppress(asyncio.CancelledError):
                await committing  # raises what ended it

    async def _leave(self) -> None:
        self._frontier.fence(self._frontier.partitions)
        for burying in self._burying:
            burying.cancel()  # its record was not committed: it comes again, and would be buried twice
        closing = asyncio.create_task(self._client.stop())
        _, late = await asyncio.wait([closing], timeout=5)
        for task in late:
            task.cancel()
        if not late and closing.exception():
            log.info("the consumer did not leave cleanly", error=repr(closing.exception()))

    def _opened(self) -> str | None:
        """Why no further record may be taken, if so."""
        return next((route.breaker.why for route in self._routes.values() if route.breaker.open), None)

    async def _held_back(self) -> bool:
        """After a run of dead letters the process stays, not ready, and takes nothing until it is started again."""
        why = self._opened()
        if why is not None:
            log.critical("consumer stopped: a person must look", why=why)
            await self._stopping.wait()
        return why is not None

    async def _gather(self) -> None:
        """Under steady traffic polls are `PACE` apart, so that more falls into one batch; what comes alone is at once.

        The first record after a quiet moment was handed on before this waits, and a backlog fills every poll.
        """
        now = time.monotonic()
        steady, self._polled = now - self._polled < 2 * PACE, now
        if steady:
            await self._pause_unless_stopping(PACE)

    async def _pause_unless_stopping(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # -- membership ---------------------------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Drains and commits what is in hand, then fences it."""
        partitions = frozenset(revoked)
        self._frontier.drain(partitions)
        await self._drained(partitions)
        await self._commit()
        self._frontier.fence(partitions)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """A new epoch begins from the committed offsets."""
        self._frontier.assign(list(assigned))
        self._ages.forget()
        log.info("partitions assigned", partitions=len(self._frontier.partitions))

    def _hurry(self) -> None:
        for route in self._routes.values():
            route.engine.hurry()

    async def _drained(self, partitions: frozenset[TopicPartition]) -> None:
        self._hurry()
        until = time.monotonic() + DRAIN
        while not self._frontier.drained(partitions) and (left := until - time.monotonic()) > 0:
            self._moved.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), left)

    # -- records ------------------------------------------------------------------------------------------------

    async def _room(self) -> None:
        """Waits until there is room in hand; polls on with the partitions paused, so that the group keeps us."""
        paused = False
        if self._frontier.in_hand >= MAX_IN_HAND:
            self._hurry()
        while self._frontier.in_hand >= MAX_IN_HAND and not self._stopping.is_set():
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), 1.0)
            except TimeoutError:
                paused = True
                self._client.pause(*self._client.assignment())
                self._take(await self._client.getmany(timeout_ms=0, max_records=1))
                self._watch()
        if paused:
            self._client.resume(*(self._client.assignment() - self._frontier.stopped))

    def _take(self, batches: Mapping[TopicPartition, list[Any]]) -> None:
        for partition, records in batches.items():
            self._ages.polled(partition, records[-1].offset, records[0].timestamp)
            for record in records:
                ticket = self._frontier.take(partition, record.offset)
                if ticket is None:
                    break  # draining, stopped or fenced: it comes again
                self._post(ticket, raw_of(record))

    def _post(self, ticket: Ticket[TopicPartition], raw: Raw) -> None:
        route = self._routes[raw.topic]
        try:
            delivery = deliver(route.reader, raw)
        except Unidentifiable as error:
            self._bury(ticket, raw, error.reason, str(error), secret=error.secret)
            return
        route.engine.post(delivery).add_done_callback(lambda future: self._settled(ticket, raw, future))

    def _settled(self, ticket: Ticket[TopicPartition], raw: Raw, future: asyncio.Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if future.cancelled():
            return
        if isinstance(error, ParkingFull):
            self._stop_partition(ticket, str(error))
        elif isinstance(error, Unloadable):
            self._frontier.leave(ticket)
            self._moved.set()
        elif error is not None:  # a message without a sequence that no handler can take
            self._bury(ticket, raw, "bug", stumbled(error))
        else:
            result = future.result()
            if isinstance(result, WasParked) and result.reason not in QUIET:
                self._bury(ticket, raw, result.reason, result.detail)
            else:
                self._routes[raw.topic].breaker.record(None)
                self._done(ticket)

    def _done(self, ticket: Ticket[TopicPartition]) -> None:
        self._frontier.done(ticket)
        self._moved.set()

    def _bury(
        self, ticket: Ticket[TopicPartition], raw: Raw, reason: Reason, detail: str, *, secret: bool = False
    ) -> None:
        route = self._routes[raw.topic]
        route.breaker.record(reason)

        async def bury() -> None:
            await self._burial.bury(raw, reason, detail, secret=secret or route.foreign)
            self._done(ticket)

        task = asyncio.create_task(bury())
        self._burying.add(task)
        task.add_done_callback(self._burying.discard)

    # -- standing still -----------------------------------------------------------------------------------------

    def _stop_partition(self, ticket: Ticket[TopicPartition], why: str) -> None:
        log.critical("partition stopped: a person must look", partition=str(ticket.partition), why=why)
        self._frontier.stop(ticket)
        self._moved.set()
        self._retry_at = time.monotonic() + RETRY_STOPPED
        with suppress(IllegalStateError):  # it may have been taken away meanwhile
            self._client.pause(ticket.partition)

    def _watch(self) -> None:
        """Once a second: tries stopped partitions again, and looks whether any other stands still."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY
        STOPPED.set(len(self._frontier.stopped))
        if now >= self._retry_at:
            for partition in self._frontier.stopped & self._client.assignment():
                self._client.seek(partition, self._frontier.restart(partition))
                self._client.resume(partition)
        self._watchdog.look(self._lagging(), now)

    def _lagging(self) -> Iterator[tuple[TopicPartition, int | None]]:
        for partition, position, lag in self._fetched():
            if partition not in self._frontier.waiting and (lag or self._frontier.in_hand_of(partition)):
                yield partition, position

    def _fetched(self) -> Iterator[tuple[TopicPartition, int | None, int]]:
        """Partitions of which something was fetched, their positions, and how many records lie beyond."""
        for partition in self._frontier.partitions:
            position, end = self._frontier.position(partition), self._client.highwater(partition)
            if end is None:
                continue
            self._ages.passed(partition, position)
            yield partition, position, max(0, end - position) if position is not None else 0

    # -- what it says of itself ---------------------------------------------------------------------------------

    def lags(self, now: float) -> Iterator[Lag]:
        """Of every partition of which something was fetched; `now` in seconds since 1970."""
        for held, position, lag in self._fetched():
            written = self._ages.oldest(held)
            records = self._frontier.in_hand_of(held) if position is None else lag
            yield Lag(held.topic, held.partition, records, max(0.0, now - written / 1000) if written else 0.0)

    def breakers(self) -> Mapping[str, bool]:
        """Whether the breaker of each topic is open."""
        return {topic: route.breaker.open for topic, route in self._routes.items()}

    # -- commits ------------------------------------------------------------------------------------------------

    async def _keep_committing(self) -> None:
        """At most two commits a second, each of all that is durable by then."""
        while True:
            await self._commit()
            await asyncio.sleep(COMMIT_EVERY)

    async def _commit(self) -> None:
        offsets = self._frontier.commits()
        if not offsets:
            return
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT):  # aiokafka waits for a coordinator for ever
                await self._client.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("offsets not committed; the records come again and are dropped", error=str(error))
        except (KafkaError, TimeoutError) as error:
            log.warning("offsets not committed, trying again", error=f"{type(error).__name__}: {error}")
        else:
            COMMITS.inc()
            self._frontier.committed(offsets)
