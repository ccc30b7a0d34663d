"""Provinces and communes by name, as people know them: read off submission's units in force. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from law.text import fold

KIND: Final = re.compile(r"^(xa|phuong|thi tran|dac khu) ")


@dataclass(frozen=True)
class Place:
    """`value`: what the service wants of it; `within`: the code of its province, empty where that does not matter;
    `formed_of`: names of units that are part of it now.
    """

    value: str
    name: str
    within: str = ""
    formed_of: tuple[str, ...] = ()

    def called(self, typed: str) -> bool:
        """By its code or its name, with or without diacritics and the kind of unit in front."""
        return fold(typed) == fold(self.value) or _named(typed, self.name)

    def holds(self, typed: str) -> bool:
        """Whether that was the name of a unit that is part of it now."""
        return any(_named(typed, one) for one in self.formed_of)


@dataclass(frozen=True)
class Places:
    """`communes`: of the provinces whose list is known; in others a commune goes by its code."""

    provinces: tuple[Place, ...] = ()
    communes: tuple[Place, ...] = ()


def places(whole: Mapping[str, Any]) -> Places:
    """As they are in force today."""
    return Places(
        tuple(Place(one["code"], one["name"]) for one in whole["provinces"]),
        tuple(
            Place(commune["code"], commune["name"], one["code"], tuple(commune["formed_of"]))
            for one in whole["provinces"]
            for commune in one["communes"]
        ),
    )


def meant(typed: str, among: Sequence[Place], province: str) -> str:
    """The value of the one that was named; what was typed, where none was."""
    return next((one.value for one in among if one.within in {"", province} and one.called(typed)), typed)


def became(typed: str, among: Sequence[Place], province: str) -> Place | None:
    """What a unit that is no more is part of now."""
    return next((one for one in among if one.within in {"", province} and one.holds(typed)), None)


def _named(typed: str, name: str) -> bool:
    return fold(typed) in {fold(name), KIND.sub("", fold(name))}
