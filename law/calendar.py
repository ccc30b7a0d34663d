"""Which days the offices work: an own, versioned table, because the libraries miss swaps announced a week ahead.

Saturday and Sunday are days off unless the table names a make-up day; a listed day off is off whatever its weekday.
A year without a table raises CalendarMissing: nothing is guessed. A year whose plan is not announced yet is marked
`predicted`, and so is what is computed from it.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from law._data import current, parse_all
from law.errors import CalendarMissing, LawDataError
from law.facts import Provenance, Strict

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


class DayOff(Provenance):
    """A day on which nobody works, or all days from `day` to `until`.

    `swapped` for a make-up Saturday, `substitute` for a holiday on a weekend.
    """

    day: date
    until: date | None = None
    name_vi: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    kind: Literal["holiday", "substitute", "swapped"] = "holiday"

    @property
    def days(self) -> tuple[date, ...]:
        length = ((self.until or self.day) - self.day).days
        return tuple(self.day + n * _ONE_DAY for n in range(length + 1))

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.days:
            raise ValueError(f"ends {self.until} before it starts {self.day}")
        return self


class MakeUpDay(Provenance):
    """A Saturday or Sunday that is worked in exchange for a swapped day off."""

    day: date
    instead_of: date


class YearTable(Strict):
    """One year. `predicted`: the plan of that year is not announced, the days are derived."""

    year: int = Field(ge=2000, le=2099)
    version: str = Field(min_length=1)
    predicted: bool
    days_off: tuple[DayOff, ...]
    make_up_days: tuple[MakeUpDay, ...] = ()

    @property
    def off(self) -> tuple[date, ...]:
        return tuple(day for entry in self.days_off for day in entry.days)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        off = self.off
        work = [entry.day for entry in self.make_up_days]
        _each_once([*off, *work])
        if any(day.year != self.year for day in [*off, *work]):
            raise ValueError(f"every day must lie in {self.year}")
        for entry in self.make_up_days:
            if entry.day.weekday() < _SATURDAY:
                raise ValueError(f"{entry.day} is no weekend day: it cannot be made up")
            if entry.instead_of.year == self.year and entry.instead_of not in off:
                raise ValueError(f"{entry.day} makes up for {entry.instead_of}, which is not listed as off")
        return self


class Calendar:
    """An immutable set of year tables. `version` names their versions, to be kept with what was computed."""

    def __init__(self, tables: Iterable[YearTable]) -> None:
        self._tables: dict[int, YearTable] = {}
        for table in tables:
            if table.year in self._tables:
                raise LawDataError(f"two calendar tables for {table.year}")
            self._tables[table.year] = table
        self._off = frozenset(day for table in self._tables.values() for day in table.off)
        self._made_up = frozenset(entry.day for table in self._tables.values() for entry in table.make_up_days)
        self.version = ",".join(self._tables[year].version for year in sorted(self._tables))

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """Build from JSON texts by name (a reviewed data version). Raises LawDataError."""
        return cls(parse_all(YearTable, texts, "calendar"))

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(sorted(self._tables))

    def table(self, year: int) -> YearTable:
        """Return the table of `year`. Raises CalendarMissing."""
        try:
            return self._tables[year]
        except KeyError:
            raise CalendarMissing(year) from None

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on the local day `day`. Raises CalendarMissing."""
        self.table(day.year)
        return day in self._made_up or (day.weekday() < _SATURDAY and day not in self._off)

    def is_predicted(self, day: date) -> bool:
        """Whether the answer for `day` is a prediction. Raises CalendarMissing."""
        return self.table(day.year).predicted

    def next_working_day(self, day: date) -> date:
        """Return the first working day after `day`. Raises CalendarMissing."""
        self.table(day.year)
        return self.on_or_after(day + _ONE_DAY)

    def on_or_after(self, day: date) -> date:
        """Return `day` or the first working day after it. Raises CalendarMissing."""
        while not self.is_working_day(day):
            day += _ONE_DAY
        return day


def default() -> Calendar:
    """Return the calendar in use: the packaged one, unless `law.dataset.use` put another in its place."""
    return current(Calendar.from_texts)


def is_working_day(day: date) -> bool:
    """Whether offices work on `day` by the calendar in use. Raises CalendarMissing."""
    return default().is_working_day(day)


def _each_once(days: list[date]) -> None:
    for one, other in pairwise(sorted(days)):
        if one == other:
            raise ValueError(f"{one} is listed twice")
