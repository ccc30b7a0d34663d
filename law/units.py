"""Provinces and communes by effective date; since 1 July 2025 there is no district between them.

A unit is written by its code or by its name, with or without what kind it is ("Phường Mường Thanh", "muong thanh").
Where the data list no communes of a province, its communes are checked by their shape only.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, Self

from pydantic import Field, model_validator

from law._data import current, parse_all
from law.errors import LawDataError, Unfit
from law.facts import Fact, Provenance, Strict
from law.text import fold

_KINDS: Final = re.compile(r"^(tinh|thanh pho|tp\.?|xa|phuong|thi tran|dac khu) ")
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
_COMMUNE: Final = re.compile(r"[0-9]{5}", re.ASCII)


class Commune(Strict):
    """`formed_of`: names of the units that were merged whole into it when the list came into force."""

    code: str = Field(pattern=r"^[0-9]{5}$")
    name: str = Field(min_length=1)
    formed_of: tuple[str, ...] = ()


class Province(Strict):
    """A province; `communes` are all of it, or none where they are not known here."""

    code: str = Field(pattern=r"^[0-9]{2}$")
    name: str = Field(min_length=1)
    communes: tuple[Commune, ...] = ()


class Units(Provenance):
    """The units between two days."""

    since: Fact[date]
    until: Fact[date] | None = None
    provinces: tuple[Province, ...]

    @model_validator(mode="after")
    def _codes_once(self) -> Self:
        communes = [commune.code for province in self.provinces for commune in province.communes]
        codes = [*communes, *(province.code for province in self.provinces)]
        if len(codes) != len(set(codes)):
            raise ValueError("a code of a unit occurs twice")
        return self

    def in_force(self, on: date) -> bool:
        return self.since.value <= on and (self.until is None or on <= self.until.value)


def units(on: date) -> Units | None:
    """Return the units in force on the local day `on`; None where none are known. Raises LawDataError for two."""
    found = [entry for entry in current(_all) if entry.in_force(on)]
    if len(found) > 1:
        raise LawDataError(f"units: on {on} {len(found)} lists are in force: end the earlier one")
    return found[0] if found else None


def province(text: str, on: date) -> Province | None:
    """Return the province that `text` names on that day; None where no list is in force. Raises Unfit."""
    known = units(on)
    if known is None:
        return None
    found = next((entry for entry in known.provinces if text == entry.code or _bare(text) == _bare(entry.name)), None)
    if found is None:
        raise Unfit(
            f"ghi mã hoặc tên một tỉnh, thành phố có từ {known.since.value:%d/%m/%Y}, ví dụ 11 hoặc Điện Biên",
            f"write code or name of a province as they are since {known.since.value}, such as 11 or Điện Biên",
        )
    return found


def communes(code: str, on: date) -> tuple[Commune, ...]:
    """Return those of the province of that code, in order of the list; none where none are known."""
    known = units(on)
    return next((entry.communes for entry in known.provinces if entry.code == code), ()) if known else ()


def commune(text: str, of: Province | None) -> None:
    """Raises Unfit where `text` names no commune of that province (None: of one that is not known)."""
    if of is not None and of.communes:
        if not any(_names(text, entry) for entry in of.communes):
            if (now := successor(text, of)) is not None:
                raise Unfit(
                    f"đơn vị này nay thuộc {now.name}: ghi {now.name} hoặc mã {now.code}",
                    f"this unit is part of {now.name} now: write {now.name} or its code {now.code}",
                )
            raise Unfit(
                f"ghi mã hoặc tên một xã, phường của {of.name} như hiện nay, ví dụ {_example(of)}",
                f"write code or name of a commune of {of.name} as they are now, such as {_example(of)}",
            )
    elif _DIGITS.fullmatch(text) and not _COMMUNE.fullmatch(text):
        raise Unfit("mã xã, phường có 5 chữ số", "a code of a commune has 5 digits")


def successor(text: str, of: Province) -> Commune | None:
    """Return the commune that the unit of that name became a part of; None where no such unit is known to have been."""
    return next((entry for entry in of.communes if any(_named(text, former) for former in entry.formed_of)), None)


def _example(of: Province) -> str:
    return f"{of.communes[0].code} ({of.communes[0].name})"


def _names(text: str, commune: Commune) -> bool:
    """A kind that is written must be the right one: a commune may bear the name of a town that is no more."""
    return text == commune.code or _named(text, commune.name)


def _named(text: str, name: str) -> bool:
    return fold(text) in {fold(name), _bare(name)}


def _bare(name: str) -> str:
    return _KINDS.sub("", fold(name), count=1)


def _all(texts: Mapping[str, str]) -> tuple[Units, ...]:
    return tuple(parse_all(Units, texts, "units"))
