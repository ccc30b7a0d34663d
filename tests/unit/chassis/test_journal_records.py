"""Documents in the journal: whatever their size, and however often their records come, one comes out as it went in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import bson
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from chassis.backup import order
from chassis.journal import PART, Reading, records_of

AT = datetime(2026, 11, 30, 8, tzinfo=UTC)


def document(version: int, size: int, outbox: int = 0) -> dict[str, Any]:
    entries = [{"n": n + 1, "data": b"e"} for n in range(outbox)]
    return {"_id": "a", "version": version, "state": {"text": "x" * size}, "at": AT, "outbox": entries}


def put_together(
    records: list[Any], partition: int = 0, reading: Reading | None = None
) -> list[tuple[str, int, bytes]]:
    reading = reading or Reading()
    found = [reading.add(partition, key, dict(headers), value) for key, value, headers in records]
    return [whole for whole in found if whole is not None]


@given(size=st.sampled_from([0, PART - 200, PART, 3 * PART]), version=st.integers(1, 2**40))
def test_a_document_comes_out_as_it_went_in(size: int, version: int) -> None:
    records = records_of("invoices", document(version, size))
    assert all(len(value) <= PART for _, value, _ in records)
    ((key, found, body),) = put_together(records)
    assert (key, found) == ("document/invoices/a", version)
    assert bson.decode(body, CodecOptions(tz_aware=True)) == document(version, size)


def test_what_is_in_the_outbox_is_pending_whatever_the_update_said() -> None:
    ((_, _, body),) = put_together(records_of("invoices", document(1, 0, outbox=3)))
    assert bson.decode(body)["pending"] == 3
    ((_, _, body),) = put_together(records_of("invoices", {**document(2, 0), "pending": 3}))
    assert "pending" not in bson.decode(body)


@given(cut=st.integers(0, 3))
def test_a_process_that_dies_within_a_document_leaves_none_and_harms_no_other(cut: int) -> None:
    large, small = records_of("k", document(7, 3 * PART)), records_of("k", document(8, 10))
    assert len(large) == 4
    found = put_together([*large[:cut], *small, *large])
    assert [version for _, version, _ in found] == [8, 7]


def test_a_reader_that_begins_within_a_document_passes_over_its_rest() -> None:
    large = records_of("k", document(7, 3 * PART))
    assert put_together([*large[2:], *records_of("k", document(8, 1))])[0][1] == 8


def test_processes_do_not_mix_as_each_has_its_partition() -> None:
    reading = Reading()
    one, other = records_of("k", document(1, 2 * PART)), records_of("k", document(2, 2 * PART))
    found = []
    for at, (first, second) in enumerate(zip(one, other, strict=True)):
        assert at < 3
        found += put_together([first], 0, reading) + put_together([second], 1, reading)
    assert [version for _, version, _ in found] == [1, 2]


def test_what_documents_name_is_read_after_them() -> None:
    names = [
        "attachments.chunks",
        "attachments.files",
        "dossiers",
        "dossiers_parked",
        "exchanges",
        "platform",
        "series",
    ]
    assert order(names) == [
        "platform",
        "dossiers_parked",
        "dossiers",
        "exchanges",
        "series",
        "dossiers_parked",
        "attachments.files",
        "attachments.chunks",
    ]
