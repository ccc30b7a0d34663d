"""The forms (phiếu) of the one-stop rule, and the number each has in the circular in force on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from law._data import current, parse_all
from law.errors import LawDataError
from law.facts import Fact, Strict

SlipKind = Literal["receipt", "supplement", "refusal", "apology", "stop"]


class Form(Strict):
    """One form: its number in the circular, and its heading."""

    number: str = Field(pattern=r"^[0-9]{2}$")
    title_vi: str = Field(min_length=1)


class Forms(Strict):
    """The forms of one circular; a kind it has no form for is not in `forms`."""

    circular: str
    since: Fact[date]
    until: Fact[date] | None = None
    forms: Fact[Mapping[SlipKind, Form]]

    def in_force(self, on: date) -> bool:
        return self.since.value <= on and (self.until is None or on <= self.until.value)


def forms(on: date) -> Forms:
    """Return the forms in force on the local day `on`. Raises LawDataError where there are none, or two."""
    found = [entry for entry in current(_all) if entry.in_force(on)]
    if len(found) != 1:
        names = ", ".join(entry.circular for entry in found) or "none"
        raise LawDataError(f"slips: on {on} one circular must be in force, there is {names}")
    return found[0]


def _all(texts: Mapping[str, str]) -> tuple[Forms, ...]:
    return tuple(parse_all(Forms, texts, "slips"))
