"""The rules of one aggregate: what hypothesis may do to its inbox, and each rule by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.codec import Codec
from chassis.decision import Command, Decision, Effect, Impossible, Outcome, Policy, Refused
from chassis.delivery import (
    Delivery,
    Dropped,
    EffectDeferred,
    EffectDone,
    Handled,
    IdempotencyKey,
    Irrelevant,
    Position,
    Sweep,
    Unreadable,
    WasParked,
)
from chassis.document import MAX_PARKED, AggregateType, Document, OutboxEntry
from chassis.fold import Folder, ParkingFull
from schemas.event import DossierEvent, Record

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ID = "00000000-0000-0000-0000-000000000001"


class Said(DossierEvent):
    STREAM = "said"
    TYPE = "said.it"
    n: int


class Heard(Record):
    numbers: tuple[int, ...] = ()
    outcomes: tuple[str, ...] = ()


class Call(Effect):
    TYPE: ClassVar[str] = "call"
    POLICY: ClassVar[Policy] = "never"

    def unknown(self) -> Outcome:
        return Called(result="unknown")


class Query(Call):
    TYPE: ClassVar[str] = "query"
    POLICY: ClassVar[Policy] = "repeat"


class Order(Call):
    TYPE: ClassVar[str] = "order"
    POLICY: ClassVar[Policy] = "ask"


class Called(Outcome):
    result: str


class Do(Command):
    effect: str


def hear(state: Heard | None, event: Said, _now: datetime) -> Decision[Heard]:
    if event.n < 0:
        raise Impossible("negative")
    state = state or Heard()
    return Decision(state.model_copy(update={"numbers": (*state.numbers, event.n)}))


def do(state: Heard | None, command: Do, _now: datetime) -> Decision[Heard]:
    effect = {"call": Call, "query": Query, "order": Order}[command.effect]()
    return Decision(state or Heard(), effects=(effect,))


def called(state: Heard, outcome: Called, _now: datetime) -> Decision[Heard]:
    return Decision(state.model_copy(update={"outcomes": (*state.outcomes, outcome.result)}))


KIND = AggregateType(
    name="heard", state=Heard, handlers={Said: hear, Do: do, Called: called}, effects=(Call, Query, Order)
)


def decode(position: Position) -> Said | Irrelevant | Unreadable:
    return message(int(position.value))


def message(n: int) -> Said | Irrelevant | Unreadable:
    if n == 0:
        return Irrelevant()
    return Said(dossier_id=ID, n=n)


def folder(replica: str = "one") -> Folder[Heard]:
    return Folder(KIND, replica, decode)


def event(sequence: int, n: int, stream: str = "said") -> Delivery:
    return Delivery(ID, message(n), position=Position(stream, sequence, (), str(n).encode()))


@given(st.data())
def test_any_order_with_any_repeats_ends_the_same(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=12))
    events = [event(at, n) for at, n in enumerate(numbers, 1)]
    order = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=6))))
    doc: Document[Heard] = Document(ID)
    for delivery in order:
        folder().fold(doc, delivery, NOW)
    assert doc.seen == {"said": len(numbers)}
    assert doc.parked == []
    assert (doc.state.numbers if doc.state else ()) == tuple(n for n in numbers if n)


def test_a_gap_is_parked_never_skipped() -> None:
    doc: Document[Heard] = Document(ID)
    assert folder().fold(doc, event(2, 2), NOW) == WasParked("gap", "waits for 1")
    assert doc.state is None
    folder().fold(doc, event(1, 1), NOW)
    assert doc.state == Heard(numbers=(1, 2))


def test_an_irrelevant_event_advances_seen_with_no_state() -> None:
    doc: Document[Heard] = Document(ID)
    assert isinstance(folder().fold(doc, event(1, 0), NOW), Handled)
    assert (doc.seen, doc.state, doc.dirty) == ({"said": 1}, None, True)


def test_poison_parks_what_follows_it_and_no_other_stream() -> None:
    doc: Document[Heard] = Document(ID)
    assert folder().fold(doc, event(1, -1), NOW) == WasParked("impossible", "negative")
    assert isinstance(folder().fold(doc, event(2, 2), NOW), WasParked)
    assert isinstance(folder().fold(doc, event(1, 7, "other"), NOW), Handled)
    assert [p.reason for p in doc.parked] == ["impossible", "blocked"]
    assert doc.seen == {"other": 1}


def test_poison_that_comes_again_is_tried_again_and_parked_once() -> None:
    doc: Document[Heard] = Document(ID)
    folder().fold(doc, event(1, -1), NOW)
    folder().fold(doc, event(1, -1), NOW)
    assert [(p.sequence, p.attempts) for p in doc.parked] == [(1, 2)]


def test_parking_has_a_limit() -> None:
    doc: Document[Heard] = Document(ID)
    for sequence in range(2, MAX_PARKED + 2):
        folder().fold(doc, event(sequence, 1), NOW)
    with pytest.raises(ParkingFull):
        folder().fold(doc, event(MAX_PARKED + 2, 1), NOW)


def born(effect: str) -> Document[Heard]:
    doc: Document[Heard] = Document(ID)
    folder().fold(doc, Delivery(ID, Do(effect=effect)), NOW)
    return doc.copy()


def test_a_lapsed_lease_of_a_never_again_effect_is_unknown() -> None:
    doc = born("call")
    assert isinstance(folder("two").fold(doc, Delivery(ID, Sweep()), NOW + timedelta(seconds=1)), Dropped)
    folder("two").fold(doc, Delivery(ID, Sweep()), NOW + timedelta(hours=1))
    assert doc.state == Heard(outcomes=("unknown",))
    assert (doc.effects, doc.newborn) == ([], [])


@pytest.mark.parametrize("effect", ["query", "order"])
def test_a_lapsed_lease_of_a_repeatable_effect_is_leased_again(effect: str) -> None:
    doc = born(effect)
    folder("two").fold(doc, Delivery(ID, Sweep()), NOW + timedelta(hours=1))
    assert [(p.holder, p.attempts, p.asks) for p in doc.newborn] == [("two", 2, True)]
    assert doc.effects == doc.newborn


def test_a_deferred_effect_was_certainly_not_executed_and_runs_again() -> None:
    doc = born("call")
    later = NOW + timedelta(seconds=30)
    folder().fold(doc, Delivery(ID, EffectDeferred(doc.effects[0].id, later)), NOW)
    folder("two").fold(doc, Delivery(ID, Sweep()), later)
    assert [p.attempts for p in doc.newborn] == [2]
    assert doc.state == Heard()


def test_another_replica_cannot_defer_what_it_does_not_hold() -> None:
    doc = born("call")
    effect = doc.effects[0].id
    assert isinstance(folder("two").fold(doc, Delivery(ID, EffectDeferred(effect, NOW)), NOW), Dropped)


def test_an_outcome_counts_once() -> None:
    doc = born("call")
    done = Delivery(ID, EffectDone(doc.effects[0].id, Called(result="done")))
    assert isinstance(folder().fold(doc, done, NOW), Handled)
    assert isinstance(folder().fold(doc, done, NOW), Dropped)
    assert doc.state == Heard(outcomes=("done",))


def test_effect_ids_never_repeat() -> None:
    doc = born("call")
    first = doc.effects[0].id
    folder().fold(doc, Delivery(ID, EffectDone(first, Called(result="done"))), NOW)
    folder().fold(doc, Delivery(ID, Do(effect="call")), NOW)
    assert doc.effects[0].id != first


def test_an_event_that_has_no_topic_leaves_the_document_as_it_was() -> None:
    lost = replace(KIND, handlers={Said: lambda *_: Decision(Heard(numbers=(1,)), (Said(dossier_id=ID, n=1),))})
    doc: Document[Heard] = Document(ID)
    result = Folder(lost, "one", decode).fold(doc, event(1, 1), NOW)
    assert isinstance(result, WasParked)
    assert (result.reason, doc.state, doc.last, doc.outbox, doc.seen) == ("bug", None, 0, [], {})


def ends(state: Heard | None, _command: Do, _now: datetime) -> Decision[Heard]:
    return Decision(state, close=True)


ENDING = Folder(replace(KIND, handlers={**KIND.handlers, Do: ends}), "one", decode)


def test_a_closed_aggregate_keeps_what_tells_old_from_new_and_drops_all_else() -> None:
    doc: Document[Heard] = Document(ID, version=3)
    ENDING.fold(doc, event(1, 1), NOW)
    ENDING.fold(doc, Delivery(ID, Do(effect=""), key=IdempotencyKey("k", "d")), NOW)
    assert (doc.state, doc.seen, doc.closed, doc.wake) == (None, {"said": 1}, NOW, None)
    written = Codec(KIND).update(doc, lambda _kind, _clear: "")
    assert written["$set"] == {"v": 1, "version": 4, "seen": {"said": 1}, "last": 0, "at": NOW, "closed": NOW}
    assert {"state", "view", "keys", "outbox", "pending", "wake"} <= written["$unset"].keys()
    loaded = Codec(KIND).load({"_id": ID, **written["$set"]})
    for late in (event(1, 1), event(2, 2), Delivery(ID, Sweep()), Delivery(ID, EffectDone("x", Called(result="done")))):
        assert isinstance(ENDING.fold(loaded, late, NOW), Dropped)
    with pytest.raises(Refused, match="closed"):
        ENDING.fold(loaded, Delivery(ID, Do(effect="")), NOW)
    assert not loaded.dirty


@pytest.mark.parametrize("left", ["outbox", "effects", "parked"])
def test_nothing_is_closed_while_something_is_left(left: str) -> None:
    doc: Document[Heard] = Document(ID, state=Heard(numbers=(1,)))
    if left == "outbox":
        doc.outbox = [OutboxEntry(1, "topic", "said.it.v1", NOW, None)]
    elif left == "effects":
        folder().fold(doc, Delivery(ID, Do(effect="call")), NOW)
    else:
        folder().fold(doc, event(2, 2), NOW)
    ENDING.fold(doc, Delivery(ID, Do(effect="")), NOW)
    assert (doc.closed, doc.state, doc.due) == (None, Heard(numbers=(1,)), NOW + timedelta(hours=1))
