"""Wiring: one process of one service, from its declaration to its clean end."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import secrets
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import uvloop
from fastapi import APIRouter
from prometheus_client import REGISTRY

from chassis.burial import Burial
from chassis.consumer import Consumer
from chassis.cover import Cover
from chassis.decision import Effect
from chassis.document import AggregateType, Records
from chassis.effects.circuit import Circuits
from chassis.effects.edge import NotSent
from chassis.effects.handed import Handed
from chassis.effects.queue import Limit
from chassis.engine import Engine
from chassis.guard import Guard
from chassis.http import Verifier, create_app
from chassis.http.operations import operators
from chassis.http.routing import add, new_router
from chassis.http.server import new_server
from chassis.journal import Journal
from chassis.keyadmin import KeyAdmin
from chassis.keyring import Keyring
from chassis.ledger import Ledger
from chassis.measures import Measures
from chassis.operations import Operations
from chassis.reading import Reader
from chassis.relay import Publisher, PublishFailed
from chassis.repair import Repair
from chassis.route import Receiver, Route
from chassis.runner import Adapter, Runner, declared
from chassis.settings import ServiceSettings
from chassis.store import Store, StoreUnavailable
from chassis.telemetry import configure_logs, logger
from chassis.tracing import TRACER
from chassis.unit import Unit
from schemas.event import to_instant
from schemas.topics import PARTITIONS, dead_letter_topic, heard_by, journal_topic

CLEAR_SECONDS: Final = 2.0
GC_THRESHOLD: Final = 20_000
DRAIN_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 2.0
"""For an effect's decision to be in the journal; then it is put off."""
GRACE_SECONDS: Final = 25.0
EXIT_HANGING: Final = 70
log = logger(__name__)


@dataclass(frozen=True)
class Service:
    """What a service is made of. `hears`: stream name to the name of the aggregate it is delivered to."""

    name: str
    aggregates: tuple[AggregateType[Any], ...]
    hears: Mapping[str, str]
    adapters: Callable[[Platform], Mapping[type[Effect], Adapter]]
    routes: Callable[[Platform], APIRouter] | None = None
    background: Callable[[Platform], Sequence[Coroutine[Any, Any, None]]] = lambda _platform: ()
    readers: Callable[[Platform], Mapping[str, tuple[Reader, Receiver]]] = lambda _platform: {}
    """Topics that are not streams of this system: topic to (reader, an engine or what stands before it)."""
    records: tuple[Records, ...] = ()
    larger_bodies: Callable[[Any], Mapping[str, int]] = lambda _settings: {}
    """By the settings: which requests may be over the usual limit (`chassis.http.middleware.Limits`)."""


class Platform:
    """What the chassis gives a service's own parts."""

    def __init__(self, service: Service, settings: ServiceSettings) -> None:
        heard = set(heard_by(service.name))
        if set(service.hears) != heard:
            raise LookupError(f"{service.name} declares {sorted(service.hears)} but schemas/topics.py {sorted(heard)}")
        self.service = service
        self.settings: Any = settings
        self.replica = secrets.token_hex(4)
        self._indexed = False
        url = settings.mongodb_url.get_secret_value()
        self.store = Store(url, f"{settings.database_prefix}_{service.name}")
        self._keys = Store(url, f"{settings.database_prefix}_keyring")
        self.keyring = Keyring(self._keys, settings.masters)
        self.key_admin = KeyAdmin(self._keys)
        self.publisher = Publisher(settings.kafka, service.name, self.replica)
        self.ledger = Ledger(self.publisher, service.name, self.replica, self.clock)
        cover = Cover(self.keyring, service.aggregates)
        self.journal = self._journal(cover) if settings.journal else None
        state_dir: Path | None = settings.state_dir
        self.handed = Handed(state_dir, self.replica, self.clock) if state_dir is not None else None
        self._units = {kind.name: Unit(kind, self) for kind in service.aggregates}
        adapters = service.adapters(self)
        jitter = random.Random(self.replica)  # noqa: S311 - it spreads retries
        circuits = Circuits(jitter.random)
        limits = effect_limits(service, self.settings)
        for unit in self._units.values():
            unit.runner = Runner(
                unit.engine,
                adapters,
                self.keyring,
                clock=self.clock,
                jitter=jitter,
                circuits=circuits,
                limits=limits,
                mark=self.handed.mark if self.handed is not None else None,
                settled=self._settled if self.journal is not None else None,
            )
        engines = [unit.engine for unit in self._units.values()]
        if self.journal is not None:
            self.journal.reload_from({engine.kind.name: engine.collection for engine in engines})
            self.store.on_file = self.journal.file
        self.guard = Guard(
            self.store,
            engines,
            journal=journal_topic(service.name),
            cover=cover,
            source=self.publisher.source,
            bootstrap=settings.kafka,
            client=self.replica,
        )
        self.consumer = self._consumer()
        self.operations = Operations([h for unit in self._units.values() for h in unit.heard()], self.clock)
        self.repair = Repair(self.operations, settings.kafka, self.replica)

    @staticmethod
    def clock() -> datetime:
        """Now, UTC, milliseconds."""
        return to_instant(datetime.now(UTC))

    def engine(self, name: str) -> Engine[Any]:
        """The write path of one kind of aggregate."""
        return self._units[name].engine

    def measures(self) -> Measures:
        """What this process says of itself to Prometheus."""
        return Measures(self.service.name, list(self._units.values()), self.consumer, self.guard, self.journal)

    def _journal(self, cover: Cover) -> Journal:
        return Journal(self.publisher, journal_topic(self.service.name), int(self.replica, 16) % PARTITIONS, cover)

    async def _settled(self) -> None:
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await cast("Journal", self.journal).settled()
        except (PublishFailed, StoreUnavailable, TimeoutError) as error:
            raise NotSent(f"the journal: {type(error).__name__}") from error

    def _consumer(self) -> Consumer:
        routes: dict[str, Route] = {}
        for stream, topic in heard_by(self.service.name).items():
            unit = self._units[self.service.hears[stream]]
            routes[topic.name] = Route(unit.readers[stream], unit.engine)
        for name, (reader, receiver) in self.service.readers(self).items():
            routes[name] = Route(reader, receiver, foreign=True)
        return Consumer(
            routes,
            Burial(self.publisher, dead_letter_topic(self.service.name)),
            bootstrap=self.settings.kafka,
            group=self.service.name,
            replica=self.replica,
            instance=self.settings.instance,
        )

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """Everything that runs until the end, but for the consumer: it ends first."""
        mine = [coroutine for unit in self._units.values() for coroutine in unit.tasks()]
        guarded = [self.guard.after(work) for work in (*mine, *self.service.background(self))]
        journal = [self.journal.run()] if self.journal is not None else []
        return [self.guard.run(), *journal, *guarded, self.operations.watch(), self.ledger.run()]

    async def ready(self) -> Mapping[str, str]:
        """What is wrong, by name of the check; empty when all is well."""
        wrong: dict[str, str] = {"guard": why} if (why := self.guard.closed()) else {}
        try:
            await self.store.ping()
            if not self._indexed:
                wrong.update(await self._missing_indexes())
                self._indexed = not wrong
        except StoreUnavailable as error:
            wrong["store"] = str(error)[:200]
        if not self.consumer.healthy:
            wrong["broker"] = "the consumer is not connected"
        for name, unit in self._units.items():
            if not unit.relay.healthy:
                wrong[f"relay {name}"] = "events wait in the outbox"
            if not unit.engine.healthy:
                wrong[f"engine {name}"] = "the store or the keyring does not answer"
            if unit.engine.unloadable:
                wrong[f"newer schema {name}"] = unit.engine.unloadable
        return wrong

    async def _missing_indexes(self) -> Mapping[str, str]:
        found = {
            name: await unit.engine.collection.missing_indexes(unit.engine.kind.indexes)
            for name, unit in self._units.items()
        }
        for records in self.service.records:
            collection = self.store.collection(records.name)
            found[records.name] = await collection.missing_indexes(records.indexes, plain=True)
        return {f"indexes {name}": f"run `hoso migrate`: {', '.join(names)}" for name, names in found.items() if names}

    async def close(self) -> None:
        """Lets running effects end, then closes the sockets."""
        await asyncio.gather(*(unit.runner.drain(DRAIN_SECONDS) for unit in self._units.values()))
        if self.journal is not None:
            await self.journal.soon()

    async def disconnect(self) -> None:
        """After the last write."""
        with suppress(StoreUnavailable, TimeoutError):  # what stays in an outbox is published once more
            async with asyncio.timeout(CLEAR_SECONDS):
                await asyncio.gather(self.ledger.flush(), *(unit.relay.clear(0) for unit in self._units.values()))
        await self.publisher.close()
        self.store.close()
        self._keys.close()


def effect_limits(service: Service, settings: ServiceSettings) -> Mapping[str, Limit]:
    """What the settings override. Raises LookupError for a kind of effect this service does not have."""
    kinds = {effect.TYPE: effect for kind in service.aggregates for effect in kind.effects}
    strange = sorted(set(settings.effect_limits) - set(kinds))
    if strange:
        raise LookupError(f"EFFECT_LIMITS names {', '.join(strange)}; {service.name} has {', '.join(sorted(kinds))}")
    return {
        name: replace(declared(kinds[name]), **given.model_dump(exclude_none=True))
        for name, given in settings.effect_limits.items()
    }


def run(service: Service, settings: ServiceSettings) -> None:
    """Runs a service until SIGTERM or SIGINT; a task that ends by itself ends the process with exit code 1."""
    configure_logs(service.name, settings.log_level)
    TRACER.begin(service.name)
    # Most objects live as long as one message or as long as the process: looking through the latter finds nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    uvloop.run(_main(service, settings))


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _main(service: Service, settings: ServiceSettings) -> None:
    platform = Platform(service, settings)
    REGISTRY.register(platform.measures())
    router = service.routes(platform) if service.routes else new_router()
    add(router, operators(platform.operations, platform.repair))
    larger = service.larger_bodies(settings)
    app = create_app(
        service.name,
        router,
        Verifier(settings.oidc_issuer),
        ready=platform.ready,
        larger=larger,
        ledger=platform.ledger,
        closed=platform.guard.closed,
    )
    server = new_server(app, settings.host, settings.port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(coroutine) for coroutine in platform.tasks()]
    consuming = asyncio.create_task(platform.guard.after(platform.consumer.run()))
    http = asyncio.create_task(server.serve())
    log.info("started", replica=platform.replica, port=settings.port)
    stopping = asyncio.create_task(_until(stop))
    done, _ = await asyncio.wait([*tasks, consuming, http, stopping], return_when=asyncio.FIRST_COMPLETED)
    # Whatever hangs, the process ends within its grace period: to die anywhere is safe.
    asyncio.get_running_loop().call_later(GRACE_SECONDS, os._exit, EXIT_HANGING)
    server.should_exit = True
    platform.consumer.stop()
    if not platform.guard.passed.is_set():
        consuming.cancel()
    await asyncio.wait([consuming, http])
    await platform.close()
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
    await platform.disconnect()
    TRACER.end()
    failed = [task for task in done if task is not stopping and not task.cancelled() and task.exception()]
    if stopping not in done:
        for task in failed:
            log.critical("a task ended by itself", error=repr(task.exception()))
        raise SystemExit(1)
    stopping.cancel()
