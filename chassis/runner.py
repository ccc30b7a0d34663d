"""Executes side effects under their leases and brings the outcomes back as messages.

A thin driver: `FairQueue` and `Circuit` say what may be sent now, this obeys them, one timer for the next instant.

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from chassis.decision import Effect, Outcome
from chassis.delivery import Delivery, Dropped, EffectDeferred, EffectDone, EffectFailed
from chassis.document import PendingEffect
from chassis.effects.circuit import STATES, Circuit, Circuits, Pass, Verdict
from chassis.effects.edge import Adapter, Asks, Call, NotSent, Permanent, Retryable
from chassis.effects.queue import FairQueue, Limit
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

__all__ = ["Adapter", "Asks", "Call", "NotSent", "Permanent", "Retryable", "Runner", "declared"]

MARGIN: Final = 1.0
LONGEST_PAUSE: Final = 300.0
REMEMBERED: Final = 60.0
"""Seconds after its lease that an effect nobody can tell about is remembered as sent."""
DRAINED: Final = 1.0
PROBE_LOOK: Final = 0.1
log = logger(__name__)
Message = EffectDone | EffectDeferred | EffectFailed


def declared(kind: type[Effect]) -> Limit:
    """The limit a kind of effect declares itself."""
    return Limit(kind.CONCURRENCY, kind.RATE, kind.BURST)


@dataclass(eq=False, slots=True)
class _Job:
    """An effect whose lease we hold; `lapses` on the monotonic clock."""

    aggregate: str
    pending: PendingEffect
    lapses: float
    trace: str | None
    status: Literal["queued", "sent"] = "queued"


class _Lane:
    """One kind of effect: its queue, its partner's circuit, its adapter."""

    def __init__(self, kind: type[Effect], adapter: Adapter, limit: Limit, circuit: Circuit | None) -> None:
        if kind.CALL_TIMEOUT.total_seconds() + MARGIN >= kind.LEASE.total_seconds():
            raise ValueError(f"{kind.TYPE}: LEASE must be over CALL_TIMEOUT and {MARGIN} s")
        self.adapter = adapter
        self.circuit = circuit
        self.timeout = kind.CALL_TIMEOUT.total_seconds()
        self.queue: FairQueue[_Job] = FairQueue(limit)
        EFFECTS_QUEUED.labels(kind.TYPE).set_function(lambda: len(self.queue))
        EFFECTS_RUNNING.labels(kind.TYPE).set_function(lambda: self.queue.running)
        EFFECTS_OLDEST.labels(kind.TYPE).set_function(lambda: self.queue.oldest(time.monotonic()))
        if circuit is not None:
            name = str(kind.PARTNER)
            CIRCUIT.labels(name).set_function(lambda: STATES.index(circuit.state(time.monotonic())))

    def blocked_until(self, now: float) -> float:
        """The end of an open circuit's cool-down, or now."""
        return now if self.circuit is None else max(now, self.circuit.until or now)

    def next_at(self, now: float) -> float | None:
        """When time alone changes what may be done. Another runner's probe may end unheard: it is looked for."""
        at = self.queue.next_at()
        if at is not None and self.circuit is not None and self.circuit.probing:
            return max(at, now + PROBE_LOOK)
        return at if at is None else max(at, self.blocked_until(now))


class Runner:
    """Runs the effects of one engine. `limits`: overrides by effect type; `circuits` are shared in a process."""

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
        self._lanes = {
            kind: _Lane(
                kind,
                adapters[kind],
                limits.get(kind.TYPE) or declared(kind),
                circuits.of(kind.PARTNER) if kind.PARTNER else None,
            )
            for kind in engine.kind.effects
        }
        self._held: dict[str, _Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._draining = False

    def start(self, aggregate: str, pending: PendingEffect) -> None:
        """Takes in an effect that was just leased to this process; it is executed when its turn comes."""
        now = time.monotonic()
        job = _Job(aggregate, pending, now + (pending.until - self._clock()).total_seconds(), pending.trace)
        self._held[pending.id] = job
        lane = self._lanes[type(pending.effect)]
        lane.queue.add(aggregate, job, now=now, latest=job.lapses - lane.timeout - MARGIN)
        self._look_at(now)

    def held(self, effect_id: str) -> Literal["queued", "sent"] | None:
        """What became of an effect here: still in our own queue, perhaps executed, or never heard of."""
        job = self._held.get(effect_id)
        return job.status if job is not None else None

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
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0.0, when - time.monotonic())
        if self._timer is not None:
            if self._timer.when() <= at and not self._timer.cancelled():
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._pump)

    def _pump(self) -> None:
        """Gives out everything that may be sent now and hands back what can no longer be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        for lane in self._lanes.values():
            self._hand_back(lane, now)
            while lane.queue.ready(now):
                given = lane.circuit.admit(now) if lane.circuit is not None else None
                if given is None and lane.circuit is not None:
                    break
                job = lane.queue.take(now)
                job.status = "sent"
                self._spawn(self._run(lane, job, given, now))
        self._forget(now)
        instants = [at for lane in self._lanes.values() if (at := lane.next_at(now)) is not None]
        if instants:
            self._look_at(min(instants))

    def _hand_back(self, lane: _Lane, now: float) -> None:
        """What cannot be sent before it is too late waits in its document, at the pace the queue has had."""
        blocked = lane.blocked_until(now)
        late = lane.queue.overdue(float("inf") if self._draining else blocked)
        for rank, job in enumerate(late, len(lane.queue)):
            pause = blocked - now + min(LONGEST_PAUSE, rank * lane.queue.interval)
            until = self._clock() + timedelta(seconds=DRAINED if self._draining else pause)
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

    async def _run(self, lane: _Lane, job: _Job, given: Pass | None, began: float) -> None:
        verdict: Verdict = "none"
        try:
            message, result, verdict = await self._attempt(lane, job, began)
        finally:
            now = time.monotonic()
            lane.queue.done(now - began)
            if lane.circuit is not None and given is not None:
                lane.circuit.report(given, verdict, now)
            self._look_at(now)
        if message is None:
            EFFECTS.labels(job.pending.effect.TYPE, result).inc()
        else:
            await self._give(job, message, result)

    async def _attempt(self, lane: _Lane, job: _Job, began: float) -> tuple[Message | None, str, Verdict]:
        """The message to record, if any, a word for the metrics, and what it shows of the partner."""
        pending, effect = job.pending, job.pending.effect
        job.trace = child_trace(pending.trace)
        TRACE.set(job.trace)
        call = Call(pending.id, job.aggregate, pending.attempts, job.trace, self._keyring, began + lane.timeout)
        fields = {"effect": pending.id, "kind": effect.TYPE}
        try:
            async with asyncio.timeout(lane.timeout):
                outcome = await self._execute(lane.adapter, effect, call, asks=pending.asks and effect.POLICY == "ask")
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

    @staticmethod
    async def _execute(adapter: Adapter, effect: Effect, call: Call, *, asks: bool) -> Outcome:
        call.check()
        if asks and isinstance(adapter, Asks):
            known = await adapter.ask(effect, call)
            if known is not None:
                return known
        return await adapter.execute(effect, call)

    async def _give(self, job: _Job, message: Message, result: str) -> None:
        """Hands a message to the document; what it no longer takes may still correct an unknown outcome."""
        effect = job.pending.effect
        EFFECTS.labels(effect.TYPE, result).inc()
        try:
            given = await self._engine.handle(Delivery(job.aggregate, message, trace=job.trace))
            certain = not isinstance(message, EffectDone) and not job.pending.asks
            if isinstance(given, Dropped) and certain:
                reason = message.reason if isinstance(message, EffectFailed) else "lapsed"
                late = EffectDone(job.pending.id, effect.failed(reason), late=True)
                await self._engine.handle(Delivery(job.aggregate, late, trace=job.trace))
        except Exception:
            log.exception("an outcome could not be recorded", effect=job.pending.id, kind=effect.TYPE)
            return
        if self._held.get(job.pending.id) is job:
            del self._held[job.pending.id]

    def _retry_at(self, pending: PendingEffect, error: Retryable) -> datetime:
        after = error.after.total_seconds() if error.after is not None else None
        return self._clock() + timedelta(seconds=delay(pending.attempts, self._jitter, after))
