"""How late one may file for an event (rule 11 of `law.clock`)."""

from datetime import date, timedelta

from law import calendar as calendars
from law.calendar import Calendar
from law.terms import Term

_ONE_DAY = timedelta(days=1)


def latest_filing(event: date, ahead: Term, *, calendar: Calendar | None = None) -> date:
    """Return the last local day on which a filing within office hours is `ahead` of the event. Raises CalendarMissing.

    It is a working day: a filing on a day off counts from the next working day, which would be too late.
    """
    table = calendar or calendars.default()
    day, left = event, ahead.amount
    while left or not table.is_working_day(day):
        day -= _ONE_DAY
        left -= left > 0 and (ahead.unit == "calendar" or table.is_working_day(day))
    return day
