"""What the model shows to hold, held by the real chassis: near schedules, then random ones; a crash after each step."""

from __future__ import annotations

import os
import random
from typing import Final

import pytest

from .explore import Prover
from .scenarios import EVERYTHING, HOLDS

SCHEDULES: Final = int(os.environ.get("HOSO_PROOF_SCHEDULES", "25"))
"""Schedules per scenario and kind of search; `make proof` runs more."""
SEED: Final = int(os.environ.get("HOSO_PROOF_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


@pytest.mark.parametrize("name", HOLDS)
def test_it_holds(name: str) -> None:
    prover = Prover(HOLDS[name])
    prover.few_deviations(2, SCHEDULES)
    prover.at_random(SEED, SCHEDULES)
    assert len(prover.known) > 1


def test_everything_at_once() -> None:
    print(f"HOSO_PROOF_SEED={SEED}")  # noqa: T201 - a failure is repeated with it
    prover = Prover(EVERYTHING)
    prover.at_random(SEED, max(SCHEDULES // 4, 5))
    assert len(prover.known) > SCHEDULES
