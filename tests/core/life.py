"""One incarnation of a replica, and the calls by which it waits for the scheduler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import AutoReconnect

from chassis.decision import Refused
from chassis.delivery import Delivery, Drop, IdempotencyKey, Replay, Sweep

from .replica import Replica
from .store import Act, short
from .tally import Do

if TYPE_CHECKING:
    from .world import World

EPOCH: Final = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LIVES: Final[dict[str, Life]] = {}
"""By the address that its clients are given."""


class Request:
    """A call that waits to be chosen. `rest` is what the same request does after `act`."""

    def __init__(
        self,
        life: Life,
        act: Act,
        *,
        rest: Sequence[Act],
        faults: Sequence[str],
        error: type[Exception],
        ready: Callable[[], bool],
    ) -> None:
        self.life = life
        self.act = act
        self.faults = tuple(faults)
        self.ready = ready
        self.done = False
        self.future: asyncio.Future[Any] = life.world.loop.create_future()
        self._rest = tuple(rest)
        self._error = error
        self.future.add_done_callback(lambda future: self.abandon() if future.cancelled() else None)

    def go(self, fault: str = "") -> None:
        """*lost*: done, but the answer does not come. *late*: not done yet. *fail*, *refused*: not done."""
        self._leave()
        durable = self.life.world.durable
        if fault in {"", "lost"}:
            result = self.act[1](durable)
        if fault == "":
            self.future.set_result(result)
            return
        durable.network += {"lost": self._rest, "late": (self.act, *self._rest)}.get(fault, ())
        self.future.set_exception(self._error(fault))

    def abandon(self) -> None:
        """Nobody waits for it any more; what it asked for may still happen."""
        if not self.done:
            self._leave()
            if "late" in self.faults:
                self.life.world.durable.network += (self.act, *self._rest)

    def _leave(self) -> None:
        self.done = True
        self.life.world.waiting.remove(self)


class Life:
    """One incarnation of a replica, from its start to its crash."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.alive = True
        self.jobs: set[str] = set()
        self.learned: set[str] = set()
        """Effects whose execution it was told of."""
        self.address = f"{name}-{len(LIVES)}"
        LIVES[self.address] = self
        self.replica = Replica(self)
        for coroutine in self.replica.tasks():
            self.spawn(coroutine)

    def clock(self) -> datetime:
        return EPOCH + timedelta(milliseconds=round(self.world.loop.time() * 1000))

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.world.loop.spawn(self, coroutine)

    def request(
        self,
        act: Act,
        *,
        rest: Sequence[Act] = (),
        faults: Sequence[str] = (),
        error: type[Exception] = AutoReconnect,
        ready: Callable[[], bool] = lambda: True,
    ) -> Request:
        request = Request(self, act, rest=rest, faults=faults, error=error, ready=ready)
        if self.world.ended:
            request.done = True
            request.future.cancel()
        elif self.alive:
            self.world.waiting.append(request)
        else:
            request.done = True
        return request

    async def step(self, act: Act, rest: Sequence[Act] = (), *, faults: Sequence[str] = ()) -> Any:
        return await self.request(act, rest=rest, faults=faults).future

    async def replicated(self, collection: str, document: str) -> None:
        durable = self.world.durable
        if durable.majority is not None:
            waits = self.request(
                (f"acknowledged {short(document)}", lambda _durable: None),
                ready=lambda: not durable.lags(collection, document),
            )
            await waits.future

    async def command(self, command: Do) -> None:
        """A client that was answered 2xx."""
        key = IdempotencyKey(command.ref, "digest")
        await self.replica.engine.handle(Delivery(command.dossier, command, key=key))
        self.world.durable.accepted |= {command.ref}
        self.jobs.discard(command.ref)

    async def sweep(self) -> None:
        """What the sweeper of a service does."""
        await self.replica.relay.sweep(everything=True)

    async def wake(self) -> None:
        """What the sweeper of a service does with deadlines and leases."""
        for aggregate in await self.replica.engine.collection.sleeping_until(self.clock(), limit=200):
            await self.replica.engine.handle(Delivery(aggregate, Sweep()))

    async def operate(self) -> None:
        """What an operator does about parked records: `hoso dlq replay`, once they are no poison any more, or drop."""
        for one in [one for one in self.world.scenario.inputs if one.poison]:
            if self.world.scenario.operator == "replay":
                message: Replay | Drop = Replay("said")
            else:
                message = Drop("said", frozenset({one.sequence}), by="operator", because="poison")
            with suppress(Refused):
                await self.replica.engine.handle(Delivery(one.dossier, message))

    def crash(self) -> None:
        self.alive = False
        for request in [r for r in self.world.waiting if r.life is self]:
            request.abandon()
        group = self.world.group
        group.members = [m for m in group.members if m.life is not self]
        if group.owner is not None and group.owner.life is self:
            group.owner = None
