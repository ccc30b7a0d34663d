"""When each step of the officers' work is due (rule 9 of `law.clock`)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import accumulate
from math import ceil

from law import calendar as calendars
from law.calendar import Calendar
from law.clock.count import Count
from law.clock.hours import OFFICE_HOURS, ZONE, OfficeHours
from law.clock.model import Extension, Pause
from law.errors import ClockError
from law.facts import Strict
from law.steps import Step
from law.terms import Term

_HALVES = 2  # of a day


class StepDue(Strict):
    """UTC instant until which the step must be done; None while a pause is open."""

    code: str
    due: datetime | None


def step_dues(
    steps: Sequence[Step],
    term: Term,
    filed: datetime,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    *,
    calendar: Calendar | None = None,
    hours: OfficeHours = OFFICE_HOURS,
) -> tuple[StepDue, ...]:
    """Return the due instants of the steps, in order; the last is due when the dossier is.

    Raises ClockError where the shares do not add to 1, CalendarMissing.
    """
    shares = list(accumulate(step.share for step in steps))
    if not shares or shares[-1] != Decimal(1):
        raise ClockError(f"the shares of the steps add to {shares[-1] if shares else 0}, not to 1")
    flow = _Flow(Count(term, filed, pauses, calendar or calendars.default(), hours), extensions, hours)
    if flow.count.open:
        return tuple(StepDue(code=step.code, due=None) for step in steps)
    ends = [flow.end(ceil(_HALVES * term.amount * share), last=share == shares[-1]) for share in shares]
    dues = accumulate(ends, max)
    return tuple(StepDue(code=step.code, due=due.astimezone(UTC)) for step, due in zip(steps, dues, strict=True))


class _Flow:
    """Half days of one term. Invariant: more half days are never due earlier, but for a day that was moved."""

    def __init__(self, count: Count, extensions: Sequence[Extension], hours: OfficeHours) -> None:
        self.count = count
        self._granted = count.standing(extensions)
        self._noon, self._evening = hours.intervals[0][1], hours.end

    def end(self, halves: int, *, last: bool) -> datetime:
        for extension in self._granted:
            if last or self._instant(halves) >= extension.granted:
                halves += _HALVES * extension.amount
        return self._instant(halves)

    def _instant(self, halves: int) -> datetime:
        day = self.count.day(ceil(halves / _HALVES))
        settled = self.count.settle(day)
        at_noon = halves % _HALVES and settled == day
        return datetime.combine(settled, self._noon if at_noon else self._evening, ZONE)
