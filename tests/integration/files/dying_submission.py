"""Submission that is killed (-9) where a file says so: DEATHS/POINT is taken away and the process dies there, once.

Times are short, so that the tests need not wait long for them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from chassis.blobs import Blobs
from chassis.engine import Engine
from services.submission.files import attachment, upkeep
from services.submission.files.attachment import File
from services.submission.files.clamd import Clamd, Reply
from services.submission.files.messages import DiscardFile, ScanFile, SettleFile
from services.submission.main import main

FOLDER: Final = Path(os.environ["DEATHS"])
upkeep.LEFT_AFTER = timedelta(seconds=10)  # type: ignore[misc]
attachment.SETTLE = timedelta(seconds=2)  # type: ignore[misc]
for kind in (ScanFile, SettleFile, DiscardFile):
    kind.LEASE, kind.CALL_TIMEOUT = timedelta(seconds=9), timedelta(seconds=7)


def reached(point: str) -> None:
    """Dies here if this is where to die next."""
    file = FOLDER / point
    if file.exists():
        file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


_write: Final = Blobs.write
_scan: Final = Clamd.scan
_save: Final = Engine._save


async def write(self: Blobs, blob: str, number: int, data: bytes) -> None:
    await _write(self, blob, number, data)
    if number == 1:
        reached("half-stored")


async def scan(self: Clamd, content: AsyncIterable[bytes]) -> Reply:
    reply = await _scan(self, content)
    reached("scanned")
    return reply


async def save(self: Engine[Any], dirty: Any, clock: Any) -> set[int]:
    ours = any(isinstance(doc.state, File) and doc.version == 0 for doc in dirty)
    if ours:
        reached("to-store")
    lost = await _save(self, dirty, clock)
    if ours:
        reached("stored")
    return lost


Blobs.write = write  # type: ignore[method-assign] # it dies on purpose
Clamd.scan = scan  # type: ignore[method-assign]
Engine._save = save  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
