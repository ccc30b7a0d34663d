"""The order of a log, by what its records say of themselves alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def violations(records: Iterable[dict[str, Any]]) -> list[str]:
    """Per topic and aggregate: first occurrences of the sequences are 1, 2, 3 … in the order of the log, all in one
    partition; an id that comes again says the same again."""
    found: list[str] = []
    aggregates: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        if "ce_sequence" in record["headers"]:
            aggregates.setdefault((record["topic"], record["key"]), []).append(record)
    for (topic, key), said in aggregates.items():
        found += [f"{topic} {key}: {problem}" for problem in _of_one(said)]
    return found


def _of_one(said: list[dict[str, Any]]) -> Iterable[str]:
    if len({record["partition"] for record in said}) > 1:
        yield "it is in more than one partition"
    first: dict[int, dict[str, Any]] = {}
    for record in sorted(said, key=lambda r: (r["partition"], r["offset"])):
        sequence = int(record["headers"]["ce_sequence"])
        known = first.setdefault(sequence, record)
        if known is record:
            if sequence != len(first):
                yield f"offset {record['offset']} is sequence {sequence}, expected {len(first)}"
        elif (known["headers"], known["value"]) != (record["headers"], record["value"]):
            yield f"sequence {sequence} says another thing at offset {record['offset']} than at {known['offset']}"
    ids = {record["headers"]["ce_id"] for record in first.values()}
    if len(ids) != len(first):
        yield "one id stands for two sequences"
