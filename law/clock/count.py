"""The clock of a dossier: pure functions of calendar, term, filing, pauses and extensions.

This project's written rule (no decree settles all of it; a procedure may say otherwise), here and in no other place:

1. *Term start* is the day of filing when filed on a working day at a local time before the end of office hours
   (17:00:00.000), else the next working day, whenever the clerk receives it.
2. The day of the term's start is not counted (Civil Code 2015 Art. 147.2). A term in working days counts working days;
   one in calendar days counts all, and ends with the next working day where it would end on a day off (Art. 148.5).
3. A pause covers the days after the local day of the request up to and including the term-start day of the answer: the
   request's day counts, the answer's day does not. Overlapping pauses count once. While one is open there is no due
   date. A pause of the fee ends at the time of payment, not of its notice. An answer not after its request pauses
   nothing.
4. `resume` goes on with what was left; where nothing was left (asked for on the last day), the term ends with the day
   of the answer. `restart` begins anew with the answer and drops earlier pauses and extensions; what of another pause
   lies after the new start still covers its days.
5. An extension adds its amount, in the term's unit, after the pauses.
6. A pause asked for after the last day changes nothing once it is answered: a breach is not undone by it.
7. Due is the end of office hours on the last day, as an instant in UTC.

Legal days are days in Asia/Ho_Chi_Minh.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from law import calendar as calendars
from law.calendar import Calendar
from law.errors import ClockError
from law.facts import Strict
from law.terms import SupplementPolicy, Term

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_ONE_DAY = timedelta(days=1)


class OfficeHours(Strict):
    """Local opening intervals of a working day, in order, not overlapping."""

    intervals: tuple[tuple[time, time], ...] = Field(
        default=((time(7, 30), time(11, 30)), (time(13, 30), time(17, 0))), min_length=1
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        edges = [edge for interval in self.intervals for edge in interval]
        if any(one >= other for one, other in pairwise(edges)):
            raise ValueError("office hours must be rising and must not overlap")
        return self

    @property
    def end(self) -> time:
        return self.intervals[-1][1]


OFFICE_HOURS = OfficeHours()


class Pause(Strict):
    """Time for which the agency waits; `answered` is None while it is open. Instants carry a zone.

    `supplement`: from the request to the supplement, by the procedure's policy. `fee`: from the request to the time of
    payment, always `resume`.
    """

    kind: Literal["supplement", "fee"]
    requested: datetime
    answered: datetime | None = None
    policy: SupplementPolicy = "resume"

    @model_validator(mode="after")
    def _fee_resumes(self) -> Self:
        if self.kind == "fee" and self.policy == "restart":
            raise ValueError("a pause for the fee never restarts the term")
        return self


class Extension(Strict):
    """`amount` days more, in the unit of the term, granted at an instant."""

    amount: int = Field(ge=1, le=3660)
    granted: datetime


class Due(Strict):
    """What the clock says.

    due          UTC instant; None while a pause is open
    day          the last local day of the term; None likewise
    term_start   the local day that is not counted; after a restart, that of the answer
    paused_days  days by which pauses lengthened the term so far, in the term's unit
    predicted    the answer rests on a year whose calendar is not announced
    calendar     version of the calendar that it was computed with
    """

    due: datetime | None
    day: date | None
    term_start: date
    paused_days: int
    predicted: bool
    calendar: str


def term_start(filed: datetime, *, calendar: Calendar | None = None, hours: OfficeHours = OFFICE_HOURS) -> date:
    """Return the local day on which the term starts (rule 1). Raises ClockError, CalendarMissing."""
    table = calendar or calendars.default()
    local = _local(filed)
    if local.time() < hours.end and table.is_working_day(local.date()):
        return local.date()
    return table.next_working_day(local.date())


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
    count = _Count(term, filed, pauses, calendar or calendars.default(), hours)
    granted = sum(extension.amount for extension in extensions if _local(extension.granted) > count.since)
    last = count.latest_covered() if count.open else count.last_day(granted)
    return Due(
        due=None if count.open else datetime.combine(last, hours.end, ZONE).astimezone(UTC),
        day=None if count.open else last,
        term_start=count.start,
        paused_days=count.paused(last),
        predicted=any(count.calendar.table(year).predicted for year in range(count.start.year, last.year + 1)),
        calendar=count.calendar.version,
    )


def after_office_hours(
    start: datetime, duration: timedelta, *, calendar: Calendar | None = None, hours: OfficeHours = OFFICE_HOURS
) -> datetime:
    """Return the UTC instant at which `duration` of office time has run since `start`.

    The officer's first answer has 8 working hours (NĐ 45/2020/NĐ-CP). Raises ClockError, CalendarMissing.
    """
    table = calendar or calendars.default()
    if duration <= timedelta(0):
        raise ClockError("office time must be more than nothing")
    local, left = _local(start), duration
    day = local.date()
    while True:
        for opens, closes in hours.intervals if table.is_working_day(day) else ():
            begin = max(datetime.combine(day, opens, ZONE), local)
            room = datetime.combine(day, closes, ZONE) - begin
            if left <= room:
                return (begin + left).astimezone(UTC)
            left -= max(room, timedelta(0))
        day += _ONE_DAY


class _Count:
    """The days of one term. Invariant: no day counted is covered by a pause or lies at or before `start`."""

    def __init__(
        self, term: Term, filed: datetime, pauses: Sequence[Pause], calendar: Calendar, hours: OfficeHours
    ) -> None:
        self.term = term
        self.calendar = calendar
        self.since = _local(filed)
        self.start = term_start(filed, calendar=calendar, hours=hours)
        self.open = any(pause.answered is None for pause in pauses)
        self._spans: list[tuple[date, date]] = []  # the day of the request, and the last day covered
        for pause in pauses:
            self._take(pause, hours)

    def _take(self, pause: Pause, hours: OfficeHours) -> None:
        requested = _local(pause.requested)
        if pause.answered is None or (answered := _local(pause.answered)) <= requested:
            return
        end = term_start(answered, calendar=self.calendar, hours=hours)
        self._spans.append((requested.date(), end))
        if pause.policy == "restart" and answered > self.since:
            self.since, self.start = answered, max(self.start, end)

    def last_day(self, granted: int) -> date:
        day = self.start
        for _ in range(self.term.amount + granted):
            day = self._next_counted(day)
        return self._settle(day)

    def latest_covered(self) -> date:
        return max([self.start, *(end for _, end in self._spans)])

    def paused(self, last: date) -> int:
        days = (self.start + timedelta(days=n) for n in range(1, (last - self.start).days + 1))
        return sum(1 for day in days if self._covered(day) and self._counts(day))

    def _settle(self, day: date) -> date:
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
        return self.term.unit == "calendar" or self.calendar.is_working_day(day)

    def _covered(self, day: date) -> bool:
        return any(request < day <= end for request, end in self._spans)


def _local(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ClockError(f"{instant.isoformat()} has no time zone")
    return instant.astimezone(ZONE)
