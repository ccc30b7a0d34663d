"""Reads the log: the seals there are, everything up to given offsets, and what concerns one dossier."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chassis.kafka import Bootstrap, partition_of
from chassis.rereading import bounds, reread
from schemas import envelope
from schemas.audit import RECORDS, SEALS, SEALS_KEY, AccessRecorded, LogSealed
from schemas.event import format_instant
from schemas.topics import PARTITIONS, audited
from services.audit.checking import Chains, Spans, read_seals
from services.audit.sealing import Logged, Place

CLIENT: Final = "audit"
PLACES: Final = tuple((topic.name, p) for topic in audited() for p in range(topic.partitions))
_SEALS: Final = (SEALS, partition_of(SEALS_KEY, PARTITIONS))
_ALL_SEALS: Final = tuple((SEALS, p) for p in range(PARTITIONS))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where partitions begin and end."""

    firsts: Mapping[Place, int]
    ends: Mapping[Place, int]


async def where(bootstrap: Bootstrap, places: Sequence[Place] = PLACES) -> Bounds:
    """The first offset of each partition and that after its last. Raises KafkaError."""
    found = await bounds(bootstrap, CLIENT, places)
    return Bounds({p: first for p, (first, _) in found.items()}, {p: end for p, (_, end) in found.items()})


async def seals(bootstrap: Bootstrap) -> tuple[list[LogSealed], list[str]]:
    """Every seal, and what is wrong with their topic itself. Raises KafkaError, TimeoutError."""
    there = await where(bootstrap, _ALL_SEALS)
    values: list[bytes] = []
    others = [p for (_, p), end in there.ends.items() if end and p != _SEALS[1]]
    strange = [f"{SEALS} partition {p}: a seal out of place" for p in others]
    if there.firsts[_SEALS]:
        strange.append(f"{SEALS}: it begins at offset {there.firsts[_SEALS]}")
    async for records in reread(bootstrap, CLIENT, {_SEALS: there.ends[_SEALS]}, there.firsts):
        values += [record.value or b"" for record in records]
    found, unreadable = read_seals(values)
    return found, [*strange, *unreadable]


async def check(bootstrap: Bootstrap, sealed: Sequence[LogSealed]) -> tuple[int, list[str]]:
    """How many records were read, and what of the log is not as it was sealed or chained. Raises KafkaError,
    TimeoutError.
    """
    there = await where(bootstrap)
    spans, chains = Spans(sealed), Chains()
    gone = [f"{topic} partition {p} begins at offset {n}" for (topic, p), n in there.firsts.items() if n]
    async for records in reread(bootstrap, CLIENT, there.ends, there.firsts):
        for record in records:
            spans.take(record)
            chains.take(record)
    return spans.records, [*gone, *spans.end(), *chains.wrong]


async def about(bootstrap: Bootstrap, dossier: str) -> list[dict[str, Any]]:
    """Everything the log has of one dossier, by time: what happened, who acted, who looked, what they opened.

    Raises KafkaError, TimeoutError.
    """
    mine = [(topic.name, partition_of(dossier, topic.partitions)) for topic in audited() if topic.name != RECORDS]
    there = await where(bootstrap, [*mine, *(place for place in PLACES if place[0] == RECORDS)])
    found: list[dict[str, Any]] = []
    async for records in reread(bootstrap, CLIENT, there.ends, there.firsts):
        lines = (told(record) for record in records if ("ce_subject", dossier.encode()) in record.headers)
        found += [line for line in lines if line is not None]
    return sorted(found, key=lambda line: str(line["at"]))


def told(record: Logged) -> dict[str, Any] | None:
    """One record for people; None for one that cannot be read."""
    value = record.value or b""
    try:
        head = envelope.read(record.headers)
        if record.topic == RECORDS:
            return _access(AccessRecorded.model_validate_json(value))
        by = _actor(json.loads(value))
    except ValueError:
        return None
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    return {"at": format_instant(head.time), "what": head.type, "by": by, "opened": [], **place}


def _access(access: AccessRecorded) -> dict[str, Any]:
    roles = "+".join(access.roles)
    return {
        "at": format_instant(access.at),
        "what": f"{access.service}: {access.route}",
        "by": f"{access.who} ({roles})" if access.who else roles or "a one-time link",
        "opened": list(access.opened),
        "status": access.status,
        "record": f"{access.chain}/{access.n}",
    }


def _actor(form: dict[str, Any]) -> str | None:
    """The officer an event names."""
    by = form.get("by")
    if isinstance(by, dict):
        deputy = f" for {by['on_behalf_of']}" if by.get("on_behalf_of") else ""
        return f"{by.get('officer')} ({by.get('role')}){deputy}"
    return str(by) if by else None
