"""One kind of aggregate in one replica: its engine, relay and runner wired together, and the sweep that wakes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from chassis.aside import Aside
from chassis.codec import Unloadable
from chassis.decision import Effect, Outcome
from chassis.delivery import Delivery, Sweep
from chassis.document import AggregateType, Document
from chassis.engine import Engine
from chassis.fold import Decode, Folder
from chassis.operations import Heard
from chassis.reading import StreamReader, decoder
from chassis.relay import Relay
from chassis.runner import Runner
from chassis.store import StoreUnavailable
from chassis.telemetry import EFFECTS, FAULTS, logger
from schemas.topics import CATALOGUES, STREAMS

if TYPE_CHECKING:
    from chassis.service import Platform

SWEEP_EVERY: Final = 0.5
RELAY_SWEEP_EVERY: Final = 10
PAGE: Final = 200
AT_ONCE: Final = 50
log = logger(__name__)


class Unit:
    """One kind of aggregate with its engine, relay and runner."""

    def __init__(self, kind: AggregateType[Any], platform: Platform) -> None:
        hears = [s for s, name in platform.service.hears.items() if name == kind.name]
        self.readers = {s: StreamReader(s, CATALOGUES[s], kind.handlers) for s in hears}
        decode: Decode = decoder(self.readers)
        collection = platform.store.collection(kind.name)
        never_sent = platform.handed.never_sent if platform.handed is not None else None
        self.folder = Folder(kind, platform.replica, decode, held=self._held, never_sent=never_sent, known=self._known)
        beside = platform.journal.beside if platform.journal is not None else None
        self.aside = Aside(platform.store.collection(f"{kind.name}_parked"), collection, beside)
        self.engine = Engine(
            kind,
            collection,
            platform.keyring,
            self.folder,
            clock=platform.clock,
            on_written=self.written,
            aside=self.aside,
            journal=platform.journal,
        )
        settled = platform.journal.settled if platform.journal is not None else None
        self.relay = Relay(self.engine, platform.publisher, settled=settled)
        self.runner: Runner
        self.clock = platform.clock
        self._handed = platform.handed
        self._late = 0.0
        self._looked = time.monotonic()

    def _held(self, effect_id: str) -> Literal["queued", "sent"] | None:
        return self.runner.held(effect_id)

    def _known(self, effect: Effect) -> Outcome | None:
        return self.runner.known(effect)

    def heard(self) -> list[Heard]:
        """The streams delivered to it, for operators."""
        return [
            Heard(stream, STREAMS[stream].name, reader, self.engine, self.folder, self.aside)
            for stream, reader in self.readers.items()
        ]

    def written(self, doc: Document[Any]) -> None:
        """Hands what a write decided to those who carry it out."""
        self.relay.written(doc.id, doc.kept)
        for pending in doc.newborn:
            self.runner.start(doc.id, pending)
        for pending in doc.doubtful:
            EFFECTS.labels(pending.effect.TYPE, "unknown").inc()
            log.error("nobody can tell whether an effect was executed", effect=pending.id, kind=pending.effect.TYPE)

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """What runs as long as the process."""
        return [self.engine.run(), self.relay.run(), self._sweep()]

    def late(self, now: float) -> float:
        """By how many seconds, at most, what is longest due is late; `now` on the monotonic clock."""
        return self._late + now - self._looked

    async def _look_at(self, aggregate: str) -> None:
        with suppress(Unloadable):
            await self.engine.handle(Delivery(aggregate, Sweep()))

    async def _look_at_all(self, aggregates: Sequence[str]) -> None:
        """A few at a time: nobody waits for these, and somebody may be waiting for what they would go before."""
        for at in range(0, len(aggregates), AT_ONCE):
            await asyncio.gather(*map(self._look_at, aggregates[at : at + AT_ONCE]))

    async def take_over(self) -> None:
        """What the dead had leased and never used need not wait until those leases lapse. Raises StoreUnavailable."""
        dead = self._handed.dead() if self._handed is not None and self.engine.kind.effects else []
        if not dead:
            return
        until = self.clock() + max(effect.LEASE for effect in self.engine.kind.effects)
        left = {"wake": {"$lte": until}, "effects.holder": {"$in": dead}}
        async for page in self.engine.collection.stream(left, ("_id",), PAGE):
            await self._look_at_all([found["_id"] for found in page])

    async def _sweep(self) -> None:
        """Wakes what fell due, and offers what a crash left in an outbox.

        A full page is followed by the next without a pause, unless nothing could be done about it.
        """
        rounds, due = 0, dict[str, datetime]()
        while True:
            before = due.keys()
            try:
                if rounds == 0:
                    await self.take_over()
                if rounds % RELAY_SWEEP_EVERY == 0:
                    await self.relay.sweep(everything=rounds == 0)
                now = self.clock()
                due = await self.engine.collection.sleeping_until(now, limit=PAGE + len(self.engine.behind))
                self._late, self._looked = (now - min(due.values(), default=now)).total_seconds(), time.monotonic()
                await self._look_at_all(list(due))
            except StoreUnavailable as error:
                log.warning("sweep put off: store unavailable", error=str(error)[:200])
            except Exception:
                FAULTS.labels("sweep").inc()
                log.exception("a sweep failed")
            rounds += 1
            if len(due) < PAGE or due.keys() == before:
                await asyncio.sleep(SWEEP_EVERY)
