"""The audit records of one process: chained by hash, published in order, several at a time while one is under way.

Invariants:
    - A chain is the key of its records: they are in one partition in the order of `n`, and what a crash leaves of it is
      its beginning, whole. After a failure the same records are published again, unchanged.
    - `add` answers when Kafka has the record: an answer that waits for it is never given without one.
    - What waits is bounded: beyond that `add` refuses, and what nobody waits for is counted as lost.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chassis.relay import Publisher, PublishFailed
from chassis.telemetry import AUDIT_LOST, AUDIT_RECORDS, TRACE, logger
from schemas.audit import NOTHING, RECORDS, AccessRecorded, digest
from schemas.envelope import Envelope, Headers

MOST: Final = 10_000
AT_ONCE: Final = 500
LINGER: Final = 0.1
"""Seconds for which records that no answer waits for gather: each batch costs this process and the broker a request."""
BACKOFF: Final = 0.5
log = logger(__name__)


class LedgerFull(Exception):
    """So many records wait for Kafka that no more are taken."""


@dataclass(frozen=True, slots=True)
class Access:
    """One answered request, about one dossier or none: the fields of `AccessRecorded` that it knows."""

    route: str
    status: int
    who: str | None = None
    roles: tuple[str, ...] = ()
    unit: str | None = None
    dossier: str | None = None
    opened: tuple[str, ...] = ()


class Ledger:
    """One chain, that of this process."""

    def __init__(self, publisher: Publisher, service: str, replica: str, clock: Callable[[], datetime]) -> None:
        self._publisher = publisher
        self._service = service
        self._chain = f"{service}-{replica}"
        self._clock = clock
        self._n = 0
        self._before = NOTHING
        self._waiting: deque[tuple[tuple[str, bytes, Headers], asyncio.Future[None]]] = deque()
        self._work = asyncio.Event()
        self._awaited = asyncio.Event()
        """Among what waits is a record that an answer waits for."""

    def add(self, access: Access) -> asyncio.Future[None]:
        """Done when Kafka has acknowledged the record. Raises LedgerFull."""
        if len(self._waiting) >= MOST:
            AUDIT_LOST.inc()
            raise LedgerFull(f"{MOST} audit records wait for Kafka")
        at = self._clock()
        record = AccessRecorded(
            chain=self._chain,
            n=self._n + 1,
            before=self._before,
            at=at,
            service=self._service,
            route=access.route,
            status=access.status,
            who=access.who,
            roles=access.roles,
            unit=access.unit,
            dossier=access.dossier,
            opened=access.opened,
        )
        value = record.dump_json()
        self._n, self._before = record.n, digest(value)
        envelope = Envelope(
            id=f"{self._chain}/{record.n}",
            source=self._publisher.source,
            type=record.type_name(),
            subject=access.dossier or self._chain,
            time=at,
            traceparent=TRACE.get(),
        )
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(((self._chain, value, envelope.headers()), done))
        self._work.set()
        if access.opened:
            self._awaited.set()
        return done

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            await self._work.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awaited.wait(), LINGER)
            await self.flush()

    async def flush(self) -> None:
        """Publishes all that waits."""
        while self._waiting:
            self._awaited.clear()
            batch = [self._waiting[at] for at in range(min(AT_ONCE, len(self._waiting)))]
            try:
                await self._publisher.publish(RECORDS, [record for record, _ in batch])
            except PublishFailed as error:
                log.warning("audit records wait, trying again", waiting=len(self._waiting), error=str(error)[:200])
                await asyncio.sleep(BACKOFF)
                continue
            AUDIT_RECORDS.inc(len(batch))
            for _, done in batch:
                self._waiting.popleft()
                if not done.done():
                    done.set_result(None)
        self._work.clear()
