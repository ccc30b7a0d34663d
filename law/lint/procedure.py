"""Faults that show across the fields of one procedure version."""

from collections import Counter
from collections.abc import Iterable, Iterator

from law.findings import Finding
from law.lint import fees, texts
from law.procedures.model import Procedure, ProcedureFile
from law.tariff import Schedule

Fault = tuple[str, str]  # field and problem


def check(file: str, model: ProcedureFile, schedules: Iterable[Schedule] | None) -> Iterator[Finding]:
    """Yield the faults of every version in the file; `schedules` is None where they could not be read."""
    known = None if schedules is None else {schedule.name: schedule for schedule in schedules}
    for n, version in enumerate(model.versions):
        faults = (
            *_terms(version),
            *_term_cases(version),
            *_steps(version),
            *_documents(version),
            *fees.check(version, known),
        )
        for field, problem in (*faults, *texts.check(version.model_dump(mode="json"))):
            yield Finding(file=file, field=f"versions.{n}.{field}", problem=problem)


def _terms(version: Procedure) -> Iterator[Fault]:
    whole, local = version.statutory_term.value, version.local_term
    if local is not None and local.value.unit == whole.unit and local.value.amount > whole.amount:
        yield "local_term", f"{local.value.amount} is longer than the statutory {whole.amount}: it may only shorten it"
    if version.stages is None:
        return
    terms = [stage.term for stage in version.stages.value]
    total = sum(term.amount for term in terms)
    if any(term.unit != whole.unit for term in terms) or total != whole.amount:
        yield "stages", f"they add to {total}, `statutory_term` is {whole.amount} {whole.unit} days: make them agree"


def _term_cases(version: Procedure) -> Iterator[Fault]:
    fields = {field.name: field for field in version.form.fields}
    for n, case in enumerate(version.term_cases):
        if problem := fees.unfit(case.input, "choice", fields):
            yield f"term_cases.{n}.input", problem
            continue
        choices = {choice.value for choice in fields[case.input].choices}
        for answer in sorted(set(case.answers) - choices):
            yield f"term_cases.{n}.answers", f"{case.input} is never {answer!r}: one of {', '.join(sorted(choices))}"
    answers = [(case.input, answer) for case in version.term_cases for answer in case.answers]
    for (name, answer), times in Counter(answers).items():
        if times > 1:
            yield "term_cases", f"{name}={answer} has {times} terms: keep one"


def _steps(version: Procedure) -> Iterator[Fault]:
    steps = version.steps.value
    if (total := sum(step.share for step in steps)) != 1:
        yield "steps", f"the shares add to {total}, they must add to 1"
    yield from _twice("steps", (step.code for step in steps))


def _documents(version: Procedure) -> Iterator[Fault]:
    yield from _twice("documents", (document.code for document in version.documents))


def _twice(field: str, codes: Iterable[str]) -> Iterator[Fault]:
    for code, times in Counter(codes).items():
        if times > 1:
            yield field, f"the code {code!r} occurs {times} times: each has one of its own"
