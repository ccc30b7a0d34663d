"""What a reader meets in a topic: every log that the protocol may leave there, whole or with its beginning gone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

import pytest

from chassis.delivery import Delivery, Irrelevant, Position
from chassis.document import Document
from chassis.fold import Folder
from chassis.reading import StreamReader, decoder

from .tally import CATALOGUE, KIND, WHEN, Input, Said, Tally, dossier, record

LAST: Final = 4


def logs(repeats: int) -> set[tuple[int, ...]]:
    """First occurrences in order, and up to so many repeats anywhere behind them."""
    found = {tuple(range(1, LAST + 1))}
    for _ in range(repeats):
        found |= {
            (*log[:at], n, *log[at:])
            for log in found
            for n in range(1, LAST + 1)
            for at in range(log.index(n) + 1, len(log) + 1)
        }
    return found


def read(log: Iterable[int], irrelevant: int = 0) -> tuple[list[str], list[int], int]:
    """What took effect, what is parked, and `seen`, after one replica read the log."""
    reader = StreamReader("said", CATALOGUE, KIND.handlers)
    folder: Folder[Tally] = Folder(KIND, "one", decoder({"said": reader}))
    doc: Document[Tally] = Document(dossier(0))
    for n in log:
        logged = record(Input(dossier(0), n, f"m{n}", events=0))
        position = Position("said", n, logged.headers, logged.value)
        message = Irrelevant() if n == irrelevant else Said.model_validate_json(logged.value)
        folder.fold(doc, Delivery(dossier(0), message, position=position), WHEN)
    applied = list(doc.state.applied) if doc.state else []
    return applied, [p.sequence for p in doc.parked], doc.seen.get("said", 0)


ALL: Final = sorted(logs(2))
WHOLE: Final = [f"m{n}" for n in range(1, LAST + 1)]


def test_there_are_as_many_logs_as_the_model_counts() -> None:
    assert len(ALL) == 76


def test_a_whole_log_parks_nothing_and_every_event_takes_effect_once() -> None:
    assert all(read(log) == (WHOLE, [], LAST) for log in ALL)


@pytest.mark.parametrize("irrelevant", range(1, LAST + 1))
def test_an_event_nobody_handles_makes_no_gap(irrelevant: int) -> None:
    expected = [ref for ref in WHOLE if ref != f"m{irrelevant}"]
    assert all(read(log, irrelevant) == (expected, [], LAST) for log in ALL)


def test_a_lost_beginning_is_never_taken_for_the_beginning() -> None:
    for log, cut in itertools.product(ALL, range(1, LAST)):
        applied, parked, seen = read(log[cut:])
        assert applied == WHOLE[:seen]
        assert parked == sorted({n for n in log[cut:] if n > seen})


def test_a_log_in_any_order_ends_the_same() -> None:
    for log in itertools.permutations(range(1, LAST + 1)):
        assert read(log) == (WHOLE, [], LAST)
