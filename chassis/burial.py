"""The dead-letter topic: copies for people, and the only place for records without a readable id."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Final

from chassis.reading import Raw
from chassis.relay import Publisher, PublishFailed
from chassis.telemetry import DEAD_LETTERS, logger
from schemas.event import MAX_EVENT_BYTES

BACKOFF: Final = 1.0
MAX_DETAIL: Final = 1_000
log = logger(__name__)


class Burial:
    """Copies records to one service's dead letters."""

    def __init__(self, publisher: Publisher, topic: str) -> None:
        self._publisher = publisher
        self._topic = topic

    async def bury(self, raw: Raw, reason: str, detail: str, *, secret: bool = False) -> None:
        """Returns once Kafka has the copy; keeps on until it does.

        A record that may hold personal data in clear, or is larger than any event, is kept as its hash and size.
        """
        DEAD_LETTERS.labels(reason).inc()
        log.error("dead letter", topic=raw.topic, reason=reason, detail=detail[:MAX_DETAIL])
        digest = hashlib.sha256(raw.value).hexdigest()
        value = raw.value
        if secret or len(value) > MAX_EVENT_BYTES:
            value = json.dumps({"sha256": digest, "bytes": len(raw.value)}).encode()
        headers = [*raw.headers, ("hoso-topic", raw.topic.encode()), ("hoso-reason", reason.encode())]
        headers.append(("hoso-detail", detail[:MAX_DETAIL].encode()))
        key = (raw.key or digest.encode()).decode(errors="replace")
        while True:
            try:
                await self._publisher.publish(self._topic, [(key, value, headers)])
            except PublishFailed as error:
                log.warning("dead letter not acknowledged, trying again", error=str(error))
                await asyncio.sleep(BACKOFF)
            else:
                return
