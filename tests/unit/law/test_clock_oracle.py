"""The clock against a naive one: lists of days, and days off from another source."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from law.clock import ZONE, Extension, Pause, due_date
from law.terms import SupplementPolicy, Term

LIBRARY = holidays.country_holidays("VN", years=range(2024, 2028))
DAYS = [date(2024, 6, 1) + timedelta(days=n) for n in range(3 * 365)]
WORKED = {
    day
    for day in DAYS
    if (day.weekday() < 5 and day not in LIBRARY and day != date(2026, 1, 2))
    or day in LIBRARY.weekend_workdays
    or day == date(2026, 1, 10)
}


def counted_from(instant: datetime) -> date:
    local = instant.astimezone(ZONE)
    inside = local.date() in WORKED and local.time() < time(17)
    return local.date() if inside else min(day for day in WORKED if day > local.date())


def naive(
    term: Term, filed: datetime, pauses: Sequence[Pause], extensions: Sequence[Extension]
) -> tuple[date, date, int]:
    answers = [(pause, pause.answered) for pause in pauses if pause.answered and pause.answered > pause.requested]
    anew = [answer for pause, answer in answers if pause.policy == "restart" and answer > filed]
    since = max([filed, *anew])
    start = max(counted_from(instant) for instant in [filed, *anew])
    waited = {
        day
        for pause, answer in answers
        for day in DAYS
        if pause.requested.astimezone(ZONE).date() < day <= counted_from(answer)
    }
    of_the_unit = [day for day in DAYS if day > start and (term.unit == "calendar" or day in WORKED)]
    length = term.amount + sum(extension.amount for extension in extensions if extension.granted > since)
    full = [day for day in of_the_unit if day not in waited][length - 1]
    last = min(day for day in WORKED if day >= full and day + timedelta(days=1) not in waited)
    return start, last, len([day for day in of_the_unit if day <= last and day in waited])


FILED = st.datetimes(datetime(2025, 1, 1), datetime(2026, 3, 31), timezones=st.just(UTC))  # noqa: DTZ001
TERMS = st.builds(Term, amount=st.integers(1, 40), unit=st.sampled_from(["calendar", "working"]))
LATER = st.integers(0, 60 * 24 * 40).map(lambda minutes: timedelta(minutes=minutes))
POLICIES: st.SearchStrategy[SupplementPolicy] = st.sampled_from(["resume", "restart"])


@settings(max_examples=150, deadline=None)
@given(
    FILED, TERMS, st.lists(st.tuples(LATER, LATER, POLICIES), max_size=4), st.lists(st.tuples(LATER, st.integers(1, 9)))
)
def test_as_the_naive_clock(
    filed: datetime,
    term: Term,
    waits: list[tuple[timedelta, timedelta, SupplementPolicy]],
    grants: list[tuple[timedelta, int]],
) -> None:
    pauses = [
        Pause(kind="supplement", requested=filed + begin, answered=filed + begin + length, policy=policy)
        for begin, length, policy in waits
    ]
    extensions = [Extension(amount=amount, granted=filed + after) for after, amount in grants[:3]]
    found = due_date(term, filed, pauses, extensions)
    assert (found.term_start, found.day, found.paused_days) == naive(term, filed, pauses, extensions)
