"""What is remembered of the store: used once, bounded, and never what two replicas write in turn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chassis.recent import MAX_AGE, Recent


def document(name: str, **fields: Any) -> dict[str, Any]:
    return {"_id": name, **fields}


def test_it_gives_what_a_reader_of_the_store_would_get_and_once() -> None:
    recent, at = Recent(), datetime(2026, 11, 25, 8, 0, 0, 123456, UTC)
    recent.put(document("a", at=at, parts=(1, 2)), now=0)
    assert recent.take(["a", "b"], now=1) == [document("a", at=at.replace(microsecond=123000), parts=[1, 2])]
    assert recent.take(["a"], now=1) == []


def test_what_is_old_or_too_much_is_forgotten() -> None:
    recent = Recent(documents=2)
    for name in "abc":
        recent.put(document(name), now=0)
    assert recent.take("abc", now=0) == [document("b"), document("c")]
    recent.put(document("d"), now=0)
    assert recent.take("d", now=MAX_AGE + 1) == []


def test_what_changed_without_a_version_is_forgotten() -> None:
    recent = Recent()
    recent.put(document("a"), now=0)
    recent.forget(["a"])
    assert recent.take("a", now=0) == []


def test_a_document_that_another_replica_writes_too_is_passed_over_once() -> None:
    recent = Recent()
    recent.contested("a")
    recent.put(document("a", version=1), now=0)
    assert recent.take("a", now=0) == []
    recent.put(document("a", version=2), now=0)
    assert recent.take("a", now=0) == [document("a", version=2)]
