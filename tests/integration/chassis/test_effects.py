"""Side effects at a partner on a real socket: counted there, whatever happens to the replicas in between."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from prometheus_client import REGISTRY
from pymongo.errors import AutoReconnect

from chassis.delivery import Delivery, Dropped, EffectDone
from chassis.effects.edge import NotSent
from chassis.effects.queue import Limit
from chassis.store import Collection, Stored

from .conftest import Bench
from .partner import Partner, Replica, Send, Sent, eventually

LAPSE = timedelta(seconds=31)


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    found = Partner()
    await found.listen()
    yield found
    found.open.set()
    found.close()


def dossiers(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


@pytest.mark.parametrize(
    ("policy", "counted", "expected"),
    [("never", (1, 0), "unknown"), ("repeat", (2, 0), "done"), ("ask", (1, 1), "done")],
)
async def test_a_replica_killed_while_the_partner_works(
    bench: Bench, partner: Partner, policy: str, counted: tuple[int, int], expected: str
) -> None:
    aggregate = str(uuid.uuid4())
    partner.open.clear()
    async with Replica(bench, "one", partner).running() as one:
        await one.cause(aggregate, policy)
        await eventually(lambda: partner.executed)
        await one.kill()
    partner.open.set()
    async with Replica(bench, "two", partner).running() as two:
        await two.sweep()
        assert await two.results(aggregate) == ()
        bench.offset = LAPSE
        await two.sweep()
        await eventually(lambda: two.results(aggregate), two)
        assert await two.results(aggregate) == (expected,)
    assert (len(partner.executed), len(partner.asked)) == counted
    assert len(set(partner.executed)) == 1


@pytest.mark.parametrize(("policy", "executed"), [("never", 0), ("repeat", 1), ("ask", 1)])
async def test_a_replica_killed_before_it_sent(bench: Bench, partner: Partner, policy: str, executed: int) -> None:
    aggregate = str(uuid.uuid4())
    async with Replica(bench, "one", partner).running() as one:
        one.dies_before_it_sends = True
        await one.cause(aggregate, policy)
    async with Replica(bench, "two", partner).running() as two:
        bench.offset = LAPSE
        await two.sweep()
        await eventually(lambda: two.results(aggregate), two)
        assert await two.results(aggregate) == ("done" if executed else "unknown",)
        assert two.doubtful == 1 - executed
    assert len(partner.executed) == executed


async def test_a_late_outcome_corrects_unknown(bench: Bench, partner: Partner) -> None:
    aggregate = str(uuid.uuid4())
    partner.open.clear()
    async with Replica(bench, "one", partner).running() as one, Replica(bench, "two", partner).running() as two:
        await one.cause(aggregate, "never")
        await eventually(lambda: partner.executed)
        bench.offset = LAPSE
        await two.sweep()
        assert await two.results(aggregate) == ("unknown",)
        partner.open.set()
        await eventually(lambda: _told(one, aggregate, 2))
        assert await two.results(aggregate) == ("unknown", "done")
        again = Delivery(aggregate, EffectDone(partner.executed[0], Sent(result="done")))
        assert isinstance(await two.engine.handle(again), Dropped)


async def test_what_was_never_sent_corrects_an_unknown_that_came_too_early(bench: Bench, partner: Partner) -> None:
    """The store was away for longer than the lease, or our clock behind: another replica gave it up meanwhile."""
    aggregate = str(uuid.uuid4())
    partner.open.clear()
    one, two = Replica(bench, "one", partner, Limit(concurrency=1)), Replica(bench, "two", partner)
    async with one.running(), two.running():
        await one.cause(aggregate, "never", 2)
        await eventually(lambda: partner.executed)
        bench.offset = LAPSE
        await two.sweep()
        assert await two.results(aggregate) == ("unknown", "unknown")
        draining = asyncio.create_task(one.runner.drain(30))
        await eventually(lambda: _told(one, aggregate, 3))
        partner.open.set()
        await draining
        assert await two.results(aggregate) == ("unknown", "unknown", "lapsed", "done")
    assert len(partner.executed) == 1


async def test_concurrency_and_one_execution_each_under_500_effects(bench: Bench, partner: Partner) -> None:
    partner.open.clear()
    async with Replica(bench, "one", partner, Limit(concurrency=8)).running() as one:
        await asyncio.gather(*(one.cause(aggregate, "never", 10) for aggregate in dossiers(50)))
        await eventually(lambda: partner.busy == 8)
        assert len(one.speaks.taken) == 8
        partner.open.set()
        await eventually(lambda: _all_told(one, 500), one)
        assert await one.all_results() == Counter(done=500)
    assert (len(partner.executed), len(set(partner.executed))) == (500, 500)
    assert partner.peak == 8


async def test_the_rate_holds_over_every_span(bench: Bench, partner: Partner) -> None:
    limit = Limit(concurrency=100, rate=256.0, burst=8)
    async with Replica(bench, "one", partner, limit).running() as one:
        await asyncio.gather(*(one.cause(aggregate, "never", 10) for aggregate in dossiers(50)))
        await eventually(lambda: _all_told(one, 500), one)
        taken = sorted(one.speaks.taken)
    assert len(partner.executed) == 500
    spans = [(j - i + 1, taken[j] - taken[i]) for i in range(0, 500, 7) for j in range(i, 500)]
    assert all(count <= limit.burst + span * 256.0 + 1e-6 for count, span in spans)
    assert len(taken) == 500
    assert all(a <= b for a, b in pairwise(taken))


async def test_load_alone_makes_nothing_unknown(bench: Bench, partner: Partner) -> None:
    """A queue far longer than a lease: what was not sent is handed back and comes again."""
    limit = Limit(concurrency=4, rate=64.0, burst=1)
    one, two = Replica(bench, "one", partner, limit), Replica(bench, "two", partner, limit)
    async with one.running(), two.running():
        await asyncio.gather(*(one.cause(aggregate, "brief", 10) for aggregate in dossiers(20)))
        await eventually(lambda: _all_told(one, 200), one, two)
        assert await one.all_results() == Counter(done=200)
        assert one.doubtful + two.doubtful == 0
    assert len(partner.executed) == len(set(partner.executed)) == 200


async def test_a_dossier_with_300_effects_starves_nobody(bench: Bench, partner: Partner) -> None:
    big, small = str(uuid.uuid4()), dossiers(20)
    partner.open.clear()
    async with Replica(bench, "one", partner, Limit(concurrency=1)).running() as one:
        await one.cause(big, "never", 300)
        await eventually(lambda: partner.executed)
        await asyncio.gather(*(one.cause(aggregate, "never") for aggregate in small))
        partner.open.set()
        await eventually(lambda: len(partner.executed) >= 22, one)
    order = partner.dossiers()
    assert order[:2] == [big, big]
    assert set(order[2:22]) == set(small)


async def test_the_breaker_opens_spares_the_partner_and_closes(bench: Bench, partner: Partner) -> None:
    partner.close()
    async with Replica(bench, "one", partner, Limit(concurrency=1)).running() as one:
        await asyncio.gather(*(one.cause(aggregate, "never", 2) for aggregate in dossiers(20)))
        await eventually(lambda: _circuit() == 2)
        assert len(one.speaks.taken) == 5
        await eventually(lambda: len(one.speaks.taken) == 6, one)
        await eventually(lambda: _circuit() == 2)  # half-open while the probe is on its way
        await partner.listen()
        await eventually(lambda: _all_told(one, 40), one)
        assert _circuit() == 0
        assert await one.all_results() == Counter(done=40)
    assert len(partner.executed) == len(set(partner.executed)) == 40


async def test_a_clean_end_hands_back_what_was_not_sent_and_awaits_what_was(bench: Bench, partner: Partner) -> None:
    aggregate = str(uuid.uuid4())
    partner.open.clear()
    async with Replica(bench, "one", partner, Limit(concurrency=2)).running() as one:
        await one.cause(aggregate, "never", 7)
        await eventually(lambda: len(partner.executed) == 2)
        draining = asyncio.create_task(one.runner.drain(30))
        await eventually(lambda: _waiting(one, aggregate, 5))
        partner.open.set()
        await draining
        assert await one.results(aggregate) == ("done", "done")
        assert len(partner.executed) == 2
    async with Replica(bench, "two", partner).running() as two:
        await eventually(lambda: _told(two, aggregate, 7), two)
        assert await two.results(aggregate) == ("done",) * 7
    assert len(partner.executed) == len(set(partner.executed)) == 7


async def test_what_does_not_end_in_the_grace_is_left_to_its_lease(bench: Bench, partner: Partner) -> None:
    aggregate = str(uuid.uuid4())
    partner.open.clear()
    async with Replica(bench, "one", partner).running() as one:
        await one.cause(aggregate, "never")
        await eventually(lambda: partner.executed)
        await one.runner.drain(0.01)
        doc = await one.engine.read(aggregate)
    assert doc is not None
    assert [(e.status, e.attempts) for e in doc.effects] == [("leased", 1)]


async def test_a_permanent_failure_is_recorded_once(bench: Bench, partner: Partner) -> None:
    aggregate = str(uuid.uuid4())
    partner.answers = "never"
    async with Replica(bench, "one", partner).running() as one:
        await one.cause(aggregate, "never")
        await eventually(lambda: one.results(aggregate), one)
        assert await one.results(aggregate) == ("refused",)
    assert len(partner.executed) == 1


class _LosesAnswer(Collection):
    """Its first write is done and durable, and the answer is lost."""

    def __init__(self, raw: Collection) -> None:
        super().__init__(raw._raw, raw._name)
        self.lose = 1

    async def save(self, writes: Sequence[tuple[str, int, Stored]]) -> set[int]:
        lost = await super().save(writes)
        if self.lose:
            self.lose -= 1
            raise AutoReconnect("the answer was lost")
        return lost


async def test_a_write_whose_answer_was_lost_makes_nothing_unknown(bench: Bench, partner: Partner) -> None:
    aggregate = str(uuid.uuid4())
    async with Replica(bench, "one", partner, store=_LosesAnswer).running() as one:
        await one.cause(aggregate, "never", 3)
        await eventually(lambda: _told(one, aggregate, 3))
        assert await one.results(aggregate) == ("done",) * 3
    assert len(partner.executed) == len(set(partner.executed)) == 3


@pytest.mark.parametrize(("effect", "expected"), [("brief", "unknown"), ("marked", "done")])
async def test_what_was_not_handed_over_in_time_was_not_sent_where_that_is_known(
    bench: Bench, partner: Partner, effect: str, expected: str
) -> None:
    aggregate = str(uuid.uuid4())
    async with Replica(bench, "one", partner).running() as one:
        one.speaks.open.clear()
        await one.cause(aggregate, effect)
        await eventually(lambda: one.speaks.taken)
        await asyncio.wait(one.runner._tasks)
        one.speaks.open.set()
        bench.offset = LAPSE
        await one.sweep()
        await eventually(lambda: one.results(aggregate), one)
        assert await one.results(aggregate) == (expected,)
    assert len(partner.executed) == (expected == "done")


async def test_an_effect_that_cannot_wait_for_its_call_is_refused_at_the_start(bench: Bench, partner: Partner) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Send, "LEASE", Send.CALL_TIMEOUT)
        with pytest.raises(ValueError, match="LEASE"):
            Replica(bench, "one", partner)


async def _told(replica: Replica, aggregate: str, count: int) -> bool:
    return len(await replica.results(aggregate)) >= count


async def _all_told(replica: Replica, count: int) -> bool:
    return (await replica.all_results()).total() >= count


async def _waiting(replica: Replica, aggregate: str, count: int) -> bool:
    doc = await replica.engine.read(aggregate)
    assert doc is not None
    return [(e.status, e.attempts) for e in doc.effects].count(("waiting", 0)) == count


def _circuit() -> float | None:
    return REGISTRY.get_sample_value("hoso_circuit_state", {"partner": "test"})


@pytest.mark.parametrize("policy", ["never", "repeat", "ask"])
async def test_a_partner_is_told_of_nothing_the_journal_does_not_have(
    bench: Bench, partner: Partner, policy: str
) -> None:
    aggregate, away = str(uuid.uuid4()), asyncio.Event()

    async def settled() -> None:
        if not away.is_set():
            raise NotSent("the journal is away")

    async with Replica(bench, "one", partner, settled=settled).running() as one:
        await one.cause(aggregate, policy)

        async def put_off() -> bool:
            doc = await one.engine.read(aggregate)
            return doc is not None and [e.status for e in doc.effects] == ["waiting"]

        await eventually(put_off)
        assert partner.executed == []
        away.set()
        bench.offset = LAPSE
        await one.sweep()
        await eventually(lambda: one.results(aggregate), one)
        assert await one.results(aggregate) == ("done",)
    assert len(partner.executed) == 1
