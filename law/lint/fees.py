"""Faults of the charges of a procedure: tariffs, inputs, whose amounts they are."""

from collections.abc import Iterator, Mapping
from typing import get_args

from law.forms import FormField
from law.procedures.catalogue import whole_prices
from law.procedures.model import FeePoint, Procedure
from law.tariff import Charge, ChoiceRate, FlatRate, FreeRate, Rate, Schedule

_COUNCIL = "NQ-HĐND"


def check(version: Procedure, schedules: Mapping[str, Schedule] | None) -> Iterator[tuple[str, str]]:
    """Yield (field, problem)."""
    fields = {field.name: field for field in version.form.fields}
    yield from _due(version)
    for n, charge in enumerate(version.charges):
        place = f"charges.{n}"
        if schedules is not None:
            yield from ((f"{place}.schedule", problem) for problem in _schedule(version, charge, schedules))
        yield from ((f"{place}.{field}", problem) for field, problem in _rate("rate", charge.rate, fields))
        yield from ((f"{place}.{field}", problem) for field, problem in _council("rate", charge, charge.rate))


def _due(version: Procedure) -> Iterator[tuple[str, str]]:
    if version.charges and version.fee_due is None:
        yield "fee_due", f"nothing says when the fee is due: one of {', '.join(get_args(FeePoint))}"
    if not version.charges and version.fee_due is not None:
        yield "fee_due", "there is no fee: remove it"


def unfit(name: str, wanted: str, fields: Mapping[str, FormField]) -> str:
    """Return why fee or term cannot be counted by that field of the form; empty where they can."""
    field = fields.get(name)
    if field is None:
        return f"the form has no field {name!r}: fees and terms are counted by what was filed"
    if field.type != wanted or not field.required or field.personal:
        return f"the form's {name!r} must be a required field of type {wanted}, not personal"
    return ""


def _schedule(version: Procedure, charge: Charge, schedules: Mapping[str, Schedule]) -> Iterator[str]:
    if charge.schedule is None:
        return
    if charge.schedule not in schedules:
        yield f"unknown tariff {charge.schedule!r}: one of {', '.join(sorted(schedules)) or 'none'} in reductions/"
        return
    try:
        whole_prices(version, schedules[charge.schedule])
    except ValueError as error:
        yield str(error)


def _rate(place: str, rate: Rate, fields: Mapping[str, FormField]) -> Iterator[tuple[str, str]]:
    if isinstance(rate, FlatRate | FreeRate):
        return
    wanted = "choice" if isinstance(rate, ChoiceRate) else "integer"
    problem = unfit(rate.input, wanted, fields)
    if problem:
        yield f"{place}.input", problem
    elif isinstance(rate, ChoiceRate):
        yield from _cases(place, rate, fields[rate.input])
    if isinstance(rate, ChoiceRate):
        for case, inner in rate.cases.items():
            yield from _rate(f"{place}.cases.{case}", inner, fields)


def _cases(place: str, rate: ChoiceRate, field: FormField) -> Iterator[tuple[str, str]]:
    choices = {choice.value for choice in field.choices}
    for value in sorted(choices - set(rate.cases)):
        yield f"{place}.cases", f"nothing says what {rate.input}={value} costs: add the case {value!r}"
    for case in sorted(set(rate.cases) - choices):
        yield f"{place}.cases.{case}", f"{rate.input} is never {case!r}: one of {', '.join(sorted(choices))}"


def _council(place: str, charge: Charge, rate: Rate) -> Iterator[tuple[str, str]]:
    """An amount that the council sets is sure only by the council's own resolution."""
    if charge.set_by != "council":
        return
    if isinstance(rate, ChoiceRate):
        for case, inner in rate.cases.items():
            yield from _council(f"{place}.cases.{case}", charge, inner)
        return
    found = rate.amount if isinstance(rate, FlatRate) else rate
    if found.mark.sure and _COUNCIL not in found.source:
        yield f"{place}.mark", f"is {found.mark}: name the council's resolution (…/{_COUNCIL}) as source, or mark U"
