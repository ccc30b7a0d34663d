"""Eight events of each dossier on four streams, as Kafka records."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cli.generate import GOLDENS
from schemas.envelope import Envelope
from schemas.event import DossierEvent, to_instant
from schemas.topics import CATALOGUES, STREAMS

STORY: Final = (
    ("dossier.submitted", "filed_at"),
    ("dossier.accepted", "received_at"),
    ("payment.received", "paid_at"),
    ("notification.sent", "at"),
    ("dossier.assigned", "assigned_at"),
    ("dossier.decided", "decided_at"),
    ("delivery.result_delivered", "delivered_at"),
    ("notification.delivered", "at"),
)
Record = tuple[str, bytes, list[tuple[str, bytes]]]


def _golden(name: str) -> Any:
    stream = name.partition(".")[0]
    return CATALOGUES[stream].decode(f"{name}.v1", (GOLDENS / f"{name}.v1.json").read_bytes())


_EVENTS: Final = [(_golden(name), field) for name, field in STORY]


def story(dossier: str) -> Iterator[tuple[str, Record]]:
    """Topic and record of each event in order."""
    last: dict[str, int] = {}
    began = to_instant(datetime.now(UTC))
    for step, (golden, field) in enumerate(_EVENTS):
        last[golden.STREAM] = last.get(golden.STREAM, 0) + 1
        at = began + timedelta(hours=step)
        event = golden.model_copy(update={"dossier_id": dossier, field: at})
        yield STREAMS[golden.STREAM].name, record(event, dossier, last[golden.STREAM], at)


def record(event: DossierEvent, dossier: str, sequence: int, at: datetime) -> Record:
    """One event as it stands in its topic."""
    name = f"{event.STREAM}/{dossier}/{sequence}"
    envelope = Envelope(name, "/bench", event.type_name(), dossier, at, sequence)
    return dossier, event.dump_json(), envelope.headers()


def told(dossiers: int) -> dict[str, list[Record]]:
    """Topic to the records of so many new dossiers, their events mixed as they would come."""
    found: dict[str, list[Record]] = {topic.name: [] for topic in STREAMS.values()}
    stories = [list(story(str(uuid.uuid4()))) for _ in range(dossiers)]
    for step in range(len(STORY)):
        for one in stories:
            topic, made = one[step]
            found[topic].append(made)
    return found
