"""The streams as statistics read them: one record at a time, or all of them again up to given positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from chassis.decision import Handlers
from chassis.delivery import Delivery
from chassis.kafka import Bootstrap
from chassis.reading import Raw, StreamReader, Unidentifiable, deliver
from chassis.rereading import Place, bounds, reread
from schemas.event import DossierEvent
from schemas.topics import CATALOGUES, heard_by
from services.tracking.domain.counted import COUNTED, Cell, Counted, cells, count

SERVICE: Final = "tracking"
TOPICS: Final = {topic.name: stream for stream, topic in heard_by(SERVICE).items()}
PLACES: Final = tuple((topic.name, p) for topic in heard_by(SERVICE).values() for p in range(topic.partitions))
Positions = Mapping[Place, int]
"""The offset of the next record of each partition; 0 where it is not named."""
_HANDLED: Final[Handlers] = cast("Handlers", COUNTED)  # a reader looks at the types alone
_READERS: Final = {topic: StreamReader(stream, CATALOGUES[stream], _HANDLED) for topic, stream in TOPICS.items()}


def read(raw: Raw) -> Delivery:
    """What a record says of which dossier.

    Its message is an event that is counted, or says why it is none. Raises Unidentifiable.
    """
    return deliver(_READERS[raw.topic], raw)


def counted(before: Counted, delivery: Delivery) -> Counted:
    """The dossier after what was read of it; the same object where nothing changed."""
    if delivery.position is None or not isinstance(delivery.message, DossierEvent):
        return before
    return count(before, delivery.position.stream, delivery.position.sequence, delivery.message)


def totals(dossiers: Iterable[Counted]) -> Counter[Cell]:
    """The sum of what each of them adds."""
    found: Counter[Cell] = Counter()
    for one in dossiers:
        found.update(cells(one))
    return found


async def recount(bootstrap: Bootstrap, until: Positions) -> Counter[Cell]:
    """All totals from the log, read from its beginning up to `until`: no table, no group, nothing remembered.

    Raises:
        TimeoutError: a record before `until` does not come within 30 seconds of the one before.
    """
    dossiers: dict[str, Counted] = {}
    async for records in reread(bootstrap, "statistics-recount", until):
        _count_all(dossiers, records)
    return totals(dossiers.values())


def _count_all(dossiers: dict[str, Counted], records: Iterable[Any]) -> None:
    for record in records:
        try:
            delivery = read(Raw(record.topic, record.key, record.value or b"", tuple(record.headers)))
        except Unidentifiable:
            continue
        known = dossiers.get(delivery.aggregate, Counted())
        dossiers[delivery.aggregate] = counted(known, delivery)


async def ends(bootstrap: Bootstrap) -> dict[Place, int]:
    """The offset after the last record of each partition."""
    return {place: end for place, (_, end) in (await bounds(bootstrap, "statistics-ends", PLACES)).items()}
