from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from law import calendar as calendars
from law.clock import ZONE, Due, Extension, OfficeHours, Pause, after_office_hours, due_date, term_start
from law.errors import CalendarMissing, ClockError
from law.terms import SupplementPolicy, Term, TermUnit


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def term(amount: int, unit: TermUnit) -> Term:
    return Term(amount=amount, unit=unit)


def pause(
    requested: str,
    answered: str | None,
    kind: Literal["fee", "supplement"] = "fee",
    policy: SupplementPolicy = "resume",
) -> Pause:
    return Pause(kind=kind, requested=at(requested), answered=at(answered) if answered else None, policy=policy)


def due(amount: int, unit: TermUnit, filed: str, pauses: Sequence[Pause] = (), ext: Sequence[Extension] = ()) -> Due:
    return due_date(term(amount, unit), at(filed), pauses, ext)


@pytest.mark.parametrize(
    ("filed", "start"),
    [
        ("2021-06-16T09:00", "2021-06-16"),
        ("2021-06-16T00:00", "2021-06-16"),
        ("2021-06-16T16:59:59.999", "2021-06-16"),
        ("2021-06-16T17:00:00.000", "2021-06-17"),
        ("2021-06-18T17:00", "2021-06-21"),  # Friday evening
        ("2021-06-19T09:00", "2021-06-21"),  # Saturday
        ("2026-01-10T09:00", "2026-01-10"),  # make-up Saturday
        ("2026-01-02T09:00", "2026-01-05"),  # swapped Friday
        ("2026-02-13T17:30", "2026-02-23"),  # before Tết
    ],
)
def test_term_start(filed: str, start: str) -> None:
    assert term_start(at(filed)) == date.fromisoformat(start)


def test_open_pause_has_no_due_date() -> None:
    result = due(7, "working", "2021-06-16T09:00", [pause("2021-06-17T09:00", None)])
    assert (result.due, result.day, result.paused_days) == (None, None, 0)


def test_prediction_and_version_are_told() -> None:
    assert due(5, "working", "2027-03-01T09:00").predicted
    result = due(5, "working", "2026-03-02T09:00")
    assert not result.predicted
    assert result.calendar == calendars.default().version


def test_refusals() -> None:
    with pytest.raises(CalendarMissing, match="2028"):
        due(7, "working", "2027-12-30T09:00")
    with pytest.raises(ClockError, match="no time zone"):
        term_start(datetime(2021, 6, 16, 9))  # noqa: DTZ001
    with pytest.raises(ValueError, match="never restarts"):
        pause("2021-06-17T09:00", None, "fee", "restart")
    with pytest.raises(ValueError, match="rising"):
        OfficeHours.model_validate({"intervals": [["13:30", "17:00"], ["07:30", "11:30"]]})


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2021-06-16T07:30", "2021-06-17T08:00"),  # 7.5 hours a day
        ("2021-06-16T12:00", "2021-06-17T14:00"),  # 3.5 hours, then 4 and 0.5
        ("2021-06-18T18:00", "2021-06-22T08:00"),  # Friday evening
        ("2026-02-13T16:00", "2026-02-23T16:30"),  # an hour before Tết, then 4 and 3
        ("2026-01-09T13:30", "2026-01-10T14:00"),  # into the make-up Saturday
        ("2026-01-01T10:00", "2026-01-06T08:00"),  # holiday, swapped Friday, weekend
    ],
)
def test_eight_working_hours(start: str, end: str) -> None:
    assert after_office_hours(at(start), timedelta(hours=8)) == at(end)


FILED = st.datetimes(datetime(2025, 1, 1), datetime(2026, 6, 30), timezones=st.just(UTC))  # noqa: DTZ001
TERMS = st.builds(Term, amount=st.integers(1, 40), unit=st.sampled_from(["calendar", "working"]))
OFFSETS = st.integers(0, 60 * 24 * 40).map(lambda minutes: timedelta(minutes=minutes))


KINDS: list[tuple[Literal["fee", "supplement"], SupplementPolicy]] = [
    ("fee", "resume"),
    ("supplement", "resume"),
    ("supplement", "restart"),
]


@st.composite
def pauses_after(draw: st.DrawFn, filed: datetime) -> list[Pause]:
    found = []
    for begin, length in draw(st.lists(st.tuples(OFFSETS, OFFSETS), max_size=4)):
        requested = filed + begin
        kind, policy = draw(st.sampled_from(KINDS))
        found.append(Pause(kind=kind, requested=requested, answered=requested + length, policy=policy))
    return found


@given(st.data(), FILED, TERMS)
def test_never_on_a_day_off_nor_while_waiting(data: st.DataObject, filed: datetime, length: Term) -> None:
    pauses = data.draw(pauses_after(filed))
    result = due_date(length, filed, pauses)
    assert result.day is not None
    assert calendars.is_working_day(result.day)
    assert result.due is not None
    assert result.due > filed
    for one in pauses:
        assert one.answered is not None
        asked = one.requested.astimezone(ZONE).date()
        assert not (asked <= result.day < term_start(one.answered) and one.answered > one.requested)


@given(FILED, st.timedeltas(timedelta(0), timedelta(days=30)), TERMS)
def test_monotone_in_filed(filed: datetime, later: timedelta, length: Term) -> None:
    one, other = due_date(length, filed), due_date(length, filed + later)
    assert one.due is not None
    assert other.due is not None
    assert one.due <= other.due


@given(st.data(), FILED, TERMS)
def test_a_pause_never_shortens_and_counts_once(data: st.DataObject, filed: datetime, length: Term) -> None:
    pauses = data.draw(pauses_after(filed))
    result, bare = due_date(length, filed, pauses), due_date(length, filed)
    assert result.day is not None
    assert bare.day is not None
    assert result.day >= bare.day
    assert due_date(length, filed, [*pauses, *pauses[::-1]]) == result


def test_office_time_that_ends_with_the_day_ends_that_day() -> None:
    assert after_office_hours(at("2021-06-16T07:30"), timedelta(hours=7.5)) == at("2021-06-16T17:00")
    assert after_office_hours(at("2021-06-16T07:30"), timedelta(hours=4)) == at("2021-06-16T11:30")


@given(FILED, st.integers(1, 40 * 60), st.integers(1, 40 * 60))
def test_office_hours_add_up(start: datetime, one: int, other: int) -> None:
    first = after_office_hours(start, timedelta(minutes=one))
    both = after_office_hours(start, timedelta(minutes=one + other))
    assert after_office_hours(first, timedelta(minutes=other)) == both
