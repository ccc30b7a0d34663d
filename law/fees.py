"""Fees of a filing: a pure function of procedure version, day and inputs to lines of phí and lệ phí in integer VND."""

import re
from collections.abc import Mapping
from datetime import date

from pydantic import Field

from law.errors import FeeError, MissingFeeInput, UnknownFeeInput, WrongFeeInput
from law.facts import Mark, Strict, weakest
from law.forms import FormField
from law.procedures import Procedure
from law.tariff import Charge, ChargeKind, FreeRate, Price, input_names
from law.tariff.rates import price

_MAX_VND = 10**10  # N[1,12] of VND × 100 is what a payment order can carry
_UNITS = "units"
_MAX_UNITS = 1000


class FeeInputs(Strict):
    """What a fee depends on besides procedure and day.

    `units`: cards, certificates, dossiers. `values`: the answers of the e-form that fee and term are counted by, by
    field; what only the term is counted by does not matter here.
    """

    units: int = Field(default=1, ge=1, le=_MAX_UNITS)
    values: Mapping[str, str | int] = {}


ONE_UNIT = FeeInputs()


class FeeLine(Strict):
    """One charge. Amounts in VND; `mark` is that of the least sure value that the amount rests on.

    `amount` is `unit_price` × `quantity`, or the cap of the charge where that is less.
    """

    code: str
    name_vi: str
    name_en: str
    kind: ChargeKind
    unit_price: int
    quantity: int
    amount: int
    mark: Mark


class Exemption(Strict):
    """A charge that is not due, and why."""

    code: str
    reason_vi: str
    reason_en: str
    mark: Mark


class Assessment(Strict):
    """The lines, empty where nothing is due; their sum in VND; the charges exempted."""

    lines: tuple[FeeLine, ...]
    total: int
    exemptions: tuple[Exemption, ...] = ()


def inputs_of(procedure: Procedure) -> tuple[FormField, ...]:
    """Return the fields of the e-form that the fee of the procedure may depend on, in order of the form."""
    names = {name for charge in procedure.charges for name in input_names(charge.rate)}
    return tuple(field for field in procedure.form.fields if field.name in names)


def inputs_of_form(procedure: Procedure, form: Mapping[str, object]) -> FeeInputs:
    """Return what the fee takes from the values of a filed form."""
    return FeeInputs(values=procedure.answers(form))


def inputs_of_text(procedure: Procedure, pairs: Mapping[str, str]) -> FeeInputs:
    """Return the inputs written as texts (`units` and names of fields). Raises FeeInputError, FeeError."""
    numbers = {field.name for field in inputs_of(procedure) if field.type == "integer"} | {_UNITS}
    values = {name: _number(text) if name in numbers else text for name, text in pairs.items()}
    units = values.pop(_UNITS, 1)
    if not isinstance(units, int) or not 1 <= units <= _MAX_UNITS:
        raise WrongFeeInput(_UNITS, f"a number from 1 to {_MAX_UNITS}")
    return FeeInputs(units=units, values=values)


def assess(procedure: Procedure, on: date, inputs: FeeInputs = ONE_UNIT) -> Assessment:
    """Return what is due for a filing on the local day `on`.

    Reductions are applied by `law.tariff`: only sure ones. Raises MissingFeeInput, WrongFeeInput or UnknownFeeInput,
    each with the name of the input and what is allowed, and FeeError above what a payment order can carry.
    """
    _check(procedure, inputs)
    priced = [(charge, price(charge.rate, inputs.values, inputs.units)) for charge in procedure.charges]
    lines = tuple(_line(procedure, charge, on, found) for charge, found in priced if isinstance(found, Price))
    total = sum(line.amount for line in lines)
    if total >= _MAX_VND:
        raise FeeError(f"{procedure.code}: {total} VND is more than one payment can carry")
    exemptions = tuple(_exemption(charge, found) for charge, found in priced if isinstance(found, FreeRate))
    return Assessment(lines=lines, total=total, exemptions=exemptions)


def _check(procedure: Procedure, given: FeeInputs) -> None:
    fields = {field.name: field for field in inputs_of(procedure)}
    for name, value in given.values.items():
        if name not in fields and name in procedure.counted_by:
            continue
        if name not in fields:
            raise UnknownFeeInput(name, ", ".join(fields) or "no inputs but units")
        if not _fits(fields[name], value):
            raise WrongFeeInput(name, _allowed(fields[name]))
    for charge in procedure.charges:
        for name in input_names(charge.rate, given.values):
            if name not in given.values:
                raise MissingFeeInput(name, _allowed(fields[name]))


def _fits(field: FormField, value: str | int) -> bool:
    if field.type == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and field.minimum <= value <= field.maximum
    return value in {choice.value for choice in field.choices}


def _allowed(field: FormField) -> str:
    if field.type == "integer":
        return f"a number from {field.minimum} to {field.maximum}"
    return f"one of {', '.join(choice.value for choice in field.choices)}"


def _number(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else text  # what is no number fails the check by name


def _line(procedure: Procedure, charge: Charge, on: date, found: Price) -> FeeLine:
    schedule = procedure.schedule_of(charge)
    whole = found.unit_price * found.quantity
    amount = whole if found.cap is None else min(whole, found.cap)
    return FeeLine(
        code=charge.code,
        name_vi=charge.name_vi,
        name_en=charge.name_en,
        kind=charge.kind,
        unit_price=schedule.cut(found.unit_price, on) if schedule else found.unit_price,
        quantity=found.quantity,
        amount=schedule.cut(amount, on) if schedule else amount,
        mark=weakest(found.mark, schedule.mark(on) if schedule else Mark.VERIFIED),
    )


def _exemption(charge: Charge, found: FreeRate) -> Exemption:
    return Exemption(code=charge.code, reason_vi=found.reason_vi, reason_en=found.reason_en, mark=found.mark)
