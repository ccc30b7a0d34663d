"""Numbers that a handler hears in order, and a side store in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import bson

from chassis.codec import Codec
from chassis.decision import Decision, Impossible
from chassis.delivery import Delivery, Drop, Position, Replay
from chassis.document import AggregateType, Document
from chassis.fold import Folder
from chassis.parking import SideRecord, needed, split
from schemas.event import DossierEvent, Record

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ID = "00000000-0000-0000-0000-000000000001"
POISON: set[int] = set()
"""Sequences the handler refuses: what a release got wrong and a later one does right."""


class Said(DossierEvent):
    STREAM = "said"
    TYPE = "said.it"
    n: int


class Heard(Record):
    numbers: tuple[int, ...] = ()


def hear(state: Heard | None, event: Said, _now: datetime) -> Decision[Heard]:
    if event.n in POISON:
        raise Impossible(f"{event.n} is poison")
    return Decision(Heard(numbers=(*(state or Heard()).numbers, event.n)))


KIND = AggregateType(name="heard", state=Heard, handlers={Said: hear})
FOLDER: Folder[Heard] = Folder(KIND, "one", lambda position: Said(dossier_id=ID, n=int(position.value)))


def event(n: int, *, pad: int = 0) -> Delivery:
    value = str(n).encode().rjust(pad)
    return Delivery(ID, Said(dossier_id=ID, n=n), position=Position("said", n, (("ce_type", b"said.it.v1"),), value))


def replay() -> Delivery:
    return Delivery(ID, Replay("said"))


def drop(*sequences: int, missing: bool = False) -> Delivery:
    return Delivery(ID, Drop("said", frozenset(sequences), "op-1", "test data", missing))


def parked(*deliveries: Delivery) -> Document[Heard]:
    doc: Document[Heard] = Document(ID)
    for delivery in deliveries:
        FOLDER.fold(doc, delivery, NOW)
    return doc


def numbers(doc: Document[Heard]) -> tuple[int, ...]:
    return doc.state.numbers if doc.state else ()


def stored(doc: Document[Heard], beside: dict[str, SideRecord]) -> Document[Heard]:
    """Through the store and back, with its side store."""
    doc.parked, records = split(doc.id, doc.parked)
    beside.update({record.ref: record for record in records})
    form = Codec(KIND).update(doc, lambda _kind, clear: clear)["$set"]
    return Codec(KIND).load({"_id": ID, **bson.decode(bson.encode(form))})


def filled(doc: Document[Heard], deliveries: list[Delivery], beside: Mapping[str, SideRecord]) -> Document[Heard]:
    wanted = {ref: beside[ref] for ref in needed(doc, deliveries)}
    doc.parked = [
        replace(p, headers=wanted[p.ref].headers, value=wanted[p.ref].value) if p.ref in wanted else p
        for p in doc.parked
    ]
    return doc
