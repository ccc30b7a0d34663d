"""Dated reductions, which cut a scale of charges.

How a reduction's marks work: what is remembered but not verified must not become a claim to a citizen, so a reduction
is applied only where its own mark is sure (V or T). A reduction marked R or U stays in the data, visible and unapplied,
until an officer verifies it and changes its mark. Where the start of a reduction is sure and its end is not, it is
applied up to that end, and the amount carries the weaker mark from the start on, also after that end: either side may
be wrong.
A base amount has no such alternative: it is charged, with its mark.
"""

from datetime import date
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from law.facts import Fact, Mark, Provenance, Strict, weakest

_WHOLE = 100


class Reduction(Provenance):
    """A cut by `percent` from `since` to `until`, both included. The mark is that of its start and its percentage."""

    since: date
    until: Fact[date]
    percent: int = Field(ge=1, le=100)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.until.value < self.since:
            raise ValueError(f"ends {self.until.value} before it starts {self.since}")
        return self

    @property
    def applied(self) -> bool:
        return self.mark.sure

    def covers(self, on: date) -> bool:
        return self.since <= on <= self.until.value

    def bears_on(self, on: date) -> bool:
        """Whether the amount of that day would change if this entry proved wrong."""
        return self.covers(on) or (self.applied and not self.until.mark.sure and on >= self.since)


class Schedule(Strict):
    """The reductions of one scale of charges, as `name` in the charges that follow it."""

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    version: str = Field(min_length=1)
    reductions: tuple[Reduction, ...]

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        ordered = sorted(self.reductions, key=lambda entry: entry.since)
        for one, other in pairwise(ordered):
            if other.since <= one.until.value:
                raise ValueError(f"the reductions from {one.since} and from {other.since} overlap")
        return self

    def percent(self, on: date) -> int:
        """Return the percentage cut on that day, 0 for none."""
        return sum(entry.percent for entry in self.reductions if entry.applied and entry.covers(on))

    def mark(self, on: date) -> Mark:
        """Return how sure `percent(on)` is."""
        bearing = [entry for entry in self.reductions if entry.bears_on(on)]
        return weakest(Mark.VERIFIED, *(weakest(entry.mark, entry.until.mark) for entry in bearing))

    def cut(self, amount: int, on: date) -> int:
        """Return what is left of `amount` VND on that day. Raises ValueError where a fraction of a đồng would be."""
        left, rest = divmod(amount * (_WHOLE - self.percent(on)), _WHOLE)
        if rest:
            raise ValueError(f"{self.percent(on)} % off {amount} VND is no whole number")
        return left
