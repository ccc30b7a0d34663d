"""One version of one procedure."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from law.facts import Fact, Provenance, Strict
from law.forms import Form
from law.steps import Stage, Step
from law.tariff import Charge, Schedule, input_names
from law.terms import SupplementPolicy, Term, TermCase

Applicant = Literal["individual", "household", "enterprise", "organisation"]
Way = Literal["online", "post", "in_person"]
ResultKind = Literal["reply", "certificate", "card"]
FeePoint = Literal["before_acceptance", "after_acceptance", "before_result"]
"""When a fee is due: with the filing, before it is received; once it is received; once it is decided, before the result
is issued (a refused dossier then costs nothing)."""
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
    term_cases     where another term than the statutory one binds, by what the form says
    stages         where the term runs in stages, each with a term of its own; `statutory_term` is their sum
    silence        what it means that no answer came in time, where the law says so
    file_ahead     how long before the event or opening the filing must come
    supplement_within   how long the officer has to ask for a supplement
    fee_due        when the fee is due, where there is one
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
    term_cases: tuple[TermCase, ...] = ()
    stages: Fact[tuple[Stage, ...]] | None = None
    silence: Fact[Literal["consent"]] | None = None
    file_ahead: Fact[Term] | None = None
    supplement_within: Fact[Term] | None = None
    supplement_policy: Fact[SupplementPolicy]
    steps: Fact[tuple[Step, ...]]
    charges: tuple[Charge, ...]
    charges_provenance: Provenance
    fee_due: Fact[FeePoint] | None = None
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

    def term_for(self, answers: Mapping[str, str | int]) -> Term:
        """Return the term that binds a filing whose form holds these answers."""
        cases = (case.term for case in self.term_cases if answers.get(case.input) in case.answers)
        return next(cases, self.term)

    @property
    def counted_by(self) -> frozenset[str]:
        """Return the fields of the form that fee or term are counted by."""
        fee = (name for charge in self.charges for name in input_names(charge.rate))
        return frozenset((*fee, *(case.input for case in self.term_cases)))

    def answers(self, form: Mapping[str, object]) -> dict[str, str | int]:
        """Return what a filed form says that fee or term are counted by: all of the form that they need."""
        return {name: value for name, value in form.items() if name in self.counted_by and isinstance(value, str | int)}

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
