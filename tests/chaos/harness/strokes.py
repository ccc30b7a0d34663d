"""Does to the running platform what the schedule says."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Literal

import httpx
from confluent_kafka import Consumer

from deploy.local.platform import Backbone
from deploy.local.probes import until
from deploy.local.stack import Stack, replica_names
from tests.chaos.harness.schedule import SERVICES, Stroke

BACK: Final = 60.0
"""Seconds for a process to come back, on a machine that does other things too."""
LED: Final = "dossier.events.v1"
CONTROLLED: Final = ("gateway", "phone", "post_office", "mailbox")


class Strokes:
    """`done`: what was really done, with the wall clock's time, the newest last. `said` is told of each."""

    def __init__(
        self, backbone: Backbone, stack: Stack, replicas: int, client: httpx.AsyncClient, said: Callable[[str], None]
    ) -> None:
        self.done: list[dict[str, Any]] = []
        self._backbone = backbone
        self._stack = stack
        self._replicas = replicas
        self._client = client
        self._said = said
        self._freezes: set[asyncio.Task[None]] = set()

    async def run(self, strokes: Sequence[Stroke]) -> None:
        """Returns after the last stroke; a freeze may still last (see `end`)."""
        began = time.monotonic()
        for stroke in strokes:
            await asyncio.sleep(max(0.0, began + stroke.at - time.monotonic()))
            match stroke.action:
                case "kill":
                    await self._kill(stroke)
                case "freeze":
                    self._freezes.add(asyncio.create_task(self._freeze(stroke)))
                case "trouble":
                    await self._faults(stroke.target, dict(stroke.faults))
                    self._said(f"{stroke.target} {dict(stroke.faults)}")

    async def end(self) -> None:
        """Everybody goes on, nobody misbehaves, everything is up again. Raises TimeoutError naming what is not."""
        for task in self._freezes:
            task.cancel()
        await asyncio.gather(*self._freezes, return_exceptions=True)
        names = [process.name for process in self._backbone.run.state.processes]
        await asyncio.gather(*(self._until(name, "ready") for name in names))
        await asyncio.gather(*(self._faults(partner, None) for partner in CONTROLLED))

    async def _kill(self, stroke: Stroke) -> None:
        name = await self._process(stroke)
        await self._until(name, "pid")
        self._backbone.supervisor.kill(name)
        self._note("kill", stroke.target, name)

    async def _freeze(self, stroke: Stroke) -> None:
        name = await self._process(stroke)
        self._backbone.supervisor.kill(name, signal.SIGSTOP)
        self._note("freeze", stroke.target, name)
        try:
            await asyncio.sleep(stroke.seconds)
        finally:
            self._backbone.supervisor.kill(name, signal.SIGCONT)
            self._note("go on", stroke.target, name)

    async def _process(self, stroke: Stroke) -> str:
        if stroke.target in SERVICES:
            names = replica_names(stroke.target, self._replicas)
            return names[int(stroke.pick * len(names))]
        if stroke.target == "kafka" and len(self._backbone.broker_names) > 1:
            return await self._leader(stroke.pick)
        return stroke.target

    async def _leader(self, pick: float) -> str:
        """The broker that leads one partition, once all replicas of it are in sync: one may die, not two."""
        asks = Consumer({"bootstrap.servers": self._backbone.kafka, "group.id": "strokes", "log_level": 0})
        leader = -1

        async def known() -> bool:
            nonlocal leader
            found = await asyncio.to_thread(asks.list_topics, LED, 5.0)
            partitions = found.topics[LED].partitions
            one = partitions[int(pick * len(partitions))]
            leader = one.leader
            return leader in self._backbone.broker_names and all(
                len(p.isrs) == len(p.replicas) for p in partitions.values()
            )

        try:
            await until(_calm(known), BACK)
        finally:
            asks.close()
        return self._backbone.broker_names[leader]

    async def _until(self, name: str, field: Literal["ready", "pid"]) -> None:
        """Waits until it is ready, or is a process at all: one that is only starting may be killed too."""
        state = next(p for p in self._backbone.run.state.processes if p.name == name)

        async def there() -> bool:
            return bool(getattr(state, field))

        try:
            await until(there, BACK)
        except TimeoutError:
            raise TimeoutError(f"{name} is not up again after {BACK:.0f} s; see {state.log}") from None

    async def _faults(self, partner: str, faults: dict[str, Any] | None) -> None:
        """A partner that is down just now has no faults to make; None ends them all."""
        url = f"{self._stack.url(partner)}/control/faults"
        with suppress(httpx.TransportError):
            if faults is None:
                await self._client.delete(url)
            else:
                (await self._client.post(url, json=faults)).raise_for_status()

    def _note(self, action: str, target: str, name: str) -> None:
        self.done.append({"at": time.time(), "action": action, "target": target, "process": name})
        self._said(f"{action} {name}")


def _calm(condition: Callable[[], Any]) -> Callable[[], Any]:
    """An unavailable cluster is just not yet so."""

    async def asked() -> bool:
        try:
            return bool(await condition())
        except Exception:  # noqa: BLE001 - confluent_kafka raises its own for "not now"
            await asyncio.sleep(0.5)
            return False

    return asked
