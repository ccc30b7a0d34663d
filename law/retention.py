"""How long what is kept of a dossier must be kept, by procedure and outcome, with the text that says so. Pure.

Archives law counts from the end of the year in which the work ended (Law 33/2024/QH15 on archives; mark R): a term in
years ends with 31 December. A term in days has the day of the end for its first. Nothing may be erased before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from pydantic import Field

from law._data import current, parse_all
from law.errors import LawDataError
from law.facts import Fact, Mark, Strict

Outcome = Literal["approved", "refused", "rejected", "withdrawn", "stopped"]
"""How a dossier ended: decided either way, not received, taken back by the applicant, ended without a decision."""
OUTCOMES: Final[tuple[Outcome, ...]] = ("approved", "refused", "rejected", "withdrawn", "stopped")
ANY: Final = "*"


class Term(Strict):
    """How long; `years` are whole calendar years after that of the end."""

    amount: int = Field(ge=0, le=200)
    unit: Literal["years", "days"]

    def until(self, ended: date) -> date:
        """The last day on which it must be kept."""
        if self.unit == "days":
            return ended + timedelta(days=self.amount - 1)
        return date(ended.year + self.amount, 12, 31)


class Rule(Strict):
    """The term of those outcomes of a procedure; ``*`` is every procedure without a rule of its own for the outcome."""

    procedure: str = Field(min_length=1)
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    term: Fact[Term]


class Schedule(Strict):
    """The terms in force for dossiers that ended on or after `since`."""

    version: str = Field(min_length=1)
    since: date
    rules: tuple[Rule, ...]

    def rule(self, procedure: str, outcome: Outcome) -> Rule | None:
        """The rule of the procedure, else that of all."""
        found = {rule.procedure: rule for rule in self.rules if outcome in rule.outcomes}
        return found.get(procedure, found.get(ANY))


@dataclass(frozen=True, slots=True)
class Kept:
    """`until`: the last day of the term; why, and how sure that is."""

    until: date
    source: str
    mark: Mark
    version: str

    def over(self, today: date) -> bool:
        """It need not be kept on the local day `today`."""
        return today > self.until


def kept(procedure: str, outcome: Outcome, ended: date) -> Kept:
    """How long a dossier that ended on that local day is kept. Raises LawDataError where no rule says."""
    schedules = [one for one in current(_all) if one.since <= ended]
    if not schedules:
        raise LawDataError(f"retention: nothing is in force on {ended}")
    schedule = max(schedules, key=lambda one: one.since)
    rule = schedule.rule(procedure, outcome)
    if rule is None:
        raise LawDataError(f"retention: version {schedule.version} says nothing of {procedure}, {outcome}")
    return Kept(rule.term.value.until(ended), rule.term.source, rule.term.mark, schedule.version)


def faults(schedule: Schedule) -> Iterator[tuple[str, str]]:
    """(field, problem) of what would leave an outcome without a term, or with two."""
    for outcome in OUTCOMES:
        named = [rule.procedure for rule in schedule.rules if outcome in rule.outcomes]
        if ANY not in named:
            yield "rules", f"{outcome!r} of a procedure without a rule of its own has no term: add one for '*'"
        for procedure in sorted({name for name in named if named.count(name) > 1}):
            yield "rules", f"{outcome!r} of {procedure!r} has two terms: keep one"


def _all(texts: Mapping[str, str]) -> tuple[Schedule, ...]:
    return tuple(parse_all(Schedule, texts, "retention"))
