"""Executes side effects under their leases and brings the outcomes back as messages.

A thin driver: `chassis.effects.lane` says what may be sent now, this obeys it, with one timer for the next instant.

Invariants:
    - An effect is executed only under a lease this process holds, begun early enough to end before the lease does, on
      our own monotonic clock.
    - A definite outcome is recorded; `Retryable` means certainly not executed; anything else leaves the lease to
      lapse, and the effect's policy decides (`chassis.effects.leases`).
    - What waited too long, or for a partner whose circuit is open, is handed back before its lease lapses, and no
      attempt is counted.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

from chassis.decision import Effect, Outcome
from chassis.delivery import Delivery, Dropped, EffectDeferred, EffectDone, EffectFailed, Handled
from chassis.document import PendingEffect
from chassis.effects.circuit import STATES, Circuits, Pass, Verdict
from chassis.effects.edge import Adapter, Asks, Call, Hears, Knows, NotSent, Permanent, Retryable
from chassis.effects.lane import Job, Lane, declared
from chassis.effects.queue import Limit
from chassis.effects.retry import delay
from chassis.engine import Engine
from chassis.keyring import Keyring
from chassis.telemetry import (
    CIRCUIT,
    EFFECTS,
    EFFECTS_OLDEST,
    EFFECTS_QUEUED,
    EFFECTS_RUNNING,
    TRACE,
    child_trace,
    logger,
)
from chassis.tracing import TRACER

__all__ = ["Adapter", "Asks", "Call", "NotSent", "Permanent", "Retryable", "Runner", "declared"]

REMEMBERED: Final = 60.0
"""Seconds after its lease that an effect nobody can tell about is remembered as sent."""
DRAINED: Final = 1.0
log = logger(__name__)
Message = EffectDone | EffectDeferred | EffectFailed


class Runner:
    """Runs the effects of one engine. `limits`: overrides by effect type; `circuits` are shared in a process.

    `mark` keeps the id of an effect that is about to be handed to its partner. `settled`: returns once the decision is
    in the journal, or raises NotSent: a partner never knows of an effect that a restored store would decide again.
    """

    def __init__(
        self,
        engine: Engine[Any],
        adapters: Mapping[type[Effect], Adapter],
        keyring: Keyring,
        *,
        clock: Callable[[], datetime],
        jitter: random.Random,
        circuits: Circuits | None = None,
        limits: Mapping[str, Limit] | None = None,
        mark: Callable[[str], None] | None = None,
        settled: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        missing = [e.TYPE for e in engine.kind.effects if e not in adapters]
        if missing:
            raise LookupError(f"{engine.kind.name} has no adapter for {', '.join(missing)}")
        circuits = circuits or Circuits(jitter.random)
        limits = limits or {}
        self._engine = engine
        self._keyring = keyring
        self._clock = clock
        self._jitter = jitter.random
        self._adapters = adapters
        own = {kind: adapters[kind] for kind in engine.kind.effects}  # a protocol is slow to ask about for each effect
        self._knows = {kind: adapter.known for kind, adapter in own.items() if isinstance(adapter, Knows)}
        self._hears = {kind: adapter.recorded for kind, adapter in own.items() if isinstance(adapter, Hears)}
        self._mark = mark
        self._settled = settled
        self._lanes: dict[type[Effect], Lane] = {}
        for kind in engine.kind.effects:
            circuit = circuits.of(kind.PARTNER) if kind.PARTNER else None
            self._lanes[kind] = Lane(kind, limits.get(kind.TYPE) or declared(kind), circuit)
            _watch(kind, self._lanes[kind])
        self._held: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Handle | None = None
        self._looks_at = 0.0
        self._draining = False

    def start(self, aggregate: str, pending: PendingEffect) -> None:
        """Takes in an effect that was just leased to this process; it is executed when its turn comes."""
        now = time.monotonic()
        life = min(
            pending.until - self._clock(), pending.effect.LEASE
        )  # the aggregate's last instant may be ahead of us
        job = Job(aggregate, pending, now + life.total_seconds(), pending.trace)
        self._held[pending.id] = job
        self._lanes[type(pending.effect)].add(job, now)
        self._look_at(now)

    def held(self, effect_id: str) -> Literal["queued", "sent"] | None:
        """What became of an effect here: still in our own queue, perhaps executed, or never heard of."""
        job = self._held.get(effect_id)
        return job.status if job is not None else None

    def known(self, effect: Effect) -> Outcome | None:
        """What comes of it, where that is known without executing it."""
        knows = self._knows.get(type(effect))
        return None if knows is None else knows(effect)

    async def drain(self, grace: float) -> None:
        """Hands back what was not sent and waits for what was; what does not end in `grace` s is left to its lease."""
        self._draining = True
        self._pump()
        try:
            async with asyncio.timeout(grace):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            log.warning("effects were cut off", effects=len(self._tasks))
        for task in self._tasks:
            task.cancel()

    # -- scheduling: synchronous ----------------------------------------------------------------------------------

    def _look_at(self, when: float) -> None:
        """Pumps at `when` or before."""
        if self._timer is not None:
            if self._looks_at <= when:
                return
            self._timer.cancel()
        self._looks_at = when
        self._timer = asyncio.get_running_loop().call_later(max(0.0, when - time.monotonic()), self._pump)

    def _pump(self) -> None:
        """Gives out everything that may be sent now and hands back what can no longer be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        for lane in self._lanes.values():
            for job, pause in lane.hand_back(now, everything=self._draining):
                self._hand_back(job, DRAINED if self._draining else pause)
            for job, permit in lane.give_out(now):
                self._spawn(self._run(lane, job, permit, now))
        self._forget(now)
        instants = [at for lane in self._lanes.values() if (at := lane.next_at(now)) is not None]
        if instants:
            self._look_at(min(instants))

    def _hand_back(self, job: Job, pause: float) -> None:
        until = self._clock() + timedelta(seconds=pause)
        self._spawn(self._give(job, EffectDeferred(job.pending.id, until, tried=False), "handed_back"))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget(self, now: float) -> None:
        """Nobody asks about a lease that lapsed long ago; the oldest are first, but for those leased again."""
        while self._held:
            effect_id, job = next(iter(self._held.items()))
            if job.status == "queued" or now < job.lapses + REMEMBERED:
                return
            del self._held[effect_id]

    # -- execution --------------------------------------------------------------------------------------------------

    async def _run(self, lane: Lane, job: Job, permit: Pass | None, began: float) -> None:
        verdict: Verdict = "none"
        try:
            message, result, verdict = await self._attempt(job, began, lane.timeout)
        finally:
            now = time.monotonic()
            changed = lane.ended(permit, verdict, began=began, now=now)
            if changed is not None:
                log.warning("circuit changed", partner=job.pending.effect.PARTNER, state=changed)
            self._look_at(now)
        effect, above = job.pending.effect, job.pending.trace
        TRACER.executed(effect.TYPE, job.pending.id, result, trace=job.trace, parent=above, seconds=now - began)
        if message is None:
            EFFECTS.labels(job.pending.effect.TYPE, result).inc()
        else:
            await self._give(job, message, result)

    async def _attempt(self, job: Job, began: float, seconds: float) -> tuple[Message | None, str, Verdict]:
        """The message to record, if any, a word for the metrics, and what it shows of the partner."""
        pending, effect = job.pending, job.pending.effect
        job.trace = child_trace(pending.trace)
        TRACE.set(job.trace)
        mark, until = partial(self._hand_over, job), began + seconds
        call = Call(pending.id, job.aggregate, pending.attempts, job.trace, self._keyring, until, mark)
        fields = {"effect": pending.id, "kind": effect.TYPE}
        try:
            if self._settled is not None and (effect.POLICY != "repeat" or effect.PARTNER is not None):
                await self._settled()
            outcome = await self._in_time(job, call)
        except NotSent as error:
            log.info("effect not sent", **fields, why=str(error))
            return EffectDeferred(pending.id, self._retry_at(pending, error), tried=False), "handed_back", "none"
        except Retryable as error:
            log.info("effect deferred", **fields, why=str(error))
            deferred = EffectDeferred(pending.id, self._retry_at(pending, error))
            return deferred, "deferred", "failed" if error.after is None else "answered"
        except Permanent as error:
            log.warning("effect failed", **fields, why=str(error))
            verdict: Verdict = "answered" if error.reason == "refused" else "none"
            return EffectFailed(pending.id, error.reason), "failed", verdict
        except Exception as error:  # noqa: BLE001 - perhaps executed: the lease lapses and the policy decides
            log.warning("effect uncertain", **fields, error=f"{type(error).__name__}: {error}")
            return None, "uncertain", "failed"
        return EffectDone(pending.id, outcome), "done", "answered"

    def _hand_over(self, job: Job, effect_id: str) -> None:
        job.handed = True
        if self._mark is not None:
            self._mark(effect_id)

    async def _in_time(self, job: Job, call: Call) -> Outcome:
        """Raises NotSent where the adapter says when it hands over, and had not by the end of the call."""
        pending = job.pending
        try:
            async with asyncio.timeout(max(0.0, call.deadline - time.monotonic())):
                asks = pending.asks and pending.effect.POLICY == "ask"
                return await self._execute(pending.effect, call, asks=asks)
        except TimeoutError as error:
            if pending.effect.MARKS and not job.handed:
                raise NotSent("it was not handed over in time") from error
            raise

    async def _execute(self, effect: Effect, call: Call, *, asks: bool) -> Outcome:
        if effect.MARKS:
            call.timely()
        else:
            call.check()
        if (outcome := self.known(effect)) is not None:
            return outcome
        adapter = self._adapters[type(effect)]
        if asks and isinstance(adapter, Asks):
            outcome = await adapter.ask(effect, call)
            if outcome is not None:
                return outcome
        return await adapter.execute(effect, call)

    async def _give(self, job: Job, message: Message, result: str) -> None:
        """Hands a message to the document; what it no longer takes may still correct an unknown outcome."""
        effect = job.pending.effect
        EFFECTS.labels(effect.TYPE, result).inc()
        try:
            given = await self._engine.handle(
                Delivery(job.aggregate, message, trace=job.trace, patience=effect.PATIENCE)
            )
            certain = not isinstance(message, EffectDone) and effect.POLICY == "never"
            if isinstance(given, Dropped) and certain:
                reason = message.reason if isinstance(message, EffectFailed) else "lapsed"
                late = EffectDone(job.pending.id, effect.failed(reason), late=True)
                await self._engine.handle(Delivery(job.aggregate, late, trace=job.trace))
        except Exception:
            log.exception("an outcome could not be recorded", effect=job.pending.id, kind=effect.TYPE)
            return
        hears = self._hears.get(type(effect))
        if hears is not None and isinstance(message, EffectDone) and isinstance(given, Handled):
            hears(effect, job.aggregate)
        if self._held.get(job.pending.id) is job:
            del self._held[job.pending.id]

    def _retry_at(self, pending: PendingEffect, error: Retryable) -> datetime:
        after = error.after.total_seconds() if error.after is not None else None
        return self._clock() + timedelta(seconds=delay(pending.attempts, self._jitter, after))


def _watch(kind: type[Effect], lane: Lane) -> None:
    """Gauges are read when they are asked for."""
    EFFECTS_QUEUED.labels(kind.TYPE).set_function(lambda: len(lane.queue))
    EFFECTS_RUNNING.labels(kind.TYPE).set_function(lambda: lane.queue.running)
    EFFECTS_OLDEST.labels(kind.TYPE).set_function(lambda: lane.queue.oldest(time.monotonic()))
    circuit = lane.circuit
    if circuit is not None:
        CIRCUIT.labels(str(kind.PARTNER)).set_function(lambda: STATES.index(circuit.state(time.monotonic())))
