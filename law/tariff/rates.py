"""What a charge is counted by. Amounts are VND.

    flat      so much per card, certificate, dossier
    tiers     by a number: rooms, minutes, kinds of sport
    per_unit  so much for each, up to a cap
    choice    another rate for each answer: class of location, new or changed, number of stars
    free      nothing is due, with the reason: an exemption

A rate names its inputs as the e-form of the procedure names its fields.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from law.facts import Fact, Mark, Provenance, Strict

Dong = Annotated[int, Field(ge=1, le=10**10)]
InputName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Price(Strict):
    """`quantity` × `unit_price`, in VND, but never more than `cap`."""

    unit_price: int
    quantity: int
    cap: int | None
    mark: Mark


class FlatRate(Strict):
    """An amount in VND per unit (per card, per certificate)."""

    type: Literal["flat"] = "flat"
    amount: Fact[Dong]
    unit_vi: str = Field(min_length=1)
    unit_en: str = Field(min_length=1)


class FreeRate(Provenance):
    """An exemption."""

    type: Literal["free"]
    reason_vi: str = Field(min_length=1)
    reason_en: str = Field(min_length=1)


class Tier(Strict):
    """An amount for numbers above the tier before, up to and including `up_to`; the last tier has no end."""

    up_to: int | None = Field(default=None, ge=1)
    amount: Dong


class TierRate(Provenance):
    """An amount by the number given as `input`."""

    type: Literal["tiers"]
    input: InputName
    tiers: tuple[Tier, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_holes(self) -> Self:
        ends = [tier.up_to for tier in self.tiers]
        if ends[-1] is not None:
            raise ValueError(f"fee tiers leave a hole above {ends[-1]}: the last tier must have no `up_to`")
        bounded = [end for end in ends if end is not None]
        if len(bounded) != len(ends) - 1:
            raise ValueError("only the last fee tier may have no `up_to`")
        if any(one >= other for one, other in pairwise(bounded)):
            raise ValueError(f"fee tiers must rise: `up_to` reads {', '.join(map(str, bounded))}")
        return self

    def tier(self, number: int) -> Tier:
        return next(tier for tier in self.tiers if tier.up_to is None or number <= tier.up_to)


class UnitRate(Provenance):
    """An amount for each of the number given as `input`, together at most `cap`."""

    type: Literal["per_unit"]
    input: InputName
    amount: Dong
    cap: Dong | None = None

    @model_validator(mode="after")
    def _cap_holds_one(self) -> Self:
        if self.cap is not None and self.cap < self.amount:
            raise ValueError(f"the cap {self.cap} VND is less than one unit, {self.amount} VND")
        return self


class ChoiceRate(Strict):
    """Another rate for each answer to `input`."""

    type: Literal["choice"]
    input: InputName
    cases: dict[str, "Rate"] = Field(min_length=2)


Rate = Annotated[FlatRate | FreeRate | TierRate | UnitRate | ChoiceRate, Field(discriminator="type")]
ChoiceRate.model_rebuild()


def price(rate: Rate, values: Mapping[str, str | int], units: int) -> Price | FreeRate:
    """Return what the rate asks for. Invariant: `values` hold every input on the way, of the right type."""
    match rate:
        case FlatRate():
            return Price(unit_price=rate.amount.value, quantity=units, cap=None, mark=rate.amount.mark)
        case TierRate():
            tier = rate.tier(int(values[rate.input]))
            return Price(unit_price=tier.amount, quantity=1, cap=None, mark=rate.mark)
        case UnitRate():
            number = int(values[rate.input])
            return Price(unit_price=rate.amount, quantity=number, cap=rate.cap, mark=rate.mark)
        case ChoiceRate():
            return price(rate.cases[str(values[rate.input])], values, units)
        case FreeRate():
            return rate


def input_names(rate: Rate, values: Mapping[str, str | int] | None = None) -> Iterator[str]:
    """Yield the names that the rate asks for; with `values`, only those on the way that they choose."""
    if isinstance(rate, FlatRate | FreeRate):
        return
    yield rate.input
    if isinstance(rate, ChoiceRate):
        chosen = str((values or {}).get(rate.input, ""))
        for case, inner in rate.cases.items():
            if values is None or case == chosen:
                yield from input_names(inner, values)


def amounts(rate: Rate) -> Iterator[int]:
    """Yield every amount that the rate holds: what a reduction must leave whole."""
    match rate:
        case FlatRate():
            yield rate.amount.value
        case TierRate():
            yield from (tier.amount for tier in rate.tiers)
        case UnitRate():
            yield from (amount for amount in (rate.amount, rate.cap) if amount is not None)
        case ChoiceRate():
            for inner in rate.cases.values():
                yield from amounts(inner)
        case FreeRate():
            return
