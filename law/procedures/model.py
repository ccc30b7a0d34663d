"""One version of one procedure."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from law.facts import Fact, Provenance, Strict
from law.forms import Form
from law.steps import Stage, Step
from law.tariff import Charge, Schedule
from law.terms import SupplementPolicy, Term

Applicant = Literal["individual", "enterprise", "organisation"]
Way = Literal["online", "post", "in_person"]
ResultKind = Literal["reply", "certificate", "card"]
AdministrativeLevel = Literal["ministry", "province", "district", "commune"]

BASE_CODE = r"[0-9]\.[0-9]{6}"
BaseCode = Annotated[str, Field(pattern=f"^{BASE_CODE}$")]


class Names(Strict):
    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Document(Provenance):
    """One component of the dossier (thành phần hồ sơ)."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    name_vi: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    required: bool = True


class Procedure(Strict):
    """One version of one procedure. Every value is a `Fact` with source and mark; the properties give what applies.

    corrects       the version whose data were wrong: this one is found in its place from now on
    stages         where the term runs in stages, each with a term of its own; `statutory_term` is their sum
    silence        what it means that no answer came in time, where the law says so
    file_ahead     how long before the event or opening the filing must come
    supplement_within   how long the officer has to ask for a supplement
    """

    version: str = Field(min_length=1)
    corrects: str | None = None
    code: BaseCode
    code_provenance: Provenance
    local_suffix: Fact[str]
    names: Fact[Names]
    field: Fact[Names]
    level: Fact[AdministrativeLevel]
    service_level: Fact[Names]
    legal_basis: tuple[Fact[str], ...] = Field(min_length=1)
    since: Fact[date]
    until: Fact[date] | None = None
    replaced_by: Fact[tuple[BaseCode, ...]] | None = None
    applicants: Fact[tuple[Applicant, ...]]
    statutory_term: Fact[Term]
    local_term: Fact[Term] | None = None
    stages: Fact[tuple[Stage, ...]] | None = None
    silence: Fact[Literal["consent"]] | None = None
    file_ahead: Fact[Term] | None = None
    supplement_within: Fact[Term] | None = None
    supplement_policy: Fact[SupplementPolicy]
    steps: Fact[tuple[Step, ...]]
    charges: tuple[Charge, ...]
    charges_provenance: Provenance
    schedules: tuple[Schedule, ...] = ()
    documents: tuple[Document, ...] = Field(min_length=1)
    form: Form
    result: Fact[ResultKind]
    result_name: Fact[Names]
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
