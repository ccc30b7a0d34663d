"""Faults of the guides of forms and of the lists of units that show across files."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from law.findings import Finding
from law.forms.guide import Guides
from law.lint import texts
from law.procedures.model import Procedure, ProcedureFile
from law.units import Units


def check(guides: Mapping[str, Guides], procedures: Mapping[str, ProcedureFile]) -> Iterator[Finding]:
    """Yield the fields that nobody says the purpose of, and the guides to fields that nobody asks."""
    versions = [version for model in procedures.values() for version in model.versions]
    if versions and not guides:
        yield Finding(
            file="forms", field="", problem="no guide to the fields of forms: copy forms/ of the packaged data"
        )
    for file, model in guides.items():
        asked = {
            field.name: version.code for version in versions if _meet(model, version) for field in version.form.fields
        }
        for name in sorted(set(asked) - set(model.fields)):
            yield Finding(file=file, field=f"fields.{name}", problem=f"is missing: say why {asked[name]} asks it")
        for name in sorted(set(model.fields) - set(asked)):
            yield Finding(file=file, field=f"fields.{name}", problem="no form asks it in that time: remove it")
        for field, problem in texts.check(model.model_dump(mode="json")):
            yield Finding(file=file, field=field, problem=problem)


def listed(units: Mapping[str, Units]) -> Iterator[Finding]:
    """Yield that there is no list of provinces and communes: addresses would be checked by nothing."""
    if not units:
        yield Finding(file="units", field="", problem="no list of provinces: copy units/ of the packaged data")


def overlaps(tables: Mapping[str, Guides] | Mapping[str, Units]) -> Iterator[Finding]:
    """Yield the files of which two are in force on one day."""
    held: dict[str, Guides | Units] = dict(tables)
    for (file, one), (other, two) in combinations(held.items(), 2):
        if _meet(one, two):
            yield Finding(file=other, field="since", problem=f"is in force together with {file}: end the earlier one")


def _meet(one: Guides | Units, other: Guides | Units | Procedure) -> bool:
    return (other.until is None or one.since.value <= other.until.value) and (
        one.until is None or other.since.value <= one.until.value
    )
