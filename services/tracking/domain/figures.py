"""What people read off the totals: sums of a period, report II.06a, usual times, shares. Pure.

Shares are in per mille, whole numbers, rounded down; None where there is nothing to share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from law.clock.hours import local
from law.report06a import Row
from services.tracking.domain.counted import LONGER, Cell

Totals = Mapping[Cell, int]
By = Literal["unit", "procedure"]
ONLINE: Final = frozenset({"portal", "upstream"})
USUAL_DAYS: Final = 90
WHOLE: Final = "*"
"""The name of the row of all."""


@dataclass(frozen=True)
class Period:
    """Local days, both included; `now`: a period that is not over ends there. Raises ValueError when it is none."""

    start: date
    end: date
    now: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"the period ends {self.end}, before it starts {self.start}")

    def holds(self, day: str) -> bool:
        return self.start.isoformat() <= day <= self.end.isoformat()

    def before(self, day: str) -> bool:
        """It lies before the period."""
        return day < self.start.isoformat()

    def breached(self, cell: Cell) -> bool:
        """Whether the hour of a breach has come at the end of the period."""
        here = local(self.now)
        if cell.day >= here.date().isoformat():
            today = cell.day == here.date().isoformat()
            return today and cell.day <= self.end.isoformat() and int(cell.measure[-2:]) <= here.hour
        return cell.day <= self.end.isoformat()


def report(totals: Totals, period: Period, by: By = "unit") -> tuple[Row, ...]:
    """Report II.06a: a row a unit (or procedure), then one of all. Raises Contradiction when the totals are wrong."""
    columns: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for cell, number in totals.items():
        for column in _columns(cell, period):
            for name in (cell.unit if by == "unit" else cell.procedure, WHOLE):
                columns[name][column] += number
    names = sorted(name for name in columns if name != WHOLE)
    return tuple(_row(name, columns[name]) for name in (*names, WHOLE))


def _columns(cell: Cell, period: Period) -> Iterable[str]:
    """The columns a cell adds to; `received_ever` and `resolved_ever` are up to the end of the period."""
    family, _, word = cell.measure.partition(".")
    if family == "breach" and period.breached(cell):
        yield "breached"
    if family not in {"received", "resolved"} or not (period.before(cell.day) or period.holds(cell.day)):
        return
    yield f"{family}_ever"
    if family == "resolved" and word == "late":
        yield "late_ever"
    if period.before(cell.day):
        yield f"{family}_before"
    elif family == "resolved":
        yield word
    else:
        yield "received_online" if word in ONLINE else "received_otherwise"


def _row(name: str, found: Counter[str]) -> Row:
    pending = found["received_ever"] - found["resolved_ever"]
    overdue = found["breached"] - found["late_ever"]
    return Row(
        name=name,
        received_total=found["received_ever"] - found["resolved_before"],
        received_online=found["received_online"],
        received_otherwise=found["received_otherwise"],
        carried_over=found["received_before"] - found["resolved_before"],
        resolved_total=found["resolved_ever"] - found["resolved_before"],
        early=found["early"],
        on_time=found["on_time"],
        late=found["late"],
        pending_total=pending,
        within_term=pending - overdue,
        overdue=overdue,
    )


def sums(totals: Totals, period: Period) -> Counter[str]:
    """Every measure over the period."""
    found: Counter[str] = Counter()
    for cell, number in totals.items():
        if period.holds(cell.day):
            found[cell.measure] += number
    return found


def by_place(totals: Totals, period: Period) -> dict[tuple[str, str], Counter[str]]:
    """`sums` of each procedure and unit."""
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for cell, number in totals.items():
        if period.holds(cell.day):
            found[cell.procedure, cell.unit][cell.measure] += number
    return dict(sorted(found.items()))


def family(found: Mapping[str, int], name: str) -> dict[str, int]:
    """The words of a measure such as ``delivered.post``, and their numbers."""
    return {m.removeprefix(f"{name}."): n for m, n in sorted(found.items()) if m.startswith(f"{name}.")}


@dataclass(frozen=True)
class Usual:
    """How long it takes from reception to decision, in days at most; None: longer than is told apart."""

    decided: int
    median: int | None
    p90: int | None


def usual(found: Mapping[str, int]) -> Usual | None:
    """From sums of a period; None when nothing was decided."""
    buckets = {int(word): number for word, number in family(found, "took").items() if number}
    if not buckets:
        return None
    return Usual(sum(buckets.values()), _percentile(buckets, 50), _percentile(buckets, 90))


def _percentile(buckets: Mapping[int, int], percent: int) -> int | None:
    wanted, seen = -(-sum(buckets.values()) * percent // 100), 0
    for bound in sorted(buckets):
        seen += buckets[bound]
        if seen >= wanted:
            return None if bound == LONGER else bound
    raise AssertionError("a percentage is at most the whole")


def last_days(days: int, now: datetime) -> Period:
    """The last so many local days, today among them."""
    today = local(now).date()
    return Period(today - timedelta(days=days - 1), today, now)


def months(now: datetime, count: int) -> tuple[Period, ...]:
    """The last so many months, the present one last and not over."""
    first = local(now).date().replace(day=1)
    found = [Period(first, local(now).date(), now)]
    for _ in range(count - 1):
        last = first - timedelta(days=1)
        first = last.replace(day=1)
        found.append(Period(first, last, now))
    return tuple(reversed(found))


def share(part: int, whole: int) -> int | None:
    """Per mille, rounded down."""
    return part * 1000 // whole if whole else None
