"""The gate on the proof itself: a chassis with one rule broken must not pass it."""

from __future__ import annotations

from typing import Final

import pytest

from .explore import Broken, Prover
from .mutants import MUTANTS, Mutant

BY_NAME: Final = {mutant.name: mutant for mutant in MUTANTS}


@pytest.fixture
def mutant(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Mutant:
    found = BY_NAME[request.param]
    for edit in found.edits:
        edit.apply(monkeypatch)
    return found


@pytest.mark.parametrize("name", BY_NAME)
def test_the_real_chassis_goes_through_the_schedule_unharmed(name: str) -> None:
    trace = BY_NAME[name]
    Prover(trace.scenario).named(trace.schedule if trace.real is None else trace.real)


@pytest.mark.parametrize("mutant", BY_NAME, indirect=True)
def test_the_schedule_breaks_the_mutant(mutant: Mutant) -> None:
    with pytest.raises(Broken) as caught:
        Prover(mutant.scenario).named(mutant.schedule)
    assert any(why.startswith(mutant.shows) for why in caught.value.why), str(caught.value)


@pytest.mark.parametrize("mutant", [m.name for m in MUTANTS if m.searched], indirect=True)
def test_the_search_finds_the_mutant_by_itself(mutant: Mutant) -> None:
    with pytest.raises(Broken):
        _search(mutant)


def _search(mutant: Mutant) -> None:
    prover = Prover(mutant.scenario)
    for seed in range(1, 50):
        prover.few_deviations(2, prover.schedules + 100)
        prover.at_random(seed, 50)
