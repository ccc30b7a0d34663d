"""Charges of a procedure and the dated reductions that cut them.

How a reduction's marks work: what is remembered but not verified must not become a claim to a citizen, so a reduction
is applied only where its own mark is sure (V or T). A reduction marked R or U stays in the data, visible and unapplied,
until an officer verifies it and changes its mark. Where the start of a reduction is sure and its end is not, it is
applied up to that end, and the amount carries the weaker mark from the start on, also after that end: either side may
be wrong.
A base amount has no such alternative: it is charged, with its mark.
"""

from datetime import date
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from law.facts import Fact, Mark, Provenance, Strict, weakest

ChargeKind = Literal["phi", "le_phi"]
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


class FlatRate(Strict):
    """An amount in VND per unit (per card, per certificate)."""

    type: Literal["flat"] = "flat"
    amount: Fact[int]
    unit_vi: str
    unit_en: str

    @model_validator(mode="after")
    def _money(self) -> Self:
        if self.amount.value <= 0:
            raise ValueError("a charge is a positive number of VND")
        return self


class Charge(Strict):
    """One line of a procedure's fees: phí and lệ phí are never added into one line, they have receipts of their own."""

    code: str = Field(pattern=r"^[A-Z0-9-]{2,32}$")
    kind: ChargeKind
    name_vi: str
    name_en: str
    rate: FlatRate
    schedule: str | None = None

    def unit_price(self, on: date, schedule: Schedule | None) -> int:
        """Return VND per unit on that day. Raises ValueError where the cut would leave a fraction of a đồng."""
        percent = schedule.percent(on) if schedule else 0
        price, rest = divmod(self.rate.amount.value * (_WHOLE - percent), _WHOLE)
        if rest:
            raise ValueError(f"{self.code}: {percent} % off {self.rate.amount.value} VND is no whole number")
        return price
