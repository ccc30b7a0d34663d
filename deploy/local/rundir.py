"""One directory per run: RUN_DIR/{lock, state.json, logs/, and a folder per server}.

Invariants:
- Whoever holds the lock owns the directory. The kernel drops the lock with the process, also after kill -9: a
  state.json whose lock is free is stale, whatever pid it names (pids are used again).
- state.json is replaced, never rewritten in place: a reader sees the old or the new one.
"""

import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from deploy.local.errors import InUseError

_KEPT_STALE = 3


@dataclass
class ProcessState:
    """`pid` is None while it is down, `exit_code` is of its last end (negative: the signal), `port` its first."""

    name: str
    pid: int | None
    port: int | None
    log: str
    restarts: int = 0
    ready: bool = False
    exit_code: int | None = None


@dataclass
class RunState:
    """What `state.json` holds. `pid` is the launcher's: SIGTERM to it stops the run."""

    pid: int
    addresses: dict[str, str] = field(default_factory=dict)
    processes: list[ProcessState] = field(default_factory=list)


class RunDir:
    """A run directory owned by this process until `close`."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.state = RunState(pid=os.getpid())
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take the directory, make it if need be. What servers left in it stays: Kafka and store go on from there.

        Raises InUseError when another launcher owns it.
        """
        path = path.absolute()
        (path / "logs").mkdir(parents=True, exist_ok=True)
        lock = _take_lock(path)
        if lock is None:
            state = read_state(path)
            owner = f"process {state.pid}" if state else "another process"
            raise InUseError(f"{path} is in use by {owner}: stop it, or choose another run directory")
        run = cls(path, lock)
        run.save()
        return run

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def save(self) -> None:
        fresh = self.path / "state.json.new"
        fresh.write_text(json.dumps(asdict(self.state), indent=1) + "\n", encoding="utf-8")
        fresh.replace(self.path / "state.json")

    def close(self, *, remove: bool = False) -> None:
        """Give the directory back; with `remove`, delete it with everything in it."""
        if remove:
            shutil.rmtree(self.path)
        else:
            (self.path / "state.json").unlink(missing_ok=True)
        os.close(self._lock)


def read_state(path: Path) -> RunState | None:
    """The state of a run that is alive, None when there is none (never started, stopped, or killed)."""
    try:
        lock = _take_lock(path)
        if lock is not None:
            os.close(lock)
            return None
        raw = json.loads((path / "state.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    processes = [ProcessState(**entry) for entry in raw["processes"]]
    return RunState(pid=raw["pid"], addresses=raw["addresses"], processes=processes)


def sweep(parent: Path, pattern: str) -> list[Path]:
    """Clear run directories of `pattern` that nobody owns; returns the ones removed.

    The newest few keep their logs, so that a red run can still be read after the next one.
    """
    removed: list[Path] = []
    stale = sorted(parent.glob(pattern), key=_modified, reverse=True)
    for place, path in enumerate(stale):
        lock = _take_lock(path)
        if lock is None:
            continue
        if place < _KEPT_STALE:
            _keep_logs_only(path)
        else:
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
        os.close(lock)
    return removed


def _keep_logs_only(path: Path) -> None:
    for entry in path.iterdir():
        if entry.name in {"logs", "lock"}:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _take_lock(path: Path) -> int | None:
    """The descriptor that holds the lock of the directory, None when another holds it (or has just removed it)."""
    name = path / "lock"
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if name.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
