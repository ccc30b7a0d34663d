"""Terms: a length and the unit it is counted in."""

from typing import Literal

from pydantic import Field

from law.facts import Provenance, Strict

TermUnit = Literal["calendar", "working"]
SupplementPolicy = Literal["resume", "restart"]


class Term(Strict):
    """`amount` days: `calendar` = ngày, `working` = ngày làm việc."""

    amount: int = Field(ge=1, le=3660)
    unit: TermUnit


class TermCase(Provenance):
    """Another term where the form answers `input` with one of `answers`: an adjustment, a notice."""

    input: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    answers: tuple[str, ...] = Field(min_length=1)
    term: Term
