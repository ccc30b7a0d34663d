"""Parked records: replay restores order and drops nothing, drop gives up what it names, the document stays small."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.codec import Codec
from chassis.decision import Refused
from chassis.delivery import Delivery, Dropped, Handled, Position, WasParked
from chassis.document import MAX_DROPS, MAX_PARKED, MAX_PARKED_BYTES, Document, Parked
from chassis.fold import ParkingFull
from chassis.parking import Gap, SideRecord, dead_letter, gaps, split
from chassis.reading import Raw
from schemas.envelope import MAX_HEADER_BYTES
from schemas.event import MAX_EVENT_BYTES

from .parking_kit import (
    FOLDER,
    ID,
    KIND,
    NOW,
    POISON,
    Heard,
    Said,
    drop,
    event,
    filled,
    numbers,
    parked,
    replay,
    stored,
)


@pytest.fixture(autouse=True)
def _nothing_is_poison() -> None:
    POISON.clear()


def test_a_replay_after_the_fix_handles_it_and_all_that_follow_in_one_fold() -> None:
    POISON.add(1)
    doc = parked(event(1), event(2), event(3), event(5))
    POISON.clear()
    answer = {"dropped": 0, "handled": 3, "seen": 3, "left": ""}
    assert FOLDER.fold(doc, replay(), NOW) == Handled(answer)
    assert (numbers(doc), [p.sequence for p in doc.parked]) == ((1, 2, 3), [5])
    assert isinstance(FOLDER.fold(doc, replay(), NOW), Dropped)


def test_a_replay_too_early_keeps_it_parked_in_order_with_one_attempt_more() -> None:
    POISON.add(1)
    doc = parked(event(1), event(2))
    assert FOLDER.fold(doc, replay(), NOW + timedelta(hours=1)) == WasParked("impossible", "1 is poison")
    assert [(p.sequence, p.reason, p.attempts, p.at) for p in doc.parked] == [
        (1, "impossible", 2, NOW),
        (2, "blocked", 1, NOW),
    ]
    assert (doc.seen, doc.state, doc.held) == ({}, None, NOW)


def test_a_replay_that_stumbles_later_says_over_what() -> None:
    POISON.update({1, 3})
    doc = parked(event(1), event(2), event(3), event(4))
    POISON.discard(1)
    result = FOLDER.fold(doc, replay(), NOW)
    assert result == Handled({"dropped": 0, "handled": 2, "seen": 2, "left": "3 is impossible: 3 is poison"})
    assert [(p.sequence, p.reason) for p in doc.parked] == [(3, "impossible"), (4, "blocked")]


def test_the_first_of_three_dropped_the_other_two_are_handled_in_the_same_fold() -> None:
    POISON.add(1)
    doc = parked(event(1), event(2), event(3))
    assert FOLDER.fold(doc, drop(1), NOW) == Handled({"dropped": 1, "handled": 2, "seen": 3, "left": ""})
    assert (numbers(doc), doc.parked, doc.dirty) == ((2, 3), [], True)
    assert [(g.sequence, g.by, g.because, g.reason, g.at) for g in doc.given_up] == [
        (1, "op-1", "test data", "impossible", NOW)
    ]


def test_a_drop_names_what_it_gives_up_and_handles_what_lies_between() -> None:
    POISON.update({1, 3})
    doc = parked(event(1), event(2), event(3), event(4))
    assert FOLDER.fold(doc, drop(1, 3), NOW) == Handled({"dropped": 2, "handled": 2, "seen": 4, "left": ""})
    assert (numbers(doc), [g.sequence for g in doc.given_up]) == ((2, 4), [1, 3])


def test_a_drop_that_comes_again_gives_up_nothing_else() -> None:
    POISON.update({1, 2})
    doc = parked(event(1), event(2))
    FOLDER.fold(doc, drop(1), NOW)
    assert isinstance(FOLDER.fold(doc, drop(1), NOW), Dropped)
    assert (doc.seen, [p.sequence for p in doc.parked]) == ({"said": 1}, [2])


@pytest.mark.parametrize(
    ("asked", "code"), [(drop(2), "not_next"), (drop(3), "not_next"), (drop(1), "missing")], ids=["next", "last", "gap"]
)
def test_what_cannot_be_dropped_is_refused_by_name_and_nothing_changes(asked: Delivery, code: str) -> None:
    doc = parked(event(2), event(3))
    before = doc.copy()
    with pytest.raises(Refused) as refused:
        FOLDER.fold(doc, asked, NOW)
    assert refused.value.code == code
    assert replace(doc, dirty=False) == before


def test_an_event_that_is_lost_for_ever_is_given_up_only_on_purpose() -> None:
    doc = parked(event(2), event(3))
    assert isinstance(FOLDER.fold(doc, drop(1, missing=True), NOW), Handled)
    assert (numbers(doc), [(g.sequence, g.reason) for g in doc.given_up]) == ((2, 3), [(1, None)])


def test_a_drop_does_not_reach_past_what_is_parked() -> None:
    POISON.add(1)
    doc = parked(event(1), event(2), event(5))
    FOLDER.fold(doc, drop(1, 3), NOW)
    assert (doc.seen, [g.sequence for g in doc.given_up]) == ({"said": 2}, [1])


def test_drops_have_a_limit() -> None:
    doc: Document[Heard] = Document(ID)
    POISON.update(range(MAX_DROPS + 2))
    for n in range(1, MAX_DROPS + 1):
        FOLDER.fold(doc, event(n), NOW)
        FOLDER.fold(doc, drop(n), NOW)
    FOLDER.fold(doc, event(MAX_DROPS + 1), NOW)
    with pytest.raises(Refused, match=str(MAX_DROPS)):
        FOLDER.fold(doc, drop(MAX_DROPS + 1), NOW)


def test_parking_has_a_limit_in_bytes_too() -> None:
    large = MAX_EVENT_BYTES - 100
    fits = MAX_PARKED_BYTES // large
    doc = parked(*(event(n, pad=large) for n in range(2, fits + 2)))
    with pytest.raises(ParkingFull):
        FOLDER.fold(doc, event(fits + 2, pad=large), NOW)
    assert isinstance(FOLDER.fold(doc, event(1), NOW), Handled)
    assert doc.seen == {"said": fits + 1}


def test_a_parked_record_that_cannot_be_decoded_stays_parked() -> None:
    doc = parked(event(2))
    doc.parked = [replace(doc.parked[0], value=b"no number")]
    FOLDER.fold(doc, event(1), NOW)
    assert [(p.sequence, p.reason, p.attempts) for p in doc.parked] == [(2, "bug", 2)]
    assert doc.seen == {"said": 1}


# -- beside ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.data())
def test_where_the_bytes_lie_makes_no_difference(data: st.DataObject) -> None:
    """Every batch in any order folds the same with the bytes beside as with all of them at hand."""
    count = data.draw(st.integers(1, 9))
    events = [event(n, pad=data.draw(st.sampled_from([0, 900, 3_000]))) for n in range(1, count + 1)]
    order = data.draw(st.permutations(events))
    batches = [
        [d for d, at in zip(order, cut, strict=True) if at == b] for b in range(3) for cut in [data.draw(_cut(order))]
    ]
    whole: Document[Heard] = Document(ID)
    apart: Document[Heard] = Document(ID)
    beside: dict[str, SideRecord] = {}
    for batch in batches:
        apart = filled(stored(apart, beside), batch, beside)
        for delivery in batch:
            assert FOLDER.fold(apart, delivery, NOW) == FOLDER.fold(whole, delivery, NOW)
    assert (apart.seen, numbers(apart)) == (whole.seen, numbers(whole))
    assert [(p.sequence, p.reason) for p in apart.parked] == [(p.sequence, p.reason) for p in whole.parked]


def _cut(order: list[Delivery]) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 2), min_size=len(order), max_size=len(order))


@pytest.mark.parametrize("pad", [1, 500, 2_000, 40_000])
def test_a_hundred_parked_records_keep_the_document_near_its_budget(pad: int) -> None:
    headers = tuple((f"ce_{n}", b"x" * 60) for n in range(9))
    doc: Document[Heard] = Document(ID)
    for n in range(2, MAX_PARKED + 2):
        position = Position("said", n, (("ce_type", b"said.it.v1"), *headers), b"1".rjust(pad))
        FOLDER.fold(doc, Delivery(ID, Said(dossier_id=ID, n=n), position=position), NOW)
    assert len(doc.parked) == MAX_PARKED
    doc.parked, beside = split(ID, doc.parked)
    size = len(bson.encode(Codec(KIND).update(doc, lambda _kind, clear: clear)["$set"]))
    assert size < 64 * 1024
    assert all(len(bson.encode({"value": record.value})) < 300 * 1024 for record in beside)
    again, more = split(ID, doc.parked)
    assert (again, more) == (doc.parked, [])


def reasons(doc: Document[Heard]) -> list[tuple[int, str]]:
    return [(p.sequence, p.reason) for p in doc.parked]


def test_what_waited_for_a_missing_event_is_no_gap_once_that_came_and_was_poison() -> None:
    POISON.add(1)
    doc = parked(event(3), event(2), event(5))
    assert reasons(doc) == [(2, "gap"), (3, "gap"), (5, "gap")]
    FOLDER.fold(doc, event(1), NOW)
    assert reasons(doc) == [(1, "impossible"), (2, "blocked"), (3, "blocked"), (5, "gap")]
    assert [p.detail for p in doc.parked[1:]] == ["waits for 1"] * 3


def test_no_gap_hides_behind_poison() -> None:
    POISON.add(1)
    doc = parked(event(1), event(3))
    assert reasons(doc) == [(1, "impossible"), (3, "gap")]
    FOLDER.fold(doc, event(2), NOW)
    assert reasons(doc) == [(1, "impossible"), (2, "blocked"), (3, "blocked")]


def test_what_waits_says_for_what_after_a_replay_and_a_drop() -> None:
    POISON.update({1, 2})
    doc = parked(event(1), event(2), event(3), event(5))
    POISON.discard(1)
    FOLDER.fold(doc, replay(), NOW)
    assert [(p.sequence, p.reason, p.detail) for p in doc.parked][1:] == [
        (3, "blocked", "waits for 2"),
        (5, "gap", "waits for 2"),
    ]
    POISON.add(5)
    FOLDER.fold(doc, event(6), NOW)
    FOLDER.fold(doc, drop(2, 4, missing=True), NOW)
    assert [(p.sequence, p.reason, p.detail) for p in doc.parked] == [
        (5, "impossible", "5 is poison"),
        (6, "blocked", "waits for 5"),
    ]


def test_a_record_whose_bytes_cannot_be_had_keeps_its_reference() -> None:
    doc = parked(event(2, pad=3_000))
    doc.parked, records = split(doc.id, doc.parked)
    FOLDER.fold(doc, event(1), NOW)
    assert [(p.sequence, p.reason, p.ref, p.size) for p in doc.parked] == [(2, "bug", records[0].ref, 3_000)]


# -- gaps and dead letters ------------------------------------------------------------------------------------------


def test_gaps_are_what_parked_records_wait_for() -> None:
    doc = parked(event(1), event(4), event(5), event(9))
    assert gaps(doc) == [Gap("said", 2, 3), Gap("said", 6, 8)]
    assert gaps(parked(event(1))) == []


def test_a_record_parked_without_its_bytes_is_read_again_by_a_repair() -> None:
    doc = parked(event(2))
    doc.parked = [replace(doc.parked[0], reason="too_large")]
    assert gaps(doc) == [Gap("said", 1, 1), Gap("said", 2, 2)]


@pytest.mark.parametrize("secret", [True, False])
def test_a_dead_letter_of_what_is_too_large_holds_hash_and_size(secret: bool) -> None:  # noqa: FBT001
    value = b"x" * (10 if secret else 2 * 1024 * 1024)
    raw = Raw("t", b"k", value, (("ce_id", b"1"),), 3, 14)
    key, copied, headers = dead_letter(raw, reason="too_large", detail="d" * 5_000, secret=secret)
    digest = hashlib.sha256(value).hexdigest()
    assert key == (digest if secret else "k")
    assert json.loads(copied) == {"sha256": digest, "bytes": len(value)}
    said = {"hoso-topic": b"t", "hoso-reason": b"too_large", "hoso-detail": b"d" * 1_000, "hoso-place": b"3/14"}
    assert dict(headers) == said | ({"hoso-headers-left-out": b"1"} if secret else {"ce_id": b"1"})


@given(st.text(min_size=8), st.sampled_from(["value", "key", "header", "header name"]))
def test_a_dead_letter_of_what_is_secret_repeats_nothing_of_it(clear: str, where: str) -> None:
    said = f"«{clear}»"
    header = (said if where == "header name" else "ce_id", said.encode(errors="replace") if where == "header" else b"1")
    value = (said if where == "value" else "x").encode(errors="replace")
    raw = Raw("t", said.encode(errors="replace") if where == "key" else b"k", value, (header,), 3, 14)
    key, copied, headers = dead_letter(raw, reason="bug", detail="", secret=True)
    for text in (
        key.encode(),
        copied,
        *(name.encode(errors="replace") for name, _ in headers),
        *dict(headers).values(),
    ):
        assert said.encode(errors="replace") not in text


@settings(deadline=None)
@given(
    st.none() | st.binary(max_size=400),
    st.integers(0, 2),
    st.lists(st.tuples(st.text("ab", max_size=9), st.binary(max_size=3_000)), max_size=9),
)
def test_no_dead_letter_is_larger_than_an_event_may_be(
    key: bytes | None, times: int, headers: list[tuple[str, bytes]]
) -> None:
    value = b"x" * (times * MAX_EVENT_BYTES)
    name, copied, kept = dead_letter(Raw("t", key, value, tuple(headers)), reason="bug", detail="", secret=False)
    assert len(name.encode()) < 1_024
    assert len(copied) <= MAX_EVENT_BYTES
    assert sum(len(n) + len(v) for n, v in kept) <= MAX_HEADER_BYTES + 1_100


def test_a_record_is_found_by_when_it_was_first_parked() -> None:
    doc = parked(event(3))
    FOLDER.fold(doc, event(5), NOW + timedelta(hours=1))
    FOLDER.fold(doc, event(3), NOW + timedelta(hours=2))
    assert doc.held == NOW
    assert Parked("said", 1, "gap", "", 1, NOW, (), b"").weight == 0
