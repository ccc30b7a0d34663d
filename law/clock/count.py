"""Counting the days of one term (rules 1 to 7 of `law.clock`)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from law import calendar as calendars
from law.calendar import Calendar
from law.clock.hours import OFFICE_HOURS, ZONE, OfficeHours, local
from law.clock.model import Due, Extension, Pause
from law.terms import Term

_ONE_DAY = timedelta(days=1)


def term_start(filed: datetime, *, calendar: Calendar | None = None, hours: OfficeHours = OFFICE_HOURS) -> date:
    """Return the local day on which the term starts (rule 1). Raises ClockError, CalendarMissing."""
    table = calendar or calendars.default()
    moment = local(filed)
    if moment.time() < hours.end and table.is_working_day(moment.date()):
        return moment.date()
    return table.next_working_day(moment.date())


def due_date(
    term: Term,
    filed: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    *,
    calendar: Calendar | None = None,
    hours: OfficeHours = OFFICE_HOURS,
) -> Due:
    """Return when a dossier filed at the instant `filed` is due. The order of pauses and extensions does not matter.

    Raises ClockError for an instant without a zone, CalendarMissing where the count leaves the calendar.
    """
    count = Count(term, filed, pauses, calendar or calendars.default(), hours)
    granted = sum(extension.amount for extension in count.standing(extensions))
    last = count.latest_covered() if count.open else count.settle(count.day(term.amount + granted))
    return Due(
        due=None if count.open else datetime.combine(last, hours.end, ZONE).astimezone(UTC),
        day=None if count.open else last,
        term_start=count.start,
        paused_days=count.paused(last),
        predicted=any(count.calendar.table(year).predicted for year in range(count.start.year, last.year + 1)),
        calendar=count.calendar.version,
    )


class Count:
    """The days of one term. Invariant: no day counted is covered by a pause or lies at or before `start`."""

    def __init__(
        self, term: Term, filed: datetime, pauses: Sequence[Pause], calendar: Calendar, hours: OfficeHours
    ) -> None:
        self.unit = term.unit
        self.calendar = calendar
        self.since = local(filed)
        self.start = term_start(filed, calendar=calendar, hours=hours)
        self.open = any(pause.answered is None for pause in pauses)
        self._spans: list[tuple[date, date]] = []  # the day of the request, and the last day covered
        for pause in pauses:
            self._take(pause, hours)

    def _take(self, pause: Pause, hours: OfficeHours) -> None:
        requested = local(pause.requested)
        if pause.answered is None or (answered := local(pause.answered)) <= requested:
            return
        end = term_start(answered, calendar=self.calendar, hours=hours)
        self._spans.append((requested.date(), end))
        if pause.policy == "restart" and answered > self.since:
            self.since, self.start = answered, max(self.start, end)

    def standing(self, extensions: Sequence[Extension]) -> list[Extension]:
        """Return those that no restart dropped, in order of their grant."""
        after = [extension for extension in extensions if local(extension.granted) > self.since]
        return sorted(after, key=lambda extension: extension.granted)

    def day(self, amount: int) -> date:
        """Return the day on which `amount` days are counted."""
        day = self.start
        for _ in range(amount):
            day = self._next_counted(day)
        return day

    def latest_covered(self) -> date:
        return max([self.start, *(end for _, end in self._spans)])

    def paused(self, last: date) -> int:
        days = (self.start + timedelta(days=n) for n in range(1, (last - self.start).days + 1))
        return sum(1 for day in days if self._covered(day) and self._counts(day))

    def settle(self, day: date) -> date:
        """Rules 2 and 4: a term neither ends on a day off nor runs out while the agency waits."""
        while not self.calendar.is_working_day(day) or self._covered(day + _ONE_DAY):
            day += _ONE_DAY
        return day

    def _next_counted(self, day: date) -> date:
        day += _ONE_DAY
        while self._covered(day) or not self._counts(day):
            day += _ONE_DAY
        return day

    def _counts(self, day: date) -> bool:
        return self.unit == "calendar" or self.calendar.is_working_day(day)

    def _covered(self, day: date) -> bool:
        return any(request < day <= end for request, end in self._spans)
