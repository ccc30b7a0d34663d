"""What anyone may know: disjoint counts by month and procedure, small ones withheld, and usual times. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.tracking.domain.disclosure import FEWEST, Shown, disclosed, total
from services.tracking.domain.figures import (
    ONLINE,
    USUAL_DAYS,
    Period,
    Totals,
    Usual,
    by_place,
    family,
    last_days,
    months,
    share,
    sums,
    usual,
)

MONTHS: Final = 12
GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "received": (*sorted(ONLINE), "unknown"),
    "resolved": ("early", "on_time", "late"),
    "delivered": ("online", "post", "in_person"),
}
"""Family of measures to its words: each counts a dossier once."""


@dataclass(frozen=True)
class Month:
    """`tables`: group to procedure to column; `sums`: group to the sum of all. None: withheld."""

    month: str
    tables: Mapping[str, Shown]
    sums: Mapping[str, int | None]
    columns: Mapping[str, Mapping[str, int | None]]
    """Group to column to the sum of all procedures."""


@dataclass(frozen=True)
class OpenData:
    """`in_time`, `level4`: per mille of what was resolved, decided in all months; None where too few."""

    months: tuple[Month, ...]
    usual: Mapping[str, Usual]
    in_time: int | None
    level4: int | None


def open_data(totals: Totals, now: datetime) -> OpenData:
    """The last twelve months, the present one last; usual times of the last 90 days where enough was decided."""
    periods = months(now, MONTHS)
    whole = Period(periods[0].start, periods[-1].end, now)
    summed = sums(totals, whole)
    resolved, decided = family(summed, "resolved"), family(summed, "level4")
    return OpenData(
        tuple(_month(totals, period) for period in periods),
        _usual(totals, now),
        _share(resolved.get("early", 0) + resolved.get("on_time", 0), sum(resolved.values())),
        _share(decided.get("yes", 0), sum(decided.values())),
    )


def _share(part: int, whole: int) -> int | None:
    small = 0 < part < FEWEST or 0 < whole - part < FEWEST
    return None if small else share(part, whole)


def _month(totals: Totals, period: Period) -> Month:
    procedures, whole = _by_procedure(totals, period), sums(totals, period)
    tables, columns, every = {}, {}, {}
    for group, words in GROUPS.items():
        tables[group] = disclosed({p: _only(found, group) for p, found in procedures.items()}, words)
        columns[group] = disclosed({"*": _only(whole, group)}, words)["*"]
        every[group] = total(_only(whole, group).values())
    return Month(period.start.isoformat()[:7], tables, every, columns)


def _only(found: Mapping[str, int], group: str) -> dict[str, int]:
    numbers = family(found, group)
    return {column: numbers.get(column, 0) for column in GROUPS[group]}


def _by_procedure(totals: Totals, period: Period) -> dict[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (procedure, _), numbers in by_place(totals, period).items():
        found[procedure].update(numbers)
    return dict(found)


def _usual(totals: Totals, now: datetime) -> dict[str, Usual]:
    found = {p: usual(numbers) for p, numbers in _by_procedure(totals, last_days(USUAL_DAYS, now)).items()}
    return {p: times for p, times in sorted(found.items()) if times is not None and times.decided >= FEWEST}
