"""Statistics against a naive recount: what the fold and its cells say is what one counts by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from law.report06a import Contradiction, Row
from schemas import dossier
from schemas.event import DossierEvent
from services.tracking.domain.counted import BUCKETS, Cell, Counted, cells, count
from services.tracking.domain.figures import WHOLE, Period, report, sums, usual
from services.tracking.domain.scorecard import scorecard
from services.tracking.statistics.log import totals
from services.tracking.statistics.view import Shown, View
from tests.unit.services.populations import BEGIN, DAYS, NOW, Streams, golden, lives, shuffled

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
days = st.integers(0, DAYS).map(lambda n: (BEGIN + timedelta(days=n)).date())


def folded(streams: Streams) -> Counted:
    state = Counted()
    for stream, events in streams.items():
        for number, event in enumerate(events, 1):
            state = count(state, stream, number, event)
    return state


def the(kind: type[DossierEvent], events: Sequence[DossierEvent]) -> list[DossierEvent]:
    return [event for event in events if isinstance(event, kind)]


class Naive:
    """A dossier as a clerk would read its file: no state, no cells, every question looks through all of it."""

    def __init__(self, streams: Streams) -> None:
        self.events = streams["dossier"]
        accepted = the(dossier.DossierAccepted, self.events)
        self.received: datetime | None = accepted[0].received_at if accepted else None  # type: ignore[attr-defined]
        self.ended = self._ended()

    def _ended(self) -> datetime | None:
        for event in self.events:
            match event:
                case dossier.DossierDecided(decided_at=at) | dossier.DossierWithdrawn(withdrawn_at=at):
                    return at
                case dossier.DossierStopped(stopped_at=at):
                    return at
        return None

    @property
    def due(self) -> datetime | None:
        """What the last event that speaks of it says."""
        for event in reversed(self.events):
            match event:
                case dossier.SupplementRequested():
                    return None
                case dossier.DossierAccepted(total=total, due_at=due):
                    return None if total else due
                case dossier.DossierSupplemented() | dossier.FeeSettled() | dossier.DossierExtended():
                    return event.due_at
        return None

    def column(self, period: Period) -> set[int]:
        """The numbered columns of report 06a it stands in."""
        if self.received is None or day(self.received) > period.end:
            return set()
        ended = self.ended if self.ended is not None and day(self.ended) <= period.end else None
        if ended is not None and day(ended) < period.start:
            return set()
        found = {3, 6 if day(self.received) < period.start else 4}
        if ended is None:
            over = datetime.combine(period.end + timedelta(days=1), datetime.min.time(), HERE)
            hour = self.due.astimezone(HERE).replace(minute=0, second=0, microsecond=0) if self.due else over
            return found | {11, 13 if hour < over and hour <= period.now else 12}
        if self.due is not None and ended > self.due:
            return found | {7, 10}
        decided = bool(the(dossier.DossierDecided, self.events))
        return found | {7, 8 if decided and self.due is not None and day(ended) < day(self.due) else 9}


def day(instant: datetime) -> date:
    return instant.astimezone(HERE).date()


def row_of(found: Counter[int], name: str) -> Row:
    return Row(name, *(found[column] for column in (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)))


@settings(max_examples=150)
@given(st.lists(lives(), max_size=8), days, days)
def test_report_06a_is_what_a_clerk_counts(people: list[Streams], one: date, other: date) -> None:
    period = Period(min(one, other), max(one, other), NOW)
    by_hand: Counter[int] = Counter()
    for streams in people:
        by_hand.update(Naive(streams).column(period))
    rows = report(totals(map(folded, people)), period)
    assert rows[-1] == row_of(by_hand, WHOLE)
    for name in ("received_total", "resolved_total", "pending_total", "overdue"):
        assert sum(getattr(row, name) for row in rows[:-1]) == getattr(rows[-1], name)


@given(st.data())
def test_any_interleaving_with_repeats_counts_the_same(data: st.DataObject) -> None:
    streams = data.draw(lives())
    state = Counted()
    for stream, sequence, event in data.draw(shuffled(streams)):
        state = count(state, stream, sequence, event)
    assert cells(state) == cells(folded(streams))


@given(st.data())
def test_totals_kept_by_difference_are_the_sum_of_all(data: st.DataObject) -> None:
    people = data.draw(st.lists(lives(), max_size=4))
    view = View(Shown())
    view.begin([])
    states = [Counted() for _ in people]
    for index, streams in enumerate(people):
        for stream, sequence, event in data.draw(shuffled(streams)):
            after = count(states[index], stream, sequence, event)
            view.counted([(states[index], after)], {})
            states[index] = after
    assert {c: n for c, n in view.totals.items() if n} == {c: n for c, n in totals(states).items() if n}


@given(st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=170)), min_size=1, max_size=40))
def test_usual_times_are_those_of_the_sorted_list(took: list[timedelta]) -> None:
    people = [Counted(received=BEGIN, ended=BEGIN + t, end="approved", due=BEGIN + t) for t in took]
    found = usual(sums(totals(people), Period(BEGIN.date(), BEGIN.date() + timedelta(days=400), NOW)))
    assert found is not None

    def bound(percent: int) -> int:
        exact = sorted(took)[-(-len(took) * percent // 100) - 1]
        return min(b for b in BUCKETS if exact <= timedelta(days=b))

    assert (found.decided, found.median, found.p90) == (len(took), bound(50), bound(90))


def test_what_took_longer_than_is_told_apart_has_no_bound() -> None:
    ages = Counted(received=BEGIN, ended=BEGIN + timedelta(days=200), end="approved")
    found = usual(sums(totals([ages]), Period(BEGIN.date(), BEGIN.date() + timedelta(days=400), NOW)))
    assert found is not None
    assert (found.median, found.p90) == (None, None)


def test_columns_that_do_not_add_up_are_refused() -> None:
    broken = {Cell("2026-09-02", "p", "u", "resolved.late"): 1}
    with pytest.raises(Contradiction, match="column"):
        report(broken, Period(BEGIN.date(), NOW.date(), NOW))


def test_a_dossier_due_today_is_overdue_from_that_hour_on() -> None:
    due = datetime(2026, 9, 10, 17, tzinfo=HERE)
    waits = totals([Counted(received=BEGIN, due=due)])
    for now, overdue in ((due - timedelta(seconds=1), 0), (due, 1), (due + timedelta(days=3), 1)):
        assert report(waits, Period(BEGIN.date(), date(2026, 9, 10), now))[-1].overdue == overdue


@pytest.mark.parametrize(("settled", "due"), [(True, BEGIN + timedelta(days=5)), (False, None)])
def test_nothing_is_due_while_a_fee_is_open_and_one_paid_before_reception_is_not(
    settled: bool,  # noqa: FBT001
    due: datetime | None,
) -> None:
    told = [golden("dossier.fee_settled", paid_at=BEGIN, due_at=BEGIN)] if settled else []
    told.append(golden("dossier.accepted", received_at=BEGIN, due_at=BEGIN + timedelta(days=5), total=650_000))
    state = Counted()
    for number, event in enumerate(told, 1):
        state = count(state, "dossier", number, event)
    assert state.due == due


def test_the_scorecard_says_what_it_does_not_know() -> None:
    people = [
        Counted(received=BEGIN, ended=BEGIN + timedelta(days=n), end="approved", due=BEGIN + timedelta(days=2, hours=1))
        for n in (1, 1, 2, 4)
    ]
    all_of_it = totals(people)
    period = Period(BEGIN.date(), NOW.date(), NOW)
    groups = {g.code: g for g in scorecard(report(all_of_it, period)[-1], sums(all_of_it, period), (29, 29))}
    assert sum(g.points for g in groups.values()) == 100
    assert groups["progress"].score == 1500  # three of four in time, of 20 points
    assert groups["online_payment"].score is None  # nobody paid
    assert all(g.missing for g in groups.values() if g.score is None and g.code != "online_payment")


def test_this_edition_counts_so() -> None:
    """What is counted changed? Raise `EDITION`: running tables were counted by the old rules."""
    state = Counted()
    told = (
        golden("dossier.submitted", filed_at=BEGIN),
        golden("dossier.accepted", received_at=BEGIN, due_at=BEGIN + timedelta(days=5), total=0),
        golden("dossier.assigned", unit="culture"),
        golden("dossier.decided", decided_at=BEGIN + timedelta(days=2), outcome="approved"),
    )
    for number, event in enumerate(told, 1):
        state = count(state, "dossier", number, event)
    state = count(state, "notification", 1, golden("notification.sent", at=BEGIN))
    state = count(state, "payment", 1, golden("payment.refund_made", made_at=BEGIN, amount=5))
    assert {(c.day, c.unit, c.measure): n for c, n in cells(state).items()} == {
        ("2026-09-01", "culture", "filed.upstream"): 1,
        ("2026-09-01", "culture", "received.upstream"): 1,
        ("2026-09-03", "culture", "resolved.early"): 1,
        ("2026-09-03", "culture", "ended.approved"): 1,
        ("2026-09-03", "culture", "took.0002"): 1,
        ("2026-09-03", "culture", "level4.yes"): 1,
        ("2026-09-01", "culture", "message.sms.sent"): 1,
        ("2026-09-01", "culture", "refund.made"): 1,
        ("2026-09-01", "culture", "refund_vnd.made"): 5,
    }
