"""A queue and a circuit together: what is sent, what is handed back, when to look again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from chassis.decision import Effect, Policy
from chassis.document import PendingEffect
from chassis.effects.circuit import Circuit, Trip
from chassis.effects.lane import LONGEST_PAUSE, PROBE_LOOK, Job, Lane
from chassis.effects.queue import Limit

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Ring(Effect):
    TYPE: ClassVar[str] = "ring"
    POLICY: ClassVar[Policy] = "never"
    LEASE: ClassVar[timedelta] = timedelta(seconds=10)
    CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=4)


def job(aggregate: str, born: float = 0.0) -> Job:
    pending = PendingEffect(f"kind/{aggregate}/1", Ring(), "leased", NOW, "one")
    return Job(aggregate, pending, born + 10, None)


def lane(circuit: Circuit | None = None, limit: Limit = Limit(concurrency=1)) -> Lane:  # noqa: B008 - it is frozen
    return Lane(Ring, limit, circuit)


def opened(at: float) -> Circuit:
    """Open from `at` for one second, then for two, four …"""
    circuit = Circuit(Trip(window=1, failures=1, first=1.0, longest=60.0), lambda: 1.0)
    permit = circuit.admit(at)
    assert permit is not None
    circuit.report(permit, "failed", at)
    return circuit


def aggregates(given: list[tuple[Job, float]]) -> list[str]:
    return [j.aggregate for j, _ in given]


def test_what_waits_its_turn_is_handed_back_while_a_call_would_still_end_before_the_lease() -> None:
    found = lane()
    for name in "abc":
        found.add(job(name), 0)
    ((first, _),) = found.give_out(0)
    assert (first.aggregate, first.status) == ("a", "sent")
    assert found.hand_back(4.999) == []
    assert found.next_at(4.999) == 5
    assert aggregates(found.hand_back(5)) == ["b", "c"]
    assert found.give_out(5) == []


def test_those_handed_back_come_again_one_after_the_other() -> None:
    found = lane(limit=Limit(concurrency=1, rate=2.0))
    for name in ("a", "b", "c"):
        found.add(job(name), 0)
    assert [pause for _, pause in found.hand_back(5)] == [0.0, 0.5, 1.0]
    for n in range(1_000):
        found.add(job(str(n)), 0)
    assert max(pause for _, pause in found.hand_back(5)) == LONGEST_PAUSE


def test_an_open_circuit_keeps_who_can_wait_for_it_and_hands_back_the_others() -> None:
    found = lane(opened(at=4.5))
    found.add(job("soon"), 0)
    found.add(job("later", born=3), 3)
    assert [(j.aggregate, pause) for j, pause in found.hand_back(4.5)] == [("soon", 1.1)]
    assert found.give_out(4.5) == []
    assert found.next_at(4.5) == 5.5
    assert found.hand_back(5.5) == []
    assert [j.aggregate for j, _ in found.give_out(5.5)] == ["later"]


def test_one_probe_at_a_time_and_its_answer_lets_the_others_through() -> None:
    found = lane(opened(at=0), Limit(concurrency=9))
    for name in "abc":
        found.add(job(name), 0)
    ((_, permit),) = found.give_out(1)
    assert found.give_out(1) == []
    assert found.next_at(1) == 1 + PROBE_LOOK
    assert found.ended(permit, "answered", began=1, now=2) == "closed"
    assert [j.aggregate for j, _ in found.give_out(2)] == ["b", "c"]


def test_a_failed_probe_opens_the_circuit_for_longer() -> None:
    found = lane(opened(at=0))
    found.add(job("a"), 0)
    ((_, permit),) = found.give_out(1)
    assert found.ended(permit, "failed", began=1, now=2) == "open"
    assert found.circuit is not None
    assert found.circuit.until == 4


def test_two_lanes_share_one_partners_probe() -> None:
    circuit = opened(at=0)
    one, two = lane(circuit), lane(circuit)
    one.add(job("a"), 0)
    two.add(job("b"), 0)
    ((_, permit),) = one.give_out(1)
    assert two.give_out(1) == []
    assert two.next_at(1) == 1 + PROBE_LOOK
    assert one.ended(permit, "none", began=1, now=1) is None
    assert [j.aggregate for j, _ in two.give_out(1)] == ["b"]


def test_at_the_end_everything_is_handed_back() -> None:
    found = lane()
    found.add(job("a"), 0)
    assert aggregates(found.hand_back(0, everything=True)) == ["a"]
    assert found.next_at(0) is None


def test_a_lease_without_time_for_its_call_is_refused() -> None:
    class Hasty(Ring):
        CALL_TIMEOUT: ClassVar[timedelta] = timedelta(seconds=9)

    with pytest.raises(ValueError, match="LEASE"):
        Lane(Hasty, Limit(), None)
