"""Follows the log and seals it when a local day has ended, or when asked to.

Invariant: what a seal says of a record is what was read when the record was first met; a record that is altered between
that and the seal is found like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from joserfc.jwk import ECKey
from prometheus_client import Gauge

from chassis.kafka import Bootstrap
from chassis.relay import Publisher, PublishFailed
from chassis.rereading import LOG_AWAY, reread
from chassis.telemetry import FAULTS, logger
from schemas.audit import SEALS, SEALS_KEY, LogSealed
from schemas.envelope import Envelope
from services.audit import log as reading
from services.audit.sealing import Growing, ends, seal
from services.audit.stamping import StampAway, stamp

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
SEALED_AT: Final = Gauge("hoso_audit_sealed_at_seconds", "When the last seal was made, Unix time; 0 if none was yet")
UNSEALED: Final = Gauge("hoso_audit_unsealed_records", "Records read since the last seal")
log = logger(__name__)


class LogBroken(Exception):
    """What was read before is not there any more, or records are missing: nothing is sealed over that."""


@dataclass(frozen=True, slots=True)
class Office:
    """Where and with what it seals."""

    bootstrap: Bootstrap
    publisher: Publisher
    key: ECKey
    tsa: str | None
    clock: Callable[[], datetime]


class Sealer:
    """One process seals. A second one would be found by `hoso audit verify`."""

    def __init__(self, office: Office, *, every: float) -> None:
        self._office = office
        self._every = every
        self._growing: Growing | None = None
        self._one = asyncio.Lock()
        self.seals: list[LogSealed] = []
        self.trouble: str | None = "the log was not read yet"

    async def run(self) -> None:
        """Works until cancelled: reads on, and seals each local day when it has ended."""
        while True:
            try:
                await self.follow()
                if self._day_ended():
                    await self.seal()
                self.trouble = None
            except (*LOG_AWAY, PublishFailed, StampAway, LogBroken, OSError) as error:
                self.trouble = f"{type(error).__name__}: {error}"[:300]
                log.warning("the log is not sealed on, trying again", error=self.trouble)
                if isinstance(error, LogBroken):
                    FAULTS.labels("audit").inc()
            await asyncio.sleep(self._every)

    async def follow(self) -> None:
        """Reads what was added. Raises KafkaError, TimeoutError, LogBroken."""
        async with self._one:
            await self._follow()

    async def seal(self) -> LogSealed:
        """Reads what was added, and seals it. Raises as `follow`, and StampAway, PublishFailed."""
        async with self._one:
            growing = await self._follow()
            office, now = self._office, self._office.clock()
            made = seal(self._last, growing.spans(), day=self._day(now), at=now, key=office.key)
            if office.tsa is not None:
                made = made.model_copy(update={"stamp": await stamp(office.tsa, made.signature)})
            await self._publish(made)
            self._sealed([*self.seals, made])
            log.info("sealed", n=made.n, day=made.day.isoformat(), root=made.root)
            return made

    async def _publish(self, made: LogSealed) -> None:
        """If the acknowledgement is lost the next round reads the seals again: it may be there."""
        name, source = f"audit/{made.n}", self._office.publisher.source
        envelope = Envelope(name, source, made.type_name(), SEALS_KEY, made.sealed_at)
        try:
            await self._office.publisher.publish(SEALS, [(SEALS_KEY, made.dump_json(), envelope.headers())])
        except PublishFailed:
            self._growing = None
            raise

    async def _follow(self) -> Growing:
        if self._growing is None:
            found, wrong = await reading.seals(self._office.bootstrap)
            if wrong:
                raise LogBroken("; ".join(wrong))
            self._sealed(found)
        growing = self._growing
        if growing is None:
            raise LogBroken("there is nothing to go on from")
        there = await reading.where(self._office.bootstrap)
        lost = [place for place, n in growing.next.items() if n > there.ends.get(place, 0)]
        lost += [place for place, first in there.firsts.items() if first > growing.next.get(place, 0)]
        if lost:
            raise LogBroken(f"records are gone from {sorted(set(lost))}")
        async for records in reread(self._office.bootstrap, reading.CLIENT, there.ends, growing.next):
            missed = [r for r in records if not growing.take(r)]
            if missed:
                self._growing = None
                raise LogBroken(f"{missed[0].topic}/{missed[0].partition}: offset {missed[0].offset} was not the next")
        UNSEALED.set(sum(span.end - span.first for span in growing.spans()))
        return growing

    def _sealed(self, seals: list[LogSealed]) -> None:
        self.seals = seals
        self._growing = Growing(ends(seals))
        SEALED_AT.set(seals[-1].sealed_at.timestamp() if seals else 0)
        UNSEALED.set(0)

    @property
    def _last(self) -> LogSealed | None:
        return self.seals[-1] if self.seals else None

    def _day(self, now: datetime) -> date:
        """The day a seal made now is for: the one that ended, unless it was sealed; then the present one."""
        today = now.astimezone(LOCAL).date()
        yesterday = today - timedelta(days=1)
        return yesterday if self._last is None or self._last.day < yesterday else today

    def _day_ended(self) -> bool:
        """A local midnight has passed since the last seal, or nothing was ever sealed."""
        now = self._office.clock().astimezone(LOCAL).date()
        return self._last is None or self._last.sealed_at.astimezone(LOCAL).date() < now
