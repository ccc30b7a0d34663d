"""What can be wrong in a data version, found before it is put in use.

`check` reads texts as the catalogue does and reports every fault with file, field and what would be right: what the
models refuse (unknown and missing fields, no source, no mark, fee tiers with holes), and what only shows across fields,
versions and files. Nothing it finds is a matter of taste: a version with findings is not put in use.
"""

from collections.abc import Iterator, Mapping

from law._data import Reader
from law.calendar import YearTable
from law.findings import Finding
from law.forms.guide import Guides
from law.lint import calendars, forms, history, procedure
from law.procedures.model import ProcedureFile
from law.requests import Answers
from law.requests import faults as unanswered
from law.retention import Schedule as Terms
from law.retention import faults
from law.slips import Forms
from law.tariff import Schedule
from law.units import Units

__all__ = ["Finding", "check"]


def check(texts: Mapping[str, str], base: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Return all findings, in order of the files; `base` is the data version that dossiers were filed under."""
    return tuple(sorted(_findings(texts, base), key=lambda finding: (finding.file, finding.field, finding.problem)))


def _findings(texts: Mapping[str, str], base: Mapping[str, str] | None) -> Iterator[Finding]:
    reader = Reader(texts)
    procedures = reader.area(ProcedureFile, "procedures")
    reductions = reader.area(Schedule, "reductions")
    years = reader.area(YearTable, "calendar")
    slips = reader.area(Forms, "slips")
    guides = reader.area(Guides, "forms")
    units = reader.area(Units, "units")
    retention = reader.area(Terms, "retention")
    requests = reader.area(Answers, "requests")
    areas = (procedures, reductions, years, slips, guides, units, retention, requests)
    unread = [*reader.findings, *(finding for area in areas for finding in area.findings)]
    yield from unread
    tariffs = None if reductions.findings else reductions.models.values()
    for file, model in procedures.models.items():
        yield from procedure.check(file, model, tariffs)
        yield from history.check(file, model)
    if unread:
        return  # what could not be read may hold what seems to be missing, and use what seems to be unused
    yield from history.replacements(procedures.models)
    yield from calendars.check(years.models)
    yield from forms.check(guides.models, procedures.models)
    yield from forms.listed(units.models)
    yield from forms.overlaps(guides.models)
    yield from forms.overlaps(units.models)
    for file, schedule in retention.models.items():
        yield from (Finding(file=file, field=field, problem=problem) for field, problem in faults(schedule))
    for file, answers in requests.models.items():
        yield from (Finding(file=file, field=field, problem=problem) for field, problem in unanswered(answers))
    for file, name in reader.shared.unused:
        yield Finding(file=file, field=name, problem="nothing uses it: remove it")
    if base is not None:
        known = Reader(base)
        yield from history.kept(procedures.models, known.area(ProcedureFile, "procedures").models)
        yield from history.renamed(reductions.models, known.area(Schedule, "reductions").models)
        yield from history.renamed(years.models, known.area(YearTable, "calendar").models)
