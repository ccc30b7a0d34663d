"""One supervised process: start, readiness, restart with back-off, stop."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.errors import StartError
from deploy.local.paths import ROOT
from deploy.local.probes import POLL_SECONDS, Probe
from deploy.local.rundir import ProcessState

_BACKOFF_FIRST, _BACKOFF_MOST = 0.2, 5.0
_STEADY_SECONDS = 10.0
_TAIL_LINES, _TAIL_BYTES = 15, 16_384
_KILL_SECONDS = 5.0

# setpriv sets the death signal, then sh makes sure that the supervisor was still there when it was set: had it died
# between fork and prctl, the signal would never come. Both exec, so pid and process group stay the program's own.
# Some 2 ms; a preexec_fn would run Python between fork and exec, where a lock held by another thread is held for ever.
_GUARD = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", '[ "$PPID" = "$0" ] || exit 125; exec "$@"')


@dataclass(frozen=True)
class Process:
    """What to run. `env` is laid over this process's environment.

    `ready` answers whether it serves (OSError: not yet; None: as soon as it runs), within `seconds`.
    `ports` are the ones that must be free after the stop; the first is shown as its own.
    `restart`: started again when it ends by itself, after 0.2 s, doubled up to 5 s while it keeps ending early.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Probe | None = None
    restart: bool = False
    ports: Sequence[int] = ()
    cwd: Path = ROOT
    seconds: float = 30.0


class Child:
    """A process, its exit watched by pidfd so that its group can be killed before it is reaped."""

    def __init__(self, process: Process, log: Path, changed: Callable[[], None]) -> None:
        self.process = process
        port = process.ports[0] if process.ports else None
        self.state = ProcessState(name=process.name, pid=None, port=port, log=str(log))
        self._log = log
        self._changed = changed
        self._popen: subprocess.Popen[bytes] | None = None
        self._exited = asyncio.Event()
        self._stopping = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises StartError, naming process and log with the log's last lines, on an early end or past the deadline."""
        self._spawn()
        await self._until_ready()
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.process.name}")

    async def stop(self, grace: float) -> None:
        """SIGTERM, SIGKILL after `grace` seconds; returns when it is reaped."""
        self._stopping.set()
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await self._gone()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            async with asyncio.timeout(_KILL_SECONDS):
                await self._gone()

    async def end(self) -> None:
        """SIGKILL, and it is not started again; returns when it is reaped."""
        self._stopping.set()
        self.signal(signal.SIGKILL)
        async with asyncio.timeout(_KILL_SECONDS):
            await self._gone()

    def signal(self, number: signal.Signals) -> None:
        """To the process alone, not to its group; nothing happens when it is down."""
        if self._popen is not None and not self._exited.is_set():
            self._popen.send_signal(number)

    async def _gone(self) -> None:
        if self._popen is not None:
            await self._exited.wait()
        if self._watcher is not None:
            await self._watcher

    def _spawn(self) -> None:
        argv = [*_GUARD, str(os.getpid()), *map(str, self.process.argv)]
        self._exited = asyncio.Event()
        with self._log.open("ab") as log:
            # Not asyncio's: a cancelled create_subprocess_exec loses the handle of a process that runs.
            self._popen = subprocess.Popen(
                argv,
                env={**os.environ, **self.process.env},
                cwd=self.process.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        pidfd = os.pidfd_open(self._popen.pid)
        asyncio.get_running_loop().add_reader(pidfd, self._reap, self._popen, pidfd)
        self._update(pid=self._popen.pid, ready=False)

    def _reap(self, popen: subprocess.Popen[bytes], pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)
        self.state.exit_code = popen.wait()
        self._exited.set()
        self._update(pid=None, ready=False)

    async def _until_ready(self) -> None:
        try:
            async with asyncio.timeout(self.process.seconds):
                while not self._exited.is_set():
                    if await self._probe() and not self._exited.is_set():
                        self._update(pid=self.state.pid, ready=True)
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise self._failure(f"is not ready after {self.process.seconds:g} s") from None
        raise self._failure(f"ended early with exit code {self.state.exit_code}")

    async def _probe(self) -> bool:
        if self.process.ready is None:
            return True
        try:
            return await self.process.ready()
        except OSError:
            return False

    async def _watch(self) -> None:
        delay = _BACKOFF_FIRST
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            await self._exited.wait()
            if self._stopping.is_set() or not self.process.restart:
                return
            delay = _BACKOFF_FIRST if clock() - began > _STEADY_SECONDS else delay
            if await self._stopped_within(delay):
                return
            delay = min(delay * 2, _BACKOFF_MOST)
            began = clock()
            await self._again()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    async def _again(self) -> None:
        self.state.restarts += 1
        self._spawn()
        try:
            await self._until_ready()
        except StartError as error:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"supervisor: restart {self.state.restarts}: {str(error).splitlines()[0]}\n")
            self.signal(signal.SIGKILL)

    def _update(self, *, pid: int | None, ready: bool) -> None:
        self.state.pid, self.state.ready = pid, ready
        self._changed()

    def _failure(self, what: str) -> StartError:
        return StartError(f"{self.process.name} {what}; log {self._log}, its last lines:\n{_tail(self._log)}")


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:]) or "  (empty)"
