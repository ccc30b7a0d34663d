"""Executes side effects under their leases and brings the outcomes back as messages.

Invariants:
    - An effect is executed only under a lease this replica holds, and never past it on our own monotonic clock.
    - A definite outcome is recorded; `Retryable` means certainly not executed; anything else leaves the lease to
      lapse, and the effect's policy decides (`fold.Folder`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, runtime_checkable

from chassis.decision import Effect, Outcome
from chassis.delivery import Delivery, EffectDeferred, EffectDone
from chassis.document import PendingEffect
from chassis.engine import Engine
from chassis.keyring import Keyring, Unopenable
from chassis.telemetry import EFFECTS, TRACE, child_trace, logger
from schemas.personal import Personal

MARGIN: Final = 1.0
FIRST_RETRY: Final = 0.2
LAST_RETRY: Final = 60.0
log = logger(__name__)


class Retryable(Exception):
    """The effect was certainly not executed; it may be tried again, `after` some time if the partner said so."""

    def __init__(self, why: str, *, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True, slots=True)
class Call:
    """What an adapter knows of the call. `id` is the idempotency key towards the partner."""

    id: str
    aggregate: str
    attempts: int
    trace: str | None
    keyring: Keyring
    deadline: float

    async def open(self, value: Personal) -> str:
        """The clear text of a sealed value of this aggregate's dossier."""
        return await self.keyring.open(self.aggregate, value)

    def check(self) -> None:
        """Call it just before the bytes leave; raises Retryable when the lease is about to end."""
        if time.monotonic() > self.deadline:
            raise Retryable("the lease is about to end")


class Adapter(Protocol):
    """The only place that speaks a partner's protocol."""

    async def execute(self, effect: Any, call: Call) -> Outcome:
        """A definite outcome; raises Retryable if it was certainly not executed."""


@runtime_checkable
class Asks(Protocol):
    """An adapter of an effect with policy *ask*."""

    async def ask(self, effect: Any, call: Call) -> Outcome | None:
        """What became of an earlier attempt; None only if it certainly never will be executed."""


class Runner:
    """Runs the effects of one engine."""

    def __init__(
        self,
        engine: Engine[Any],
        adapters: Mapping[type[Effect], Adapter],
        keyring: Keyring,
        *,
        clock: Callable[[], datetime],
        jitter: random.Random,
    ) -> None:
        missing = [e.TYPE for e in engine.kind.effects if e not in adapters]
        if missing:
            raise LookupError(f"{engine.kind.name} has no adapter for {', '.join(missing)}")
        self._engine = engine
        self._adapters = adapters
        self._keyring = keyring
        self._clock = clock
        self._jitter = jitter
        self._slots = {e: asyncio.Semaphore(e.CONCURRENCY) for e in engine.kind.effects}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, aggregate: str, pending: PendingEffect) -> None:
        """Executes an effect that was just leased to this replica."""
        deadline = time.monotonic() + (pending.until - self._clock()).total_seconds() - MARGIN
        task = asyncio.create_task(self._run(aggregate, pending, deadline), name=pending.id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, grace: float) -> None:
        """Lets running effects end; what does not end in `grace` seconds is left to its lease."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in self._tasks:
            task.cancel()

    async def _run(self, aggregate: str, pending: PendingEffect, deadline: float) -> None:
        effect = pending.effect
        trace = child_trace(pending.trace)
        TRACE.set(trace)
        call = Call(pending.id, aggregate, pending.attempts, trace, self._keyring, deadline)
        message: EffectDone | EffectDeferred
        try:
            async with self._slots[type(effect)]:
                call.check()
                async with asyncio.timeout(effect.CALL_TIMEOUT.total_seconds()):
                    outcome = await self._execute(effect, call, asks=pending.asks)
            message = EffectDone(pending.id, outcome)
            result = "done"
        except Retryable as error:
            message = EffectDeferred(pending.id, self._retry_at(pending, error))
            result = "deferred"
            log.info("effect deferred", effect=pending.id, kind=effect.TYPE, why=str(error))
        except Unopenable as error:
            message = EffectDone(pending.id, effect.failed("erased"))
            result = "erased"
            log.warning("effect given up", effect=pending.id, kind=effect.TYPE, why=str(error))
        except Exception as error:  # noqa: BLE001 - perhaps executed: the lease lapses and the policy decides
            EFFECTS.labels(effect.TYPE, "uncertain").inc()
            log.warning(
                "effect uncertain", effect=pending.id, kind=effect.TYPE, error=f"{type(error).__name__}: {error}"
            )
            return
        EFFECTS.labels(effect.TYPE, result).inc()
        try:
            await self._engine.handle(Delivery(aggregate, message, trace=trace))
        except Exception:
            log.exception("an outcome could not be recorded", effect=pending.id, kind=effect.TYPE)

    async def _execute(self, effect: Effect, call: Call, *, asks: bool) -> Outcome:
        adapter = self._adapters[type(effect)]
        if asks and isinstance(adapter, Asks):
            known = await adapter.ask(effect, call)
            if known is not None:
                return known
        return await adapter.execute(effect, call)

    def _retry_at(self, pending: PendingEffect, error: Retryable) -> datetime:
        """Exponential back-off with full jitter, from 0.2 to 60 seconds."""
        if error.after is not None:
            return self._clock() + error.after
        ceiling = min(LAST_RETRY, FIRST_RETRY * 2 ** min(pending.attempts, 12))
        return self._clock() + timedelta(seconds=self._jitter.uniform(FIRST_RETRY, max(FIRST_RETRY, ceiling)))
