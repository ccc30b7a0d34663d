"""The watchdog barks at unbroken standing still with lag, and at nothing else."""

from __future__ import annotations

import pytest

from chassis.watchdog import Stagnation, Watchdog


def test_it_barks_at_a_position_that_stands_still() -> None:
    dog: Watchdog[str] = Watchdog(10)
    dog.look([("a", 5)], 0)
    dog.look([("a", 5)], 9.9)
    with pytest.raises(Stagnation, match="a stands still at 5 for 10 s"):
        dog.look([("a", 5)], 10)


@pytest.mark.parametrize("between", [[("a", 6)], []], ids=["it moved", "it had no lag"])
def test_it_starts_anew(between: list[tuple[str, int | None]]) -> None:
    dog: Watchdog[str] = Watchdog(10)
    dog.look([("a", 5)], 0)
    dog.look(between, 9)
    dog.look([("a", 5)], 11)
    dog.look([("a", 5)], 20.9)
    with pytest.raises(Stagnation):
        dog.look([("a", 5)], 21)


def test_one_that_never_began_stands_still_too() -> None:
    dog: Watchdog[str] = Watchdog(10)
    dog.look([("a", None), ("b", 1)], 0)
    with pytest.raises(Stagnation, match="a stands still at None"):
        dog.look([("a", None), ("b", 2)], 10)
