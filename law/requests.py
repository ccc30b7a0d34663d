"""How long an office has to answer what a person asks about their data, with the text that says so. Pure.

Law 91/2025/QH15 with Decree 356/2025/ND-CP, in force since 1 January 2026: first an answer that the request is there
and what becomes of it, in working days; then it is done, in days. A term does not count the day it came (Civil Code
2015, art. 147.2), and one that would end on a day off ends with the next working day (art. 148.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, get_args

from pydantic import Field

from law._data import current, parse_all
from law.calendar import Calendar
from law.errors import LawDataError
from law.facts import Fact, Mark, Strict

Right = Literal["see", "correct", "restrict", "erase"]
"""What is asked for: to see or have a copy, to have it put right, not to have it processed, to have it erased."""
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)


class Length(Strict):
    """How long, in working days or in days."""

    amount: int = Field(ge=1, le=365)
    unit: Literal["working", "calendar"]

    def last(self, asked: date, calendar: Calendar) -> date:
        """The last day, of what was asked on that local day. Raises CalendarMissing."""
        if self.unit == "calendar":
            return calendar.on_or_after(asked + timedelta(days=self.amount))
        day = asked
        for _ in range(self.amount):
            day = calendar.next_working_day(day)
        return day


class Answers(Strict):
    """The terms in force for what is asked on or after `since`; `answer`: until the person hears that it came."""

    version: str = Field(min_length=1)
    since: date
    answer: Fact[Length]
    done: Mapping[Right, Fact[Length]]


@dataclass(frozen=True, slots=True)
class Due:
    """The last day to answer, and the last day to have done it; the text of each, and how sure that is."""

    answer_by: date
    answer_source: str
    answer_mark: Mark
    done_by: date
    source: str
    mark: Mark


def due(right: Right, asked: date, calendar: Calendar) -> Due:
    """By when what was asked on that local day is due. Raises LawDataError where no text says, CalendarMissing."""
    found = [one for one in current(_all) if one.since <= asked]
    if not found:
        raise LawDataError(f"requests: nothing is in force on {asked}")
    terms = max(found, key=lambda one: one.since)
    first, done = terms.answer, terms.done.get(right)
    if done is None:
        raise LawDataError(f"requests: version {terms.version} says nothing of {right!r}")
    return Due(
        first.value.last(asked, calendar),
        first.source,
        first.mark,
        done.value.last(asked, calendar),
        done.source,
        done.mark,
    )


def faults(answers: Answers) -> Iterator[tuple[str, str]]:
    """(field, problem) of a right without a term."""
    for right in RIGHTS:
        if right not in answers.done:
            yield f"done.{right}", "has no term: add it"


def _all(texts: Mapping[str, str]) -> tuple[Answers, ...]:
    return tuple(parse_all(Answers, texts, "requests"))
