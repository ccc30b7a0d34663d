"""Office hours and local time. Legal days are days in Asia/Ho_Chi_Minh."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from law import calendar as calendars
from law.calendar import Calendar
from law.errors import ClockError
from law.facts import Strict

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


def after_office_hours(
    start: datetime, duration: timedelta, *, calendar: Calendar | None = None, hours: OfficeHours = OFFICE_HOURS
) -> datetime:
    """Return the UTC instant at which `duration` of office time has run since `start`.

    The officer's first answer has 8 working hours (NĐ 45/2020/NĐ-CP). Raises ClockError, CalendarMissing.
    """
    table = calendar or calendars.default()
    if duration <= timedelta(0):
        raise ClockError("office time must be more than nothing")
    begin_at, left = local(start), duration
    day = begin_at.date()
    while True:
        for opens, closes in hours.intervals if table.is_working_day(day) else ():
            begin = max(datetime.combine(day, opens, ZONE), begin_at)
            room = datetime.combine(day, closes, ZONE) - begin
            if left <= room:
                return (begin + left).astimezone(UTC)
            left -= max(room, timedelta(0))
        day += _ONE_DAY


def local(instant: datetime) -> datetime:
    """Return the instant on the local clock. Raises ClockError for one without a zone, or at the end of time."""
    if instant.tzinfo is None:
        raise ClockError(f"{instant.isoformat()} has no time zone")
    try:
        return instant.astimezone(ZONE)
    except OverflowError as error:
        raise ClockError(f"{instant.isoformat()} is no instant of any calendar") from error
