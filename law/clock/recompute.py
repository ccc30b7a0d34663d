"""What a changed calendar does to a due date (rule 12 of `law.clock`)."""

from collections.abc import Sequence
from datetime import datetime

from law.calendar import Calendar
from law.clock.count import due_date
from law.clock.hours import OFFICE_HOURS, OfficeHours
from law.clock.model import Due, Extension, Pause
from law.facts import Strict
from law.terms import Term


class Recomputed(Strict):
    """Both answers; each names the calendar that it rests on."""

    before: Due
    after: Due

    @property
    def moved(self) -> bool:
        """Whether the due date is another."""
        return self.before.due != self.after.due


def recompute(
    before: Due,
    term: Term,
    filed: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    *,
    calendar: Calendar,
    hours: OfficeHours = OFFICE_HOURS,
) -> Recomputed:
    """Return what was told, `before`, with what `calendar` says now. Raises ClockError, CalendarMissing."""
    return Recomputed(before=before, after=due_date(term, filed, pauses, extensions, calendar=calendar, hours=hours))
