"""Records who read personal data, and which officers acted: around every request, before its answer leaves.

    opened a sealed value or a file   recorded by Kafka before the answer begins; else the answer is 503
    an officer or a machine looked at a dossier, an officer acted     recorded beside the answer

What anybody does to a dossier is in its own events; an applicant who looks at the state of their own dossier, without
personal data, leaves no record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import readings
from chassis.http.auth import OFFICERS, Caller
from chassis.http.problems import Problem, unavailable
from chassis.ledger import Access, Ledger, LedgerFull
from chassis.readings import Readings
from chassis.telemetry import logger

WAIT_SECONDS: Final = 10.0
_READS: Final = frozenset({"GET", "HEAD"})
REFUSED: Final = 400
LONGEST: Final = 100
NOBODY: Final = Caller("", frozenset())
log = logger(__name__)


class Recorded:
    """Plain ASGI: bodies are not copied."""

    def __init__(self, app: ASGIApp, ledger: Ledger) -> None:
        self._app = app
        self._ledger = ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read = readings.begin()
        refused: Problem | None = None

        async def answered(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                refused = await self._record(scope, message["status"], read)
                if refused is not None:
                    await refused.response()(scope, receive, send)
            if refused is None:
                await send(message)

        await self._app(scope, receive, answered)

    async def _record(self, scope: Scope, status: int, read: Readings) -> Problem | None:
        """None once the answer may leave."""
        try:
            added = [self._ledger.add(access) for access in accesses(scope, status, read)]
            if added and read.opened:
                async with asyncio.timeout(WAIT_SECONDS):
                    await asyncio.gather(*map(asyncio.shield, added))
        except (LedgerFull, TimeoutError) as error:
            if read.opened:
                return unavailable("this cannot be shown while it cannot be recorded that it was")
            log.critical("an officer's request is not in the audit log", error=str(error))
        return None


def accesses(scope: Scope, status: int, read: Readings) -> Iterator[Access]:
    """The records of one answered request: none, one, or one for each dossier it read."""
    caller: Caller = scope.get("state", {}).get("caller") or NOBODY
    officer = bool(caller.roles & OFFICERS)
    known = officer or "service" in caller.roles
    reads = scope["method"] in _READS
    named = _bounded(scope.get("path_params", {}).get("dossier"))
    found: dict[str | None, tuple[str, ...]] = {d: tuple(sorted(kinds)) for d, kinds in read.found.items()}
    acted, looked = officer and not reads, known and status < REFUSED
    if (acted or looked) if named is not None else (acted and not found):
        found.setdefault(named, ())
    if not (known or read.opened):
        return
    route = f"{scope['method']} {getattr(scope.get('route'), 'path', 'unmatched')}"
    who, unit = (_bounded(caller.sub), _bounded(caller.unit)) if known else (None, None)
    for dossier, kinds in found.items():
        yield Access(route, status, who, tuple(sorted(caller.roles)), unit, dossier, kinds)


def _bounded(word: str | None) -> str | None:
    """What a caller sent, as far as a record holds it: a path that names no dossier may be of any length."""
    return (word or "")[:LONGEST] or None
