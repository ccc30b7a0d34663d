"""The catalogue of administrative procedures (TTHC), by effective date.

A dossier keeps the version of the procedure that it was filed under: store `code` and `version`, read with `version()`.
A correction is a new data version: build a `Catalogue` from its texts and pass that around instead of the packaged one.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Literal, Self

from pydantic import Field, model_validator

from law._data import packaged, parse_all
from law.errors import LawDataError, UnknownProcedure
from law.facts import Fact, Provenance, Strict
from law.forms import Form
from law.tariff import Charge, Schedule
from law.terms import SupplementPolicy, Term

Applicant = Literal["individual", "enterprise", "organisation"]
Way = Literal["online", "post", "in_person"]
ResultKind = Literal["reply", "certificate", "card"]
AdministrativeLevel = Literal["province", "commune"]

_BASE = r"[0-9]\.[0-9]{6}"
_CODE = re.compile(rf"({_BASE})(?:\.(.+))?")


class Names(Strict):
    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Document(Provenance):
    """One component of the dossier (thành phần hồ sơ)."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    name_vi: str
    name_en: str
    required: bool = True


class Procedure(Strict):
    """One version of one procedure. Every value is a `Fact` with source and mark; the properties give what applies."""

    version: str = Field(min_length=1)
    code: str = Field(pattern=f"^{_BASE}$")
    code_provenance: Provenance
    local_suffix: Fact[str]
    names: Fact[Names]
    field: Fact[Names]
    level: Fact[AdministrativeLevel]
    service_level: Fact[Names]
    legal_basis: tuple[Fact[str], ...] = Field(min_length=1)
    since: Fact[date]
    until: Fact[date] | None = None
    replaced_by: tuple[str, ...] = ()
    applicants: Fact[tuple[Applicant, ...]]
    statutory_term: Fact[Term]
    local_term: Fact[Term] | None = None
    supplement_within: Fact[Term] | None = None
    supplement_policy: Fact[SupplementPolicy]
    charges: tuple[Charge, ...]
    charges_provenance: Provenance
    schedules: tuple[Schedule, ...] = ()
    documents: tuple[Document, ...]
    form: Form
    result: Fact[ResultKind]
    ways: Fact[tuple[Way, ...]]

    @property
    def name_vi(self) -> str:
        return self.names.value.vi

    @property
    def name_en(self) -> str:
        return self.names.value.en

    @property
    def full_code(self) -> str:
        """Return the code as portals write it: base code and local suffix."""
        return f"{self.code}.{self.local_suffix.value}"

    @property
    def term(self) -> Term:
        """Return the term that binds: the local one where it is sure, else the statutory one."""
        if self.local_term is not None and self.local_term.mark.sure:
            return self.local_term.value
        return self.statutory_term.value

    def in_force(self, on: date) -> bool:
        return self.since.value <= on and (self.until is None or on <= self.until.value)

    def schedule_of(self, charge: Charge) -> Schedule | None:
        """Return the reductions that the charge follows."""
        return next((entry for entry in self.schedules if entry.name == charge.schedule), None)

    @model_validator(mode="after")
    def _dates_rise(self) -> Self:
        if self.until is not None and self.until.value < self.since.value:
            raise ValueError(f"ends {self.until.value} before it starts {self.since.value}")
        return self


class ProcedureFile(Strict):
    """A data file: all versions of one base code."""

    versions: tuple[Procedure, ...] = Field(min_length=1)


class Catalogue:
    """An immutable set of procedure versions."""

    def __init__(self, procedures: Iterable[Procedure], schedules: Iterable[Schedule] = ()) -> None:
        known = {schedule.name: schedule for schedule in schedules}
        self._by_code: dict[str, tuple[Procedure, ...]] = {}
        for procedure in sorted(procedures, key=lambda entry: entry.since.value):
            earlier = self._by_code.get(procedure.code, ())
            _follows(procedure, earlier)
            self._by_code[procedure.code] = (*earlier, _with_schedules(procedure, known))

    @classmethod
    def from_texts(cls, procedures: Mapping[str, str], reductions: Mapping[str, str]) -> Self:
        """Build from JSON texts by name (a reviewed data version). Raises LawDataError."""
        files = parse_all(ProcedureFile, procedures)
        return cls((entry for file in files for entry in file.versions), parse_all(Schedule, reductions))

    def find(self, code: str, on: date) -> Procedure:
        """Return the version in force on the local day `on`.

        `code` is a base code (1.008895), or has the suffix, long (1.008895.000.00.00.H18) or short (1.008895.H18).
        Raises UnknownProcedure.
        """
        base, suffix = _split(code)
        for procedure in self._by_code.get(base, ()):
            if procedure.in_force(on) and suffix in _suffixes(procedure):
                return procedure
        raise UnknownProcedure(code, on)

    def version(self, code: str, version: str) -> Procedure:
        """Return the version that a dossier was filed under, in force or not. Raises LawDataError."""
        for procedure in self._by_code.get(_split(code)[0], ()):
            if procedure.version == version:
                return procedure
        raise LawDataError(f"no version {version!r} of procedure {code!r}")

    def all(self, on: date) -> tuple[Procedure, ...]:
        """Return the versions in force on the local day `on`, by code."""
        versions = (entry for code in sorted(self._by_code) for entry in self._by_code[code])
        return tuple(entry for entry in versions if entry.in_force(on))


@cache
def default() -> Catalogue:
    """Return the packaged catalogue."""
    return Catalogue.from_texts(packaged("procedures"), packaged("reductions"))


def find(code: str, on: date) -> Procedure:
    """Return the version of the packaged catalogue in force on `on`. Raises UnknownProcedure."""
    return default().find(code, on)


def all(on: date) -> tuple[Procedure, ...]:  # noqa: A001  read as procedures.all(on)
    """Return the packaged catalogue of the day `on`, by code."""
    return default().all(on)


def _split(code: str) -> tuple[str, str]:
    match = _CODE.fullmatch(code)
    return (match[1], match[2] or "") if match else (code, "")


def _suffixes(procedure: Procedure) -> set[str]:
    suffix = procedure.local_suffix.value
    return {"", suffix, suffix.rpartition(".")[2]}


def _follows(procedure: Procedure, earlier: tuple[Procedure, ...]) -> None:
    name = f"{procedure.code} version {procedure.version}"
    if any(entry.version == procedure.version for entry in earlier):
        raise LawDataError(f"{name} occurs twice")
    if earlier and earlier[-1].in_force(procedure.since.value):
        raise LawDataError(f"{name} starts while version {earlier[-1].version} is in force")


def _with_schedules(procedure: Procedure, known: Mapping[str, Schedule]) -> Procedure:
    """Attach the reductions, so that a version carries all that a fee depends on; each price must be whole."""
    names = dict.fromkeys(charge.schedule for charge in procedure.charges if charge.schedule)
    if missing := [name for name in names if name not in known]:
        raise LawDataError(f"{procedure.code}: unknown schedule of reductions {missing[0]!r}")
    attached = procedure.model_copy(update={"schedules": tuple(known[name] for name in names)})
    for charge in attached.charges:
        schedule = attached.schedule_of(charge)
        for entry in schedule.reductions if schedule else ():
            try:
                charge.unit_price(entry.since, schedule)
            except ValueError as error:
                raise LawDataError(f"{procedure.code}: {error}") from error
    return attached
