"""Terms in several stages (rule 8 of `law.clock`)."""

from collections.abc import Sequence
from datetime import datetime, time
from itertools import pairwise

from law.calendar import Calendar
from law.clock.count import due_date
from law.clock.hours import OFFICE_HOURS, ZONE, OfficeHours, local
from law.clock.model import Due, Extension, Pause
from law.errors import ClockError
from law.facts import Strict
from law.steps import Stage


class StageDue(Strict):
    """`due` is None where it cannot be said yet; `planned`: the stage before is not answered."""

    code: str
    planned: bool
    due: Due | None


def stage_dues(
    stages: Sequence[Stage],
    filed: datetime,
    answered: Sequence[datetime] = (),
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
    *,
    calendar: Calendar | None = None,
    hours: OfficeHours = OFFICE_HOURS,
) -> tuple[StageDue, ...]:
    """Return when each stage is due; `answered` holds the instants at which the first stages were answered, in order.

    Raises ClockError, CalendarMissing.
    """
    ends = [local(instant) for instant in (filed, *answered)]
    if len(answered) > len(stages) or any(one > other for one, other in pairwise(ends)):
        raise ClockError("the answers to the stages must follow each other, at most one for each stage")
    found: list[StageDue] = []
    begins: datetime | None = filed
    for n, stage in enumerate(stages):
        until = answered[n] if n < len(answered) else None
        since = answered[n - 1] if 0 < n <= len(answered) else None
        planned = n > len(answered)
        due = None
        if begins is not None:
            own = [] if planned else [pause for pause in pauses if _within(pause.requested, since, until)]
            more = [] if planned else [grant for grant in extensions if _within(grant.granted, since, until)]
            due = due_date(stage.term, begins, own, more, calendar=calendar, hours=hours)
        found.append(StageDue(code=stage.code, planned=planned, due=due))
        begins = until or (None if due is None or due.day is None else datetime.combine(due.day, time.min, ZONE))
    return tuple(found)


def _within(instant: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= instant) and (until is None or instant < until)
