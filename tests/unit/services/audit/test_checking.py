"""Whatever is altered, taken away, added or moved is found, and named; what is untouched is whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, KeySet

from schemas.audit import NOTHING, RECORDS, AccessRecorded, LogSealed, digest
from services.audit import sealing
from services.audit.checking import Chains, Spans, check_known, check_seals, read_seals
from services.audit.sealing import Growing, ends, seal

AT = datetime(2026, 11, 24, 17, tzinfo=UTC)
KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
KEYS: Any = KeySet.import_key_set(sealing.public(KEY))  # type: ignore[arg-type]
TOPICS = ("dossier.events.v1", RECORDS)


@dataclass(frozen=True)
class Written:
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def accesses(chain: str, count: int, first: int = 1, before: str = NOTHING) -> list[bytes]:
    found = []
    for n in range(first, first + count):
        access = AccessRecorded(
            chain=chain, n=n, before=before, at=AT, service="submission", route="GET /dossiers/{dossier}", status=200,
            who="clerk1", roles=("clerk",), dossier="0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55",
        )  # fmt: skip
        found.append(access.dump_json())
        before = digest(found[-1])
    return found


def a_log(events: int = 5, readings: int = 5) -> list[Written]:
    """Two topics of two partitions, in the order a reader may meet them."""
    said = [
        Written("dossier.events.v1", n % 2, n // 2, b"k%d" % (n % 2), b"event %d" % n, [("ce_type", b"x"), ("a", b"")])
        for n in range(events)
    ]
    read = [Written(RECORDS, 1, n, b"one", value) for n, value in enumerate(accesses("one", readings))]
    return [*said, *read]


def sealed(log: list[Written], cuts: Sequence[int] = (4,)) -> list[LogSealed]:
    """A seal after each of `cuts` records, and one at the end."""
    seals: list[LogSealed] = []
    growing, first = Growing({}), 0
    for cut in (*cuts, len(log)):
        assert all(growing.take(record) for record in log[first:cut])
        last = seals[-1] if seals else None
        seals.append(seal(last, growing.spans(), day=date(2026, 11, 24), at=AT, key=KEY))
        growing, first = Growing(ends(seals)), cut
    return seals


def findings(seals: Sequence[LogSealed], log: Sequence[Written]) -> list[str]:
    spans, chains = Spans(seals), Chains()
    for record in log:
        spans.take(record)
        chains.take(record)
    return [*check_seals(seals, KEYS), *spans.end(), *chains.wrong]


@given(st.integers(0, 9), st.integers(0, 9), st.sets(st.integers(0, 18), max_size=4))
def test_what_is_untouched_is_whole(events: int, readings: int, cuts: set[int]) -> None:
    log = a_log(events, readings)
    seals = sealed(log, sorted(cut for cut in cuts if cut <= len(log)))
    later = Written(RECORDS, 0, 0, b"two", accesses("two", 1)[0])
    assert findings(seals, [*log, later]) == []


@given(st.data())
def test_any_change_of_any_record_is_found(data: st.DataObject) -> None:
    log = a_log()
    seals = sealed(log)
    at = data.draw(st.integers(0, len(log) - 1))
    record = log[at]
    what = data.draw(st.sampled_from(["value", "key", "header", "name", "gone"]))
    if what == "gone":
        changed = [*log[:at], *log[at + 1 :]]
    else:
        headers = [("ce_type", b"y"), *record.headers[1:]] if what == "header" else [("extra", b""), *record.headers]
        new = {
            "value": replace(record, value=(record.value or b"") + b" "),
            "key": replace(record, key=b"another"),
            "header": replace(record, headers=headers),
            "name": replace(record, headers=headers),
        }[what]
        changed = [*log[:at], new, *log[at + 1 :]]
    assert any(record.topic in line for line in findings(seals, changed))


def test_values_may_not_flow_from_one_field_into_the_next() -> None:
    one = Written("t", 0, 0, b"ab", b"c")
    assert sealing.entry(one) != sealing.entry(replace(one, key=b"a", value=b"bc"))
    assert sealing.entry(one) != sealing.entry(replace(one, offset=1))
    assert sealing.entry(one) != sealing.entry(replace(one, key=b"a", value=b"c", headers=[("b", b"")]))


@pytest.mark.parametrize(
    "change",
    [
        {"day": date(2026, 11, 25)},
        {"n": 3},
        {"root": "1" * 64},
        {"before": "1" * 64},
        {"sealed_at": AT.replace(hour=3)},
        {"spans": ()},
    ],
)
def test_a_changed_seal_is_found(change: dict[str, Any]) -> None:
    log = a_log()
    seals = sealed(log)
    assert check_seals([seals[0].model_copy(update=change), seals[1]], KEYS)


def test_a_log_sealed_anew_by_another_key_is_found() -> None:
    log = a_log()
    forged = seal(None, sealed(log, ())[0].spans, day=date(2026, 11, 24), at=AT, key=OTHER)
    assert check_seals([forged], KEYS) == ["seal 1 of 2026-11-24: not signed by a known key"]


def test_a_log_sealed_anew_with_the_office_s_own_key_is_found_by_whoever_kept_a_root() -> None:
    log = a_log()
    seals = sealed(log)
    published = [(one.n, one.root) for one in seals]
    rewritten = [replace(log[0], value=b"nothing happened"), *log[1:]]
    forged = sealed(rewritten)
    assert findings(forged, rewritten) == []
    assert len(check_known(forged, published)) == 2
    assert check_known(seals, published) == []
    assert check_known(seals[:1], published) == [f"seal 2: published as {seals[1].root}, now missing"]


def test_a_missing_seal_is_found() -> None:
    seals = sealed(a_log(), (2, 4))
    assert check_seals([seals[0], seals[2]], KEYS)


def test_seals_come_again_after_a_lost_acknowledgement_and_are_one() -> None:
    first, second = sealed(a_log())
    values = [one.dump_json() for one in (first, first, second)]
    assert read_seals(values) == ([first, second], [])
    assert read_seals([b"{}", values[0]])[1] == ["record 0 of the seals cannot be read"]


def chained(values: Sequence[bytes]) -> list[str]:
    chains = Chains()
    for offset, value in enumerate(values):
        chains.take(Written(RECORDS, 0, offset, b"one", value))
    return chains.wrong


def test_a_chain_is_followed_without_any_seal() -> None:
    values = accesses("one", 4)
    assert chained(values) == []
    assert chained([*values[:2], *values]) == [], "some of it came again after a lost acknowledgement"
    altered = values[1].replace(b"clerk1", b"clerk2")
    assert len(chained([values[0], altered, *values[2:]])) == 1
    assert len(chained([values[0], *values[2:]])) == 1
    assert len(chained([*values, altered])) == 1
    assert len(chained(accesses("one", 2, first=2))) == 1
    assert chained([b"{}"]) == [f"{RECORDS} partition 0 offset 0 cannot be read"]
