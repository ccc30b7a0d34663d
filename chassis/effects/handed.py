"""Which effects this process handed to a partner: in files that outlive it, so that others need not guess.

A lease of a dead process means "perhaps executed". Most of them were only queued; their ids are not in its file, so
they were certainly not executed and may be tried again. A mark is one write to the kernel: it outlives kill -9, and
costs no write to the store. It does not outlive the machine: files of another boot say nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from chassis.document import PendingEffect
from chassis.telemetry import logger

ROTATE: Final = timedelta(minutes=5)
SKEW: Final = timedelta(seconds=2)
"""Clocks of replicas agree within a second; the aggregate's own may be ahead by as much."""
ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
FORGOTTEN: Final = timedelta(days=1)
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Record:
    """What a dead process left: ids, complete for leases granted after `since`."""

    since: datetime
    ids: frozenset[str]


class Handed:
    """The files of one process, and its reading of those of dead ones on this machine.

    Invariants:
        - The id of an effect is in the file before its bytes leave, or this process keeps no file.
        - A file speaks for its process only when that is dead: the process holds a lock as long as it lives.
        - A file speaks of no lease granted before it began, and of nothing once the machine was started again.
    """

    def __init__(self, folder: Path, replica: str, clock: Callable[[], datetime]) -> None:
        """Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._replica = replica
        self._clock = clock
        self._boot = _BOOT.read_text().strip()
        self._dead: dict[str, _Record | None] = {}
        self._lock = os.open(folder / f"{replica}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._file = -1
        self._files: list[Path] = []
        self._turn = 0
        self._begin()
        self._sweep()

    def mark(self, effect_id: str) -> None:
        """To be called just before the bytes leave. Where it cannot be written, this process keeps no file any more."""
        if self._file < 0:
            return
        try:
            if self._clock() - self._since >= ROTATE:
                self._begin()
            os.write(self._file, f"{effect_id}\n".encode())
        except OSError:
            log.exception("marks are given up")
            os.close(self._file)
            self._file = -1
            for path in self._files:
                path.unlink(missing_ok=True)

    def never_sent(self, pending: PendingEffect) -> bool:
        """Whether the process that holds this lease is dead and certainly did not hand the effect to its partner."""
        if pending.holder == self._replica:
            return False
        if pending.holder not in self._dead:
            found = self._read(pending.holder)
            if found is None:
                return False
            self._dead[pending.holder] = found
        record = self._dead[pending.holder]
        leased = pending.until - pending.effect.LEASE
        return record is not None and leased >= record.since + SKEW and pending.id not in record.ids

    def dead(self) -> list[str]:
        """Processes of this machine that ended lately and left word of what they did."""
        names = sorted({path.name.split(".")[0] for path in self._folder.glob("*.handed")} - {self._replica})
        return [name for name in names if self._is_dead(name)]

    def _begin(self) -> None:
        """A new file; the one before is kept, so that the last five minutes are always covered.

        The first speaks of every lease: this process had none before.
        """
        self._since = self._clock()
        since = self._since if self._files else ALWAYS
        self._turn += 1
        path = self._folder / f"{self._replica}.{self._turn:06d}.handed"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.write(file, json.dumps({"boot": self._boot, "since": since.isoformat()}).encode() + b"\n")
        if self._file >= 0:
            os.close(self._file)
        self._file = file
        self._files.append(path)
        while len(self._files) > 2:  # noqa: PLR2004 - this one and the one before
            self._files.pop(0).unlink(missing_ok=True)

    def _read(self, holder: str) -> _Record | None:
        """None while it lives, is of another machine, or left nothing that can be trusted."""
        try:
            return self._parse(sorted(self._folder.glob(f"{holder}.*.handed"))) if self._is_dead(holder) else None
        except (OSError, ValueError, KeyError):
            return None

    def _is_dead(self, holder: str) -> bool:
        try:
            lock = os.open(self._folder / f"{holder}.lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        else:
            return True
        finally:
            os.close(lock)

    def _parse(self, paths: list[Path]) -> _Record | None:
        since: datetime | None = None
        ids: set[str] = set()
        for path in paths:
            head, _, rest = path.read_text().partition("\n")
            said = json.loads(head)
            if said["boot"] != self._boot:
                return None
            since = since or datetime.fromisoformat(said["since"])
            ids.update(rest.split("\n"))
        return None if since is None else _Record(since, frozenset(ids))

    def _sweep(self) -> None:
        """Nobody asks about leases of a process that died a day ago."""
        old = datetime.now(UTC).timestamp() - FORGOTTEN.total_seconds()
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < old and self._is_dead(path.name.split(".")[0]):
                    path.unlink()
