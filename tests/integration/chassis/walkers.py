"""The same aggregate as two releases know it.

The release before knows people by one name; this one by two, and sums in metres instead of kilometres.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.decision import Command, Decision, Handlers
from chassis.document import AggregateType
from chassis.engine import Engine
from chassis.fold import Folder
from chassis.reading import StreamReader, decoder
from schemas.event import Catalogue, DossierEvent, Record
from schemas.versions import Form, Versions

from .conftest import Bench


class WalkedV1(DossierEvent):
    STREAM = "walks"
    TYPE = "walks.walked"
    km: int


class WalkedV2(DossierEvent):
    STREAM = "walks"
    TYPE = "walks.walked"
    VERSIONS = Versions(
        2,
        writes=1,
        up={1: lambda form: {"dossier_id": form["dossier_id"], "metres": form["km"] * 1000}},
        down={2: lambda form: {"dossier_id": form["dossier_id"], "km": form["metres"] // 1000}},
    )
    metres: int


class PersonV1(Record):
    name: str = "Lò Mẫu"
    km: int = 0


class PersonV2(Record):
    given: str = "Lò"
    family: str = "Mẫu"
    metres: int = 0


class Rename(Command):
    given: str
    family: str


class Step(Command):
    """Walks one kilometre."""


def split(form: Form) -> Form:
    given, _, family = form["name"].partition(" ")
    return {"given": given, "family": family, "metres": form["km"] * 1000}


def join(form: Form) -> Form:
    return {"name": f"{form['given']} {form['family']}", "km": form["metres"] // 1000}


def step_v1(state: PersonV1 | None, _message: Step, _now: datetime) -> Decision[PersonV1]:
    state = state or PersonV1()
    return Decision(state.model_copy(update={"km": state.km + 1}), answer={"km": state.km + 1})


def step_v2(state: PersonV2 | None, _message: Step, _now: datetime) -> Decision[PersonV2]:
    state = state or PersonV2()
    return Decision(state.model_copy(update={"metres": state.metres + 1000}), answer={"km": state.metres // 1000 + 1})


def rename_v1(state: PersonV1 | None, message: Rename, _now: datetime) -> Decision[PersonV1]:
    return Decision((state or PersonV1()).model_copy(update={"name": f"{message.given} {message.family}"}))


def rename_v2(state: PersonV2 | None, message: Rename, _now: datetime) -> Decision[PersonV2]:
    return Decision((state or PersonV2()).model_copy(update={"given": message.given, "family": message.family}))


def walk_v1(state: PersonV1 | None, event: WalkedV1, _now: datetime) -> Decision[PersonV1]:
    state = state or PersonV1()
    return Decision(state.model_copy(update={"km": state.km + event.km}))


def walk_v2(state: PersonV2 | None, event: WalkedV2, _now: datetime) -> Decision[PersonV2]:
    state = state or PersonV2()
    return Decision(state.model_copy(update={"metres": state.metres + event.metres}))


def kind(state: type[Any], handlers: Handlers, versions: Versions) -> AggregateType[Any]:
    return AggregateType(name="walkers", state=state, handlers=handlers, versions=versions)


V1_HANDLERS: Handlers = {Step: step_v1, Rename: rename_v1, WalkedV1: walk_v1}
V2_HANDLERS: Handlers = {Step: step_v2, Rename: rename_v2, WalkedV2: walk_v2}
BEFORE = kind(PersonV1, V1_HANDLERS, Versions())
EXPAND = kind(PersonV2, V2_HANDLERS, Versions(2, writes=1, up={1: split}, down={2: join}))
CONTRACT = kind(PersonV2, V2_HANDLERS, Versions(2, up={1: split}))


def engine(bench: Bench, kind: AggregateType[Any], replica: str) -> Engine[Any]:
    folder = Folder(kind, replica, decoder({"walks": reader(kind)}))
    collection = bench.store.collection(kind.name)
    return Engine(kind, collection, bench.keyring, folder, clock=bench.clock, on_written=lambda _doc: None)


def reader(kind: AggregateType[Any]) -> StreamReader:
    event: type[DossierEvent] = WalkedV1 if kind is BEFORE else WalkedV2
    return StreamReader("walks", Catalogue([event]), kind.handlers)


async def state_of(engine: Engine[Any], aggregate: str) -> Any:
    doc = await engine.read(aggregate)
    return doc.state if doc else None
