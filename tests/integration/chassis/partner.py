"""A partner on a real socket, and replicas that execute effects at it on a real store."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

import pytest

from chassis.decision import Command, Decision, Effect, FailureReason, Outcome, Policy
from chassis.delivery import Delivery, IdempotencyKey, Sweep
from chassis.document import AggregateType, Document
from chassis.effects.circuit import Circuits
from chassis.effects.queue import Limit
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.runner import Call, Permanent, Retryable, Runner
from chassis.store import Collection
from schemas.event import Record

from .conftest import Bench

PATIENCE = 60.0


class Sent(Outcome):
    result: str


class Send(Effect):
    """One line to the partner, never again when nobody can tell."""

    TYPE: ClassVar[str] = "test.never"
    POLICY: ClassVar[Policy] = "never"
    LEASE: ClassVar[timedelta] = timedelta(seconds=30)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=5)
    PARTNER: ClassVar[str | None] = "test"

    def unknown(self) -> Outcome:
        return Sent(result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        return Sent(result=reason)


class SendAgain(Send):
    TYPE: ClassVar[str] = "test.repeat"
    POLICY: ClassVar[Policy] = "repeat"


class AskAndSend(Send):
    TYPE: ClassVar[str] = "test.ask"
    POLICY: ClassVar[Policy] = "ask"


class Brief(Send):
    """Waits a fifth of a second for its turn at most."""

    TYPE: ClassVar[str] = "test.brief"
    LEASE: ClassVar[timedelta] = timedelta(seconds=2.2)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=1)


class Marked(Brief):
    """Says when it hands something over."""

    TYPE: ClassVar[str] = "test.marked"
    MARKS: ClassVar[bool] = True


KINDS: Mapping[str, type[Effect]] = {
    **{e.POLICY: e for e in (Send, SendAgain, AskAndSend)},
    "brief": Brief,
    "marked": Marked,
}


class Cause(Command):
    effect: str
    times: int = 1


class Log(Record):
    results: tuple[str, ...] = ()


def cause(state: Log | None, command: Cause, _now: datetime) -> Decision[Log]:
    return Decision(state or Log(), effects=tuple(KINDS[command.effect]() for _ in range(command.times)))


def sent(state: Log, outcome: Sent, _now: datetime) -> Decision[Log]:
    return Decision(Log(results=(*state.results, outcome.result)))


KIND = AggregateType(name="logs", state=Log, handlers={Cause: cause, Sent: sent}, effects=tuple(KINDS.values()))


class Partner:
    """Answers ``send ID`` with ``ok``, ``ask ID`` with ``yes`` or ``no``; holds its answers while `open` is clear."""

    def __init__(self) -> None:
        self.port = 0
        self.open = asyncio.Event()
        self.open.set()
        self.executed: list[str] = []
        self.asked: list[str] = []
        self.answers = "ok"
        self.busy = 0
        self.peak = 0
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """On a free port the first time, on the same one later."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1_000)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Connections are refused from now on."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word, _, effect = (await reader.readline()).decode().strip().partition(" ")
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        try:
            if word == "ask":
                self.asked.append(effect)
                writer.write(b"yes\n" if effect in self.executed else b"no\n")
            elif effect:
                self.executed.append(effect)
                await self.open.wait()
                writer.write(f"{self.answers}\n".encode())
        finally:
            self.busy -= 1
            writer.close()

    def dossiers(self) -> list[str]:
        """Whose effects were executed, in order."""
        return [effect.split("/")[1] for effect in self.executed]


class Speaks:
    """The adapter. `taken`: when each call was begun, on the monotonic clock; nothing is sent while `open` is clear."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner
        self.open = asyncio.Event()
        self.open.set()
        self.taken: list[float] = []

    async def execute(self, effect: Send, call: Call) -> Outcome:
        self.taken.append(call.deadline - effect.CALL_TIMEOUT.total_seconds())
        await self.open.wait()
        match await self._say(f"send {call.id}", call):
            case "ok":
                return Sent(result="done")
            case "never":
                raise Permanent("refused")
            case answer:
                raise LookupError(answer)

    async def ask(self, _effect: Send, call: Call) -> Outcome | None:
        return Sent(result="done") if await self._say(f"ask {call.id}", call) == "yes" else None

    async def _say(self, line: str, call: Call) -> str:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._partner.port)
        except OSError as error:
            raise Retryable("refused") from error
        try:
            call.check()
            writer.write(f"{line}\n".encode())
            return (await reader.readline()).decode().strip()
        finally:
            writer.close()


class Replica:
    """One process: engine, runner and a sweeper. `store` may put a hook before the real collection."""

    def __init__(
        self,
        bench: Bench,
        name: str,
        partner: Partner,
        limit: Limit | None = None,
        store: Callable[[Collection], Collection] = lambda raw: raw,
        *,
        settled: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.bench = bench
        self.speaks = Speaks(partner)
        self.engine: Engine[Log] = Engine(
            KIND,
            store(bench.store.collection("logs")),
            bench.keyring,
            Folder(KIND, name, lambda _position: pytest.fail("nothing is parked here"), held=self._held),
            clock=bench.clock,
            on_written=self._written,
        )
        self.runner = Runner(
            self.engine,
            dict.fromkeys(KINDS.values(), self.speaks),
            bench.keyring,
            clock=bench.clock,
            jitter=random.Random(name),  # noqa: S311 - it spreads retries
            circuits=Circuits(lambda: 0.0),
            limits={} if limit is None else {kind.TYPE: limit for kind in KINDS.values()},
            settled=settled,
        )
        self.doubtful = 0
        self.dies_before_it_sends = False
        self._tasks: list[asyncio.Task[None]] = []

    def _held(self, effect_id: str) -> Literal["queued", "sent"] | None:
        return self.runner.held(effect_id)

    def _written(self, doc: Document[Any]) -> None:
        self.doubtful += len(doc.doubtful)
        for pending in () if self.dies_before_it_sends else doc.newborn:
            self.runner.start(doc.id, pending)

    async def cause(self, aggregate: str, effect: str, times: int = 1) -> None:
        """Has an aggregate decide `times` effects."""
        key = IdempotencyKey("cause", "cause")
        await self.engine.handle(Delivery(aggregate, Cause(effect=effect, times=times), key=key))

    async def sweep(self) -> None:
        """Wakes what fell due."""
        due = await self.engine.collection.sleeping_until(self.bench.clock(), 1_000)
        await asyncio.gather(*(self.engine.post(Delivery(aggregate, Sweep())) for aggregate in due))

    async def results(self, aggregate: str) -> tuple[str, ...]:
        """The outcomes an aggregate was told."""
        doc = await self.engine.read(aggregate)
        assert doc is not None
        assert doc.state is not None
        return doc.state.results

    async def all_results(self) -> Counter[str]:
        """The outcomes of all aggregates."""
        docs = await self.engine.page({}, None, 1_000)
        return Counter(result for doc in docs if doc.state is not None for result in doc.state.results)

    async def kill(self) -> None:
        """Everything stops where it is; no outcome is recorded, nothing is handed back."""
        await stop([*self._tasks, *self.runner._tasks])
        if self.runner._timer is not None:
            self.runner._timer.cancel()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Replica]:
        """Alive until the end of the block."""
        await self.engine.collection.ensure_indexes(())
        self._tasks = [asyncio.create_task(self.engine.run())]
        try:
            yield self
        finally:
            await self.kill()


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def eventually(condition: Callable[[], Any], *sweepers: Replica) -> None:
    """Waits until the condition holds, sweeping all the while."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            for replica in sweepers:
                await replica.sweep()
            await asyncio.sleep(0.02)
