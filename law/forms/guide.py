"""Why a field is asked, and what checks it beyond its type: by name, the same in every form, by effective date.

Beside the procedures, not in them: a version that dossiers were filed under is never changed, while a purpose may be
worded better and a check made stricter on any day.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from law._data import current, parse_all
from law.errors import LawDataError
from law.facts import Fact, Provenance, Strict

Check = Literal["tax_code", "province", "commune"]


class Guide(Provenance):
    """One field: its purpose in both languages, as citizens read it beside the question."""

    purpose_vi: str = Field(min_length=1)
    purpose_en: str = Field(min_length=1)
    check: Check | None = None


class Guides(Strict):
    """What holds from `since` to `until`."""

    since: Fact[date]
    until: Fact[date] | None = None
    fields: Mapping[str, Guide]

    def in_force(self, on: date) -> bool:
        return self.since.value <= on and (self.until is None or on <= self.until.value)


def guide(on: date) -> Mapping[str, Guide]:
    """Return the guides in force on the local day `on`, by field. Raises LawDataError where two are."""
    found = [entry for entry in current(_all) if entry.in_force(on)]
    if len(found) > 1:
        raise LawDataError(f"forms: on {on} {len(found)} guides are in force: end the earlier one")
    return found[0].fields if found else {}


def _all(texts: Mapping[str, str]) -> tuple[Guides, ...]:
    return tuple(parse_all(Guides, texts, "forms"))
