"""Faults that show across the versions of a procedure, and against the data that dossiers were filed under."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise

from law.calendar import YearTable
from law.findings import Finding
from law.procedures.catalogue import standing
from law.procedures.model import Procedure, ProcedureFile
from law.tariff import Schedule

_ONE_DAY = timedelta(days=1)


def check(file: str, model: ProcedureFile) -> Iterator[Finding]:
    """Yield faults of the versions of one procedure and of their ranges."""
    yield from _versions(file, model)
    yield from _ranges(file, model)


def replacements(files: Mapping[str, ProcedureFile]) -> Iterator[Finding]:
    """Yield faults of what replaces what."""
    known = {version.code: version for file in files.values() for version in reversed(file.versions)}
    for file, model in files.items():
        for n, version in enumerate(model.versions):
            yield from _replacement(file, f"versions.{n}", version, known)


def kept(files: Mapping[str, ProcedureFile], base: Mapping[str, ProcedureFile]) -> Iterator[Finding]:
    """Yield the versions of `base` that are gone or changed: dossiers were filed under them. A version may be ended."""
    for file, model in base.items():
        now = {version.version: version for version in files[file].versions} if file in files else {}
        for version in model.versions:
            if version.version not in now:
                yield _finding(file, "versions", f"{version.version} is gone: dossiers filed under it need it")
            elif _endless(_of_its_time(now[version.version], version)) != _endless(version):
                right = f'give the correction a version of its own with "corrects": "{version.version}"'
                yield _finding(file, "versions", f"{version.version} was changed, and dossiers keep it: {right}")


def renamed(
    tables: Mapping[str, Schedule] | Mapping[str, YearTable], base: Mapping[str, Schedule] | Mapping[str, YearTable]
) -> Iterator[Finding]:
    """Yield the tables that say other than in `base` under the same version, and those that are gone."""
    for file, before in base.items():
        now = tables.get(file)
        if now is None:
            yield _finding(file, "", "is gone: what was computed with it cannot be computed again")
        elif now != before and now.version == before.version:
            yield _finding(file, "version", f"is still {now.version!r}, and the table was changed: give it another")


def _of_its_time(version: Procedure, base: Procedure) -> Procedure:
    """What said nothing of `fee_due` before there was such a field was not changed: another finding asks for it."""
    return version if version.fee_due is not None else version.model_copy(update={"fee_due": base.fee_due})


def _endless(version: Procedure) -> Procedure:
    return version.model_copy(update={"until": None, "replaced_by": None})


def _versions(file: str, model: ProcedureFile) -> Iterator[Finding]:
    names = [version.version for version in model.versions]
    for name, times in Counter(names).items():
        if times > 1:
            yield _finding(file, "versions", f"{name} occurs {times} times: each version has a name of its own")
    corrected = Counter(version.corrects for version in model.versions if version.corrects)
    for n, version in enumerate(model.versions):
        if file != f"procedures/{version.code}.json":
            right = f"is {version.code}: put it into procedures/{version.code}.json"
            yield _finding(file, f"versions.{n}.code", right)
        if version.corrects and (version.corrects not in names or version.corrects == version.version):
            yield _finding(file, f"versions.{n}.corrects", f"{version.corrects!r} is no other version of this file")
        elif version.corrects and corrected[version.corrects] > 1:
            yield _finding(file, f"versions.{n}.corrects", f"{version.corrects!r} is corrected twice: correct the last")


def _ranges(file: str, model: ProcedureFile) -> Iterator[Finding]:
    ordered = sorted(standing(model.versions), key=lambda version: version.since.value)
    for earlier, later in pairwise(ordered):
        place = f"versions.{model.versions.index(earlier)}.until"
        right = f"end {earlier.version} on {later.since.value - _ONE_DAY}"
        if earlier.until is None or earlier.until.value >= later.since.value:
            yield _finding(file, place, f"overlaps {later.version}, which starts {later.since.value}: {right}")
        elif earlier.until.value + _ONE_DAY < later.since.value:
            yield _finding(file, place, f"leaves a gap before {later.version}: {right}")


def _replacement(file: str, place: str, version: Procedure, known: Mapping[str, Procedure]) -> Iterator[Finding]:
    if version.replaced_by is None:
        return
    place = f"{place}.replaced_by"
    if version.until is None:
        yield _finding(file, place, "is replaced but has no end: add `until`")
    for code in version.replaced_by.value:
        if code not in known or code == version.code:
            yield _finding(file, place, f"{code} is no other procedure of this catalogue: add procedures/{code}.json")
        elif version.until is not None and known[code].since.value > version.until.value + _ONE_DAY:
            gap = f"{code} starts {known[code].since.value}, which leaves a gap after {version.until.value}"
            yield _finding(file, place, gap)


def _finding(file: str, field: str, problem: str) -> Finding:
    return Finding(file=file, field=field, problem=problem)
