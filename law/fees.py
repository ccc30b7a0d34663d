"""Fees of a filing: a pure function of procedure version, day and inputs to lines of phí and lệ phí in integer VND."""

from datetime import date

from pydantic import Field

from law.errors import FeeError
from law.facts import Mark, Strict, weakest
from law.procedures import Procedure
from law.tariff import Charge, ChargeKind

_MAX_VND = 10**10  # N[1,12] of VND × 100 is what a payment order can carry


class FeeInputs(Strict):
    """What a fee depends on besides procedure and day. `units`: cards, certificates."""

    units: int = Field(default=1, ge=1, le=1000)


ONE_UNIT = FeeInputs()


class FeeLine(Strict):
    """One charge. Amounts in VND; `mark` is that of the least sure value that the amount rests on."""

    code: str
    name_vi: str
    name_en: str
    kind: ChargeKind
    unit_price: int
    quantity: int
    amount: int
    mark: Mark


class Assessment(Strict):
    """The lines, empty where the procedure is free, and their sum in VND."""

    lines: tuple[FeeLine, ...]
    total: int


def assess(procedure: Procedure, on: date, inputs: FeeInputs = ONE_UNIT) -> Assessment:
    """Return what is due for a filing on the local day `on`.

    Reductions are applied by `law.tariff`: only sure ones. Raises FeeError above what a payment order can carry.
    """
    lines = tuple(_line(procedure, charge, on, inputs) for charge in procedure.charges)
    total = sum(line.amount for line in lines)
    if total >= _MAX_VND:
        raise FeeError(f"{procedure.code}: {total} VND is more than one payment can carry")
    return Assessment(lines=lines, total=total)


def _line(procedure: Procedure, charge: Charge, on: date, inputs: FeeInputs) -> FeeLine:
    schedule = procedure.schedule_of(charge)
    price = charge.unit_price(on, schedule)
    return FeeLine(
        code=charge.code,
        name_vi=charge.name_vi,
        name_en=charge.name_en,
        kind=charge.kind,
        unit_price=price,
        quantity=inputs.units,
        amount=price * inputs.units,
        mark=weakest(charge.rate.amount.mark, schedule.mark(on) if schedule else Mark.VERIFIED),
    )
