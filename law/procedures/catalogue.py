"""All procedure versions, found by code and day."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Self

from law._data import parse_all
from law.errors import LawDataError, UnknownProcedure
from law.procedures.model import BASE_CODE, Procedure, ProcedureFile
from law.tariff import Schedule, amounts

_CODE = re.compile(rf"({BASE_CODE})(?:\.(.+))?")


class Catalogue:
    """An immutable set of procedure versions."""

    def __init__(self, procedures: Iterable[Procedure], schedules: Iterable[Schedule] = ()) -> None:
        known = {schedule.name: schedule for schedule in schedules}
        self._by_code: dict[str, tuple[Procedure, ...]] = {}
        for procedure in sorted(procedures, key=lambda entry: entry.since.value):
            earlier = self._by_code.get(procedure.code, ())
            if any(entry.version == procedure.version for entry in earlier):
                raise LawDataError(f"{procedure.code} version {procedure.version} occurs twice")
            self._by_code[procedure.code] = (*earlier, _with_schedules(procedure, known))
        for versions in self._by_code.values():
            _follow_each_other(standing(versions))

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """Build from JSON texts by name (a reviewed data version). Raises LawDataError."""
        files = parse_all(ProcedureFile, texts, "procedures")
        return cls((entry for file in files for entry in file.versions), parse_all(Schedule, texts, "reductions"))

    def find(self, code: str, on: date) -> Procedure:
        """Return the version in force on the local day `on`.

        `code` is a base code (1.008895), or has the suffix, long (1.008895.000.00.00.H18) or short (1.008895.H18).
        Raises UnknownProcedure, which says what replaced a procedure that is no longer in force.
        """
        base, suffix = _split(code)
        known = [entry for entry in standing(self._by_code.get(base, ())) if suffix in _suffixes(entry)]
        for procedure in known:
            if procedure.in_force(on):
                return procedure
        raise UnknownProcedure(code, on, _hint(known, on))

    def version(self, code: str, version: str) -> Procedure:
        """Return the version that a dossier was filed under, in force or not, corrected or not. Raises LawDataError."""
        for procedure in self._by_code.get(_split(code)[0], ()):
            if procedure.version == version:
                return procedure
        raise LawDataError(f"no version {version!r} of procedure {code!r}")

    def versions(self, code: str) -> tuple[Procedure, ...]:
        """Return every version of a base code, by start; empty where it is unknown."""
        return self._by_code.get(code, ())

    def all(self, on: date) -> tuple[Procedure, ...]:
        """Return the versions in force on the local day `on`, by code."""
        versions = (entry for code in sorted(self._by_code) for entry in standing(self._by_code[code]))
        return tuple(entry for entry in versions if entry.in_force(on))


def standing(versions: Iterable[Procedure]) -> tuple[Procedure, ...]:
    """Return the versions that no other corrects: those that a new filing may meet."""
    known = tuple(versions)
    corrected = {entry.corrects for entry in known}
    return tuple(entry for entry in known if entry.version not in corrected)


def whole_prices(procedure: Procedure, schedule: Schedule) -> None:
    """Raise ValueError where a reduction leaves a fraction of a đồng of a charge that follows the schedule."""
    for charge in (charge for charge in procedure.charges if charge.schedule == schedule.name):
        for reduction in schedule.reductions:
            for amount in amounts(charge.rate):
                try:
                    schedule.cut(amount, reduction.since)
                except ValueError as error:
                    raise ValueError(f"{charge.code}: {error}") from error


def _split(code: str) -> tuple[str, str]:
    match = _CODE.fullmatch(code)
    return (match[1], match[2] or "") if match else (code, "")


def _suffixes(procedure: Procedure) -> set[str]:
    suffix = procedure.local_suffix.value
    return {"", suffix, suffix.rpartition(".")[2]}


def _hint(known: list[Procedure], on: date) -> str:
    if not known:
        return ""
    if on < known[0].since.value:
        return f"it begins on {known[0].since.value}"
    last = max((entry for entry in known if entry.since.value <= on), key=lambda entry: entry.since.value)
    ended = f"it ended on {last.until.value}" if last.until else ""
    return f"{ended}, replaced by {', '.join(last.replaced_by.value)}" if last.replaced_by else ended


def _follow_each_other(versions: tuple[Procedure, ...]) -> None:
    for earlier, later in pairwise(versions):
        if earlier.in_force(later.since.value):
            message = f"{later.code} version {later.version} starts while version {earlier.version} is in force"
            raise LawDataError(f"{message}: end that one before, or let this one correct it")


def _with_schedules(procedure: Procedure, known: Mapping[str, Schedule]) -> Procedure:
    """Attach the reductions, so that a version carries all that a fee depends on; each price must be whole."""
    names = dict.fromkeys(charge.schedule for charge in procedure.charges if charge.schedule)
    if missing := [name for name in names if name not in known]:
        raise LawDataError(f"{procedure.code}: unknown schedule of reductions {missing[0]!r}")
    for name in names:
        try:
            whole_prices(procedure, known[name])
        except ValueError as error:
            raise LawDataError(f"{procedure.code}: {error}") from error
    return procedure.model_copy(update={"schedules": tuple(known[name] for name in names)})
