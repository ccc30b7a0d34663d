"""Whatever a record holds: a delivery, or a dead letter with its reason, and never anything else."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.decision import Decision
from chassis.delivery import Delivery, Irrelevant, Position, Unreadable
from chassis.reading import Raw, StreamReader, Unidentifiable, deliver, refuse_oversize
from schemas.envelope import MAX_HEADER_BYTES, MAX_HEADERS
from schemas.event import MAX_EVENT_BYTES, Catalogue, DossierEvent, Instant

ID = "00000000-0000-0000-0000-000000000001"


class Said(DossierEvent):
    STREAM = "said"
    TYPE = "said.it"
    at: Instant


READER = StreamReader("said", Catalogue([Said]), {Said: lambda state, _event, _now: Decision(state)})
GOOD = json.dumps({"dossier_id": ID, "at": "2026-11-24T08:30:00Z"}).encode()
HEADERS = {
    "ce_specversion": b"1.0",
    "ce_id": b"said/1/1",
    "ce_source": b"/test",
    "ce_type": b"said.it.v1",
    "ce_subject": ID.encode(),
    "ce_time": b"2026-11-24T08:30:00.000Z",
    "ce_sequence": b"1",
}


def raw(value: bytes = GOOD, **headers: bytes) -> Raw:
    return Raw("said.events.v1", ID.encode(), value, tuple({**HEADERS, **headers}.items()))


def reason(record: Raw) -> str:
    message = deliver(READER, record).message
    assert isinstance(message, Unreadable), message
    return message.reason


def test_a_good_event_is_delivered() -> None:
    delivery = deliver(READER, raw())
    assert isinstance(delivery.message, Said)
    assert delivery.position is not None
    assert (delivery.position.size, delivery.position.value) == (len(GOOD), GOOD)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\xff\xfe\x00", "undecodable"),
        (GOOD.replace(b"2026", b"\xc3\x28"), "undecodable"),
        (b"", "undecodable"),
        (b"[" * 100_000 + b"]" * 100_000, "undecodable"),
        (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, "undecodable"),
        (b'{"at": "\\ud800"}', "undecodable"),
        (b"[]", "invalid"),
        (b"{}", "invalid"),
        (GOOD.replace(b"2026-11-24T08:30:00Z", b"0001-01-01T00:00:00+23:59"), "invalid"),
        (GOOD.replace(ID.encode(), b"00000000-0000-0000-0000-000000000002"), "invalid"),
        (b" " * MAX_EVENT_BYTES + GOOD, "too_large"),
        (b"\x00" * 2 * 1024 * 1024, "too_large"),
    ],
    ids=lambda value: repr(value[:16]) if isinstance(value, bytes) else value,
)
def test_a_payload_that_cannot_be_used_says_why(value: bytes, expected: str) -> None:
    assert reason(raw(value)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"said.it.v2", "future_version"),
        (b"said.it.v9999", "future_version"),
        (b"said.it.v0", "wrong_version"),
        (b"said.it.v-1", "wrong_version"),
        (b"said.it.beta", "wrong_version"),
        (b"said.it", "wrong_version"),
    ],
)
def test_an_unknown_version_of_a_type_we_handle_is_never_passed_over(name: bytes, expected: str) -> None:
    assert reason(raw(ce_type=name)) == expected


@pytest.mark.parametrize("name", [b"said.other.v1", b"other.it.v7", b"x"])
def test_a_type_we_do_not_handle_is_irrelevant_whatever_it_holds(name: bytes) -> None:
    assert isinstance(deliver(READER, raw(b"\xff", ce_type=name)).message, Irrelevant)
    assert isinstance(deliver(READER, raw(b"\xff" * (MAX_EVENT_BYTES + 1), ce_type=name)).message, Irrelevant)


@pytest.mark.parametrize(
    "headers",
    [
        {"ce_specversion": b"0.3"},
        {"ce_specversion": b"2.0"},
        {"ce_id": b""},
        {"ce_subject": b"x" * 256},
        {"ce_subject": b"\xff\xfe"},
        {"ce_time": b"yesterday"},
        {"ce_time": b"2026-11-24T08:30:00"},
        {"ce_sequence": b"0"},
        {"ce_sequence": b"-1"},
        {"ce_sequence": "²".encode()},
        {"ce_sequence": b"9" * 13},
        {"ce_sequence": b"9" * 5_000},
        {"CE_SEQUENCE": b"2"},
        {f"h{n}": b"" for n in range(MAX_HEADERS)},
        {"h": b"x" * MAX_HEADER_BYTES},
    ],
    ids=str,
)
def test_an_envelope_out_of_bounds_is_unidentifiable(headers: dict[str, bytes]) -> None:
    with pytest.raises(Unidentifiable) as refused:
        deliver(READER, raw(**headers))
    assert refused.value.reason == "unidentifiable"


def test_an_oversize_value_is_neither_decoded_nor_kept() -> None:
    record = raw(b"[" * 64 * 1024 * 1024)
    tracemalloc.start()
    started = time.perf_counter()
    delivery = deliver(READER, record)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1024 * 1024
    assert time.perf_counter() - started < 5
    assert delivery.position is not None
    assert (delivery.position.value, delivery.position.size) == (b"", 64 * 1024 * 1024)
    again = READER.decode(delivery.position)
    assert isinstance(again, Unreadable)
    assert again.reason == "too_large"


def test_what_was_not_kept_is_too_large_even_for_a_release_that_allows_more() -> None:
    again = READER.decode(Position("said", 1, tuple(HEADERS.items()), b"", len(GOOD)))
    assert again == Unreadable("too_large", f"{len(GOOD)} bytes, at most {MAX_EVENT_BYTES}; sha256 not kept")


def test_a_message_without_a_sequence_is_refused_by_its_size() -> None:
    with pytest.raises(Unidentifiable) as refused:
        refuse_oversize(raw(b"x" * (MAX_EVENT_BYTES + 1)))
    assert (refused.value.reason, refused.value.secret) == ("too_large", True)


def test_what_a_reader_stumbles_over_is_a_dead_letter_too() -> None:
    class Stumbles:
        def read(self, raw: Raw) -> Delivery:
            raise RecursionError(raw.topic)

    with pytest.raises(Unidentifiable, match=r"RecursionError in test_reading\.py:\d+$") as refused:
        deliver(Stumbles(), raw())
    assert (refused.value.reason, refused.value.secret) == ("bug", True)
    assert "said.events.v1" not in str(refused.value), "its own words may quote what was read"


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("-0123456789:.TZ+"),
    lambda inner: st.lists(inner, max_size=3),
)


@settings(deadline=None)
@given(
    st.binary(max_size=200) | st.fixed_dictionaries({"dossier_id": JSON, "at": JSON}).map(json.dumps).map(str.encode),
    st.dictionaries(st.sampled_from(sorted(HEADERS)), st.binary(max_size=40), max_size=3),
)
def test_nothing_else_is_ever_raised(value: bytes, headers: dict[str, bytes]) -> None:
    record = raw(value, **headers)
    try:
        delivery = deliver(READER, record)
    except Unidentifiable as refused:
        assert refused.reason == "unidentifiable"  # noqa: PT017 - either of two outcomes is right
    else:
        assert delivery.position is not None
        READER.decode(delivery.position)
