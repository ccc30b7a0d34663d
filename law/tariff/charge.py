"""One line of a procedure's fees."""

from typing import Literal

from pydantic import Field

from law.facts import Strict
from law.tariff.rates import Rate

ChargeKind = Literal["phi", "le_phi"]


class Charge(Strict):
    """Phí and lệ phí are never added into one line: they have receipts of their own.

    `set_by` council: the amount is the provincial People's Council's to set; until its resolution is entered the data
    hold an example, marked U.
    """

    code: str = Field(pattern=r"^[A-Z0-9-]{2,32}$")
    kind: ChargeKind
    name_vi: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    set_by: Literal["ministry", "council"] = "ministry"
    rate: Rate
    schedule: str | None = None
