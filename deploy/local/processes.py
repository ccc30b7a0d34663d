"""A supervisor of local processes, in layers: each layer is ready before the next starts, and stops after it.

Invariants:
- No process outlives the supervisor, even after kill -9: the kernel sends it SIGKILL (PR_SET_PDEATHSIG) when the thread
  that forked it ends. So processes are started from the main thread only.
- A process is in a group of its own: Ctrl-C at the terminal reaches the supervisor alone, which stops in order.
- What a process started itself is killed with its group before the process is reaped: the group's id is still taken.
  (After kill -9 of the supervisor such grandchildren are not covered; none of ours has any.)
"""

import asyncio
import signal
import threading
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.child import Child, Process
from deploy.local.errors import LocalError, StopError
from deploy.local.ports import is_free
from deploy.local.probes import until
from deploy.local.rundir import RunDir

__all__ = ["Process", "Supervisor"]

GRACE_SECONDS = 10.0
_PORT_SECONDS = 5.0


class Supervisor:
    """Owns the processes of one run directory and keeps its state.json current."""

    def __init__(self, run: RunDir, *, grace: float = GRACE_SECONDS) -> None:
        self._run = run
        self._grace = grace
        self._layers: list[list[Child]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, layer: Sequence[Process]) -> None:
        """Start the processes of one layer side by side and wait until all are ready.

        Raises StartError for the first that ends early or is not ready in time; the others are left to `stop`.
        """
        if threading.current_thread() is not threading.main_thread():
            raise LocalError("processes must be started from the main thread: they die with the thread that forks them")
        self._refuse_repeated(layer)
        children = [Child(process, self._run.log(process.name), self._run.save) for process in layer]
        self._layers.append(children)
        self._run.state.processes.extend(child.state for child in children)
        await _all_or_first_error(children)

    async def stop(self) -> None:
        """SIGTERM layer by layer, the last first; SIGKILL after the grace period; then wait for the ports.

        Raises StopError when a port is still taken.
        """
        ports: list[int] = []
        while self._layers:
            children = self._layers.pop()
            await asyncio.gather(*(child.stop(self._grace) for child in children))
            ports += [port for child in children for port in child.process.ports]
            for child in children:
                self._run.state.processes.remove(child.state)
            self._run.save()
        await _wait_free(ports)

    def pid(self, name: str) -> int:
        """Raises LocalError when the process is down or unknown."""
        pid = self._child(name).state.pid
        if pid is None:
            raise LocalError(f"{name} is not running")
        return pid

    def restarts(self, name: str) -> int:
        return self._child(name).state.restarts

    def log(self, name: str) -> Path:
        return self._run.log(name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal. One with restart=True comes back by itself; see `wait_restarted`."""
        self._child(name).signal(number)

    async def take_down(self, names: Collection[str]) -> list[Process]:
        """Kills processes for good, all at once; returns what they were, for `start`. Raises LocalError, StopError."""
        children = [self._child(name) for name in names]
        await asyncio.gather(*(child.end() for child in children))
        for child in children:
            for layer in self._layers:
                if child in layer:
                    layer.remove(child)
            self._run.state.processes.remove(child.state)
        self._run.save()
        await _wait_free([port for child in children for port in child.process.ports])
        return [child.process for child in children]

    async def wait_restarted(self, name: str, restarts: int, *, seconds: float = 30.0) -> None:
        """Wait until the process has been restarted that many times in all and is ready. Raises TimeoutError."""
        child = self._child(name)

        async def back() -> bool:
            return child.state.restarts >= restarts and child.state.ready

        await until(back, seconds)

    def _child(self, name: str) -> Child:
        for layer in self._layers:
            for child in layer:
                if child.process.name == name:
                    return child
        raise LocalError(f"no process is called {name}")

    def _refuse_repeated(self, layer: Sequence[Process]) -> None:
        names = [state.name for state in self._run.state.processes] + [process.name for process in layer]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise LocalError(f"process names must differ: {', '.join(repeated)}")


async def _all_or_first_error(children: Iterable[Child]) -> None:
    tasks = [asyncio.create_task(child.start()) for child in children]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _wait_free(ports: Sequence[int]) -> None:
    async def all_free() -> bool:
        return all(map(is_free, ports))

    try:
        await until(all_free, _PORT_SECONDS)
    except TimeoutError:
        taken = [port for port in ports if not is_free(port)]
        raise StopError(f"ports still taken after the stop: {', '.join(map(str, taken))}") from None
