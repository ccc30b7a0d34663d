"""The dead-letter topic: copies for people, and the only place for records without a readable id."""

from __future__ import annotations

import asyncio
from typing import Final

from chassis.decision import Reason
from chassis.parking import MAX_DETAIL, dead_letter
from chassis.reading import Raw
from chassis.relay import Publisher, PublishFailed
from chassis.telemetry import DEAD_LETTERS, logger

BACKOFF: Final = 1.0
log = logger(__name__)


class Burial:
    """Copies records to one service's dead letters."""

    def __init__(self, publisher: Publisher, topic: str) -> None:
        self._publisher = publisher
        self._topic = topic

    async def bury(self, raw: Raw, reason: Reason, detail: str, *, secret: bool = False) -> None:
        """Returns once Kafka has the copy; keeps on until it does.

        A record that may hold personal data in clear is kept as its place, hash and size, without key and headers; the
        value of one that is larger than any event as its hash and size.
        """
        DEAD_LETTERS.labels(reason).inc()
        log.error("dead letter", topic=raw.topic, reason=reason, detail=detail[:MAX_DETAIL])
        letter = dead_letter(raw, reason=reason, detail=detail, secret=secret)
        while True:
            try:
                await self._publisher.publish(self._topic, [letter])
            except PublishFailed as error:
                log.warning("dead letter not acknowledged, trying again", error=str(error))
                await asyncio.sleep(BACKOFF)
            else:
                return
