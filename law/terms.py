"""Terms: a length and the unit it is counted in."""

from typing import Literal

from pydantic import Field

from law.facts import Strict

TermUnit = Literal["calendar", "working"]
SupplementPolicy = Literal["resume", "restart"]


class Term(Strict):
    """`amount` days: `calendar` = ngày, `working` = ngày làm việc."""

    amount: int = Field(ge=1, le=3660)
    unit: TermUnit
