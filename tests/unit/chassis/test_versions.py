"""Older forms are lifted, newer ones left; what a newer release added is carried; one bad document holds up itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.codec import Codec, NewerSchema, Stored, Unloadable
from chassis.decision import DeadlineDue, Decision, Effect, Outcome, Policy
from chassis.delivery import Delivery, Handled, Irrelevant, Sweep, Unreadable, WasParked
from chassis.document import NEVER, AggregateType, Document
from chassis.fold import Folder
from chassis.reading import Raw, StreamReader, decoder
from schemas.envelope import Envelope
from schemas.event import BrokenPayload, Catalogue, DossierEvent, Record, UnknownType
from schemas.versions import Form, Versions, same

ID = "00000000-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


def split(form: Form) -> Form:
    given, _, family = form["name"].partition(" ")
    return {**{k: v for k, v in form.items() if k != "name"}, "given": given, "family": family}


def join(form: Form) -> Form:
    rest = {k: v for k, v in form.items() if k not in {"given", "family"}}
    return {**rest, "name": f"{form['given']} {form['family']}"}


class Person1(Record):
    name: str
    total: int = 0


class Person2(Record):
    given: str
    family: str
    total: int = 0


class Greet(Effect):
    TYPE: ClassVar[str] = "greet"
    POLICY: ClassVar[Policy] = "never"
    VERSIONS: ClassVar[Versions] = Versions(2, up={1: lambda form: {"words": [form["text"]]}})
    words: tuple[str, ...]

    def unknown(self) -> Outcome:
        raise NotImplementedError


class Moved(DossierEvent):
    STREAM = "people"
    TYPE = "people.moved"
    VERSIONS = Versions(3, up={1: lambda form: {**form, "km": form["miles"] * 1.6}, 2: lambda f: {**f, "by": "foot"}})
    km: float
    by: str


def moved(state: Person2 | None, event: Moved, _now: datetime) -> Decision[Person2]:
    state = state or Person2(given="", family="")
    return Decision(state.model_copy(update={"total": state.total + round(event.km)}))


def kind(versions: Versions, state: type[Any] = Person2) -> AggregateType[Any]:
    return AggregateType(name="people", state=state, handlers={Moved: moved}, effects=(Greet,), versions=versions)


V2 = kind(Versions(2, up={1: split}))
EXPAND = kind(Versions(2, writes=1, up={1: split}, down={2: join}))


def stored(v: int, state: Form | None, **more: Any) -> Stored:
    return {"_id": ID, "version": 1, "v": v, "state": state, "at": NOW, **more}


def written(kind: AggregateType[Any], doc: Document[Any]) -> Stored:
    update: Stored = Codec(kind).update(doc, lambda _kind, _clear: pytest.fail("nothing is clear"))["$set"]
    return update


@pytest.mark.parametrize("missing", [{}, {2: same}, {1: same}], ids=["none", "first", "second"])
def test_a_version_without_its_upcaster_does_not_start(missing: dict[int, Any]) -> None:
    with pytest.raises(ValueError, match="no upcaster from version"):
        Versions(3, up=missing)


def test_a_release_that_writes_an_older_version_needs_its_downcaster() -> None:
    with pytest.raises(ValueError, match="no downcaster from version 2"):
        Versions(2, writes=1, up={1: same})
    with pytest.raises(ValueError, match="none of 1 to 2"):
        Versions(2, writes=3, up={1: same})


@given(st.text(alphabet="abc", min_size=1), st.text(alphabet="abc ", min_size=1))
def test_what_the_release_before_can_read_says_the_same(given: str, family: str) -> None:
    form = {"given": given, "family": family, "total": 1}
    versions = EXPAND.versions
    before = dict(form)
    assert versions.read(1, versions.write(form)) == form == before


def test_an_old_document_is_lifted_and_written_back_when_it_is_saved() -> None:
    doc = Codec(V2).load(stored(1, {"name": "Lò Mẫu", "total": 3}))
    assert doc.state == Person2(given="Lò", family="Mẫu", total=3)
    assert written(V2, doc)["v"] == 2
    assert written(V2, doc)["state"] == {"given": "Lò", "family": "Mẫu", "total": 3}


def test_while_the_release_before_runs_it_gets_what_it_can_read() -> None:
    doc = Codec(EXPAND).load(stored(1, {"name": "Lò Mẫu", "total": 3}))
    assert doc.state == Person2(given="Lò", family="Mẫu", total=3)
    assert (written(EXPAND, doc)["v"], written(EXPAND, doc)["state"]) == (1, {"name": "Lò Mẫu", "total": 3})


@pytest.mark.parametrize("state", [None, {"given": "Lò", "family": "Mẫu"}], ids=["closed", "open"])
def test_a_newer_document_is_left(state: Form | None) -> None:
    old = kind(Versions(), Person1)
    with pytest.raises(NewerSchema, match="has version 2, this release reads up to 1"):
        Codec(old).load(stored(2, state))


@pytest.mark.parametrize(
    "effect", [{"type": "greet", "v": 3, "data": {}}, {"type": "call", "v": 1, "data": {}}], ids=["version", "type"]
)
def test_a_newer_effect_leaves_its_document(effect: Form) -> None:
    with pytest.raises(NewerSchema):
        Codec(V2).load(stored(2, None, effects=[{**lease(), **effect}]))


def lease() -> Form:
    return {"id": "people/1", "status": "leased", "until": NOW, "holder": "one", "attempts": 1, "asks": False}


@pytest.mark.parametrize("version", [{}, {"v": 1}], ids=["before there were versions", "version 1"])
def test_an_old_effect_is_lifted_and_written_back(version: Form) -> None:
    doc = Codec(V2).load(stored(2, None, effects=[{**lease(), **version, "type": "greet", "data": {"text": "chào"}}]))
    assert doc.effects[0].effect == Greet(words=("chào",))
    effect = written(V2, doc)["effects"][0]
    assert (effect["v"], effect["data"]) == (2, {"words": ["chào"]})


def test_a_deadline_of_the_release_before_falls_due_on_the_lifted_state() -> None:
    def fell_due(state: Person2, _due: DeadlineDue, now: datetime) -> Decision[Person2]:
        assert now >= NOW
        return Decision(state.model_copy(update={"total": len(state.family)}))

    aggregate = AggregateType(
        name="people", state=Person2, handlers={DeadlineDue: fell_due}, versions=Versions(2, up={1: split})
    )
    doc = Codec(aggregate).load(stored(1, {"name": "Lò Mẫu"}, due=NOW))
    assert isinstance(Folder(aggregate, "one", decoder({})).fold(doc, Delivery(ID, Sweep()), NOW), Handled)
    assert (doc.state, doc.due) == (Person2(given="Lò", family="Mẫu", total=3), None)


def test_what_a_newer_release_added_is_carried_and_not_dropped() -> None:
    doc = Codec(V2).load(stored(2, {"given": "Lò", "family": "Mẫu", "title": "Bà"}))
    doc.state = Person2(given="Lò", family="Ví Dụ", total=1)
    state = written(V2, doc.copy())["state"]
    assert state == {"given": "Lò", "family": "Ví Dụ", "total": 1, "title": "Bà"}


def test_leftovers_of_an_upcaster_are_not_carried() -> None:
    lazy = kind(Versions(2, up={1: lambda form: {**form, **split(form)}}))
    doc = Codec(lazy).load(stored(1, {"name": "Lò Mẫu"}))
    assert written(lazy, doc)["state"] == {"given": "Lò", "family": "Mẫu", "total": 0}


def test_why_a_document_cannot_be_read() -> None:
    good, newer, bad = (
        {**stored(2, {"given": "Lò", "family": "Mẫu"}), "_id": "good"},
        {**stored(3, {}), "_id": "newer"},
        {**stored(2, {"given": 7}), "_id": "bad"},
    )
    found = {form["_id"]: type(Codec(V2).try_load(form)) for form in (newer, good, bad)}
    assert found == {"good": Document, "newer": NewerSchema, "bad": Unloadable}


CATALOGUE = Catalogue([Moved])


@pytest.mark.parametrize(
    ("type_name", "payload"),
    [
        ("people.moved.v1", {"miles": 10}),
        ("people.moved.v2", {"km": 16.0}),
        ("people.moved.v3", {"km": 16.0, "by": "foot"}),
    ],
)
def test_handlers_see_one_version_of_an_event(type_name: str, payload: Form) -> None:
    event = CATALOGUE.decode(type_name, json.dumps({"dossier_id": ID, **payload}).encode())
    assert event == Moved(dossier_id=ID, km=16.0, by="foot")


def test_an_upcaster_that_fails_and_a_version_to_come_are_told_apart() -> None:
    with pytest.raises(BrokenPayload, match=r"people\.moved\.v1 cannot be read: KeyError"):
        CATALOGUE.decode("people.moved.v1", b"{}")
    with pytest.raises(UnknownType, match=r"reads up to people\.moved\.v3"):
        CATALOGUE.decode("people.moved.v4", b"{}")


def test_an_event_is_published_in_the_version_that_its_readers_know() -> None:
    class Told(DossierEvent):
        STREAM = "people"
        TYPE = "people.told"
        VERSIONS = Versions(2, writes=1, up={1: lambda f: {**f, "words": [f["text"]]}}, down={2: shortened})
        words: tuple[str, ...]

    event = Told(dossier_id=ID, words=("chào",))
    assert (event.type_name(), event.dump()) == ("people.told.v1", {"dossier_id": ID, "text": "chào"})
    assert Catalogue([Told]).decode("people.told.v1", event.dump_json()) == event


def shortened(form: Form) -> Form:
    return {"dossier_id": form["dossier_id"], "text": form["words"][0]}


READER = StreamReader("people", CATALOGUE, V2.handlers)


def raw(type_name: str, value: bytes, sequence: int = 1) -> Raw:
    envelope = Envelope(id=str(sequence), source="/x", type=type_name, subject=ID, time=NOW, sequence=sequence)
    return Raw("people.events.v1", ID.encode(), value, tuple(envelope.headers()))


@pytest.mark.parametrize("type_name", ["people.moved.v4", "people.moved.v0", "people.moved.vx", "people.moved"])
def test_an_event_of_a_wrong_or_future_version_is_parked_and_not_taken_for_one_that_does_not_matter(
    type_name: str,
) -> None:
    assert isinstance(READER.read(raw(type_name, b"{}")).message, Unreadable)


@pytest.mark.parametrize("value", [b"{}", b"[1]", b"\xff", b"{", b"[" * 100_000], ids=str)
def test_an_old_event_with_a_broken_payload_is_unreadable(value: bytes) -> None:
    assert isinstance(READER.read(raw("people.moved.v1", value)).message, Unreadable)


def test_an_event_of_another_type_does_not_matter() -> None:
    assert isinstance(READER.read(raw("people.slept.v7", b"{}")).message, Irrelevant)


def test_a_parked_record_of_an_old_version_is_lifted_when_it_is_released() -> None:
    folder = Folder(V2, "one", decoder({"people": READER}))
    doc: Document[Person2] = Document(ID, at=NEVER)
    late = raw("people.moved.v1", json.dumps({"dossier_id": ID, "miles": 10}).encode(), 2)
    first = raw("people.moved.v3", json.dumps({"dossier_id": ID, "km": 1, "by": "foot"}).encode(), 1)
    assert isinstance(folder.fold(doc, READER.read(late), NOW), WasParked)
    kept = Codec(V2).load({"_id": ID, "version": 1, **written(V2, doc)})
    assert isinstance(folder.fold(kept, READER.read(first), NOW), Handled)
    assert kept.state == Person2(given="", family="", total=17)
