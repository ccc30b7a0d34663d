"""The backbone of a platform: a broker and a store, and further layers of processes on top of them."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from chassis.kafka import Bootstrap
from deploy.local.child import Process
from deploy.local.kafka import Kafka
from deploy.local.locks import Locks
from deploy.local.processes import Supervisor
from deploy.local.rundir import RunDir
from deploy.local.store import Store

__all__ = ["Backbone", "Process"]


class Backbone:
    """`async with Backbone(run_dir) as b`: Kafka and store are up inside, gone after.

    `kafka` is the bootstrap servers, `store_url` a MongoDB connection string. A run directory used before is taken up
    again: topics and documents are still there. With `keep=False` it is removed at the end. `brokers`: 1 or 3;
    `replication` is what topics are created with then. `locked`: servers of its own, whatever the
    environment names, and whoever speaks to them logs in (`locks`); `bootstrap` and `store_url` are the
    administrator's ways in.
    Raises InUseError, MissingError or StartError; nothing is left running then.
    """

    def __init__(self, run_dir: Path, *, keep: bool = True, brokers: int = 1, locked: bool = False) -> None:
        self.keep = keep
        self.replication = 1
        self.broker_names: Mapping[int, str] = {}
        self._brokers = brokers
        self._locked = locked
        self.locks: Locks | None = None
        self.bootstrap: Bootstrap = ""
        self._path = run_dir
        self._run: RunDir | None = None
        self._supervisor: Supervisor | None = None
        self.kafka = ""
        self.store_url = ""
        self.store_address = ""

    async def __aenter__(self) -> Self:
        self._run = RunDir.open(self._path)
        self._supervisor = Supervisor(self._run)
        try:
            await self._start_servers()
        except BaseException:
            self.keep = True
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    @property
    def run(self) -> RunDir:
        if self._run is None:
            raise RuntimeError("the backbone is not started")
        return self._run

    @property
    def supervisor(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("the backbone is not started")
        return self._supervisor

    async def start(self, layer: Sequence[Process], addresses: Mapping[str, str] | None = None) -> None:
        """Start a layer on top and wait until all of it is ready; `addresses` are shown to people by status."""
        self.run.state.addresses.update(addresses or {})
        await self.supervisor.start(layer)

    async def _start_servers(self) -> None:
        self.locks = Locks.open(self.run.path) if self._locked else None
        given = {} if self._locked else os.environ
        kafka = Kafka(self.run.path, given, brokers=self._brokers, locks=self.locks)
        store = Store(self.run.path, given, locks=self.locks)
        brokers, documents = await asyncio.gather(kafka.prepare(), store.prepare())
        self.kafka, self.store_url = kafka.bootstrap_servers, store.url
        self.store_address = store.address
        self.bootstrap = kafka.bootstrap
        self.replication, self.broker_names = kafka.replication, kafka.names
        addresses = {"kafka": self.kafka}
        if not store.external:  # an external URL may hold a password, and that of a locked one does
            addresses["store"] = f"mongodb://{store.address}/"
        await self.start([*brokers, *([documents] if documents else [])], addresses)

    async def _leave(self) -> None:
        try:
            await self.supervisor.stop()
        finally:
            self.run.close(remove=not self.keep)
