"""What is filed: library notifications, as a portal emits them and as a citizen posts them."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from joserfc.jwk import ECKey

from chassis import jose
from cli.demo.filings import plan
from deploy.local.stack import SOURCE
from schemas.envelope import Envelope, Headers
from schemas.topics import UPSTREAM
from schemas.upstream import FILED
from services.submission.upstream import bound

KINDS: Final = 3
Emission = tuple[bytes, bytes, Headers]


def filings(count: int) -> list[dict[str, Any]]:
    """Bodies of `count` filings without a fee."""
    return [planned.filing for planned in plan(count * KINDS, "bench") if not planned.pays]


def emissions(bodies: list[dict[str, Any]], own: ECKey, submission: ECKey) -> list[Emission]:
    """Key, value and headers of each as an upstream portal emits it, signed and encrypted; references are new."""
    found = []
    for body in bodies:
        reference = uuid.uuid4().hex
        envelope = Envelope(
            id=uuid.uuid4().hex,
            source=SOURCE,
            type=FILED,
            subject=reference,
            time=datetime.now(UTC),
            content_type=jose.CONTENT_TYPE,
        )
        data = json.dumps(body, ensure_ascii=False).encode()
        value = jose.wrap(data, signed_by=own, encrypted_to=submission, event=bound(envelope))
        found.append((reference.encode(), value, envelope.headers()))
    return found


async def emit(bootstrap: str, made: list[Emission]) -> None:
    """All at once; returns when the broker has them."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5) as producer:
        sent = [await producer.send(UPSTREAM, key=key, value=value, headers=list(hs)) for key, value, hs in made]
        await asyncio.gather(*sent)
