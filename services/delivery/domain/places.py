"""Where results go: communes in force, and desks to collect at. Data beside the code, with its source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import Field

from law import units
from law.errors import Unfit
from schemas.event import Record, Text
from schemas.parts import PostalAddress

_DATA: Final = json.loads((Path(__file__).parent.parent / "data/places.json").read_text())
PROVINCE: Final = "11"
SINCE: Final = date(2025, 7, 1)
"""When desks came to be those of today's communes."""
COMMUNES: Final[Mapping[str, str]] = {commune.code: commune.name for commune in units.communes(PROVINCE, SINCE)}
"""The 45 units of Điện Biên since then, by their code of five digits."""


class Desk(Record):
    """A one-stop desk."""

    name: Text
    commune: str = Field(pattern=r"^\d{5}$")
    hours: Text


MAIN: Final = "H18"
DESKS: Final[Mapping[str, Desk]] = {
    **{name: Desk.model_validate(desk) for name, desk in _DATA["desks"].items()},
    **{code: Desk(name=f"Bộ phận Một cửa {name}", commune=code, hours=_DATA["desks"][MAIN]["hours"])
       for code, name in COMMUNES.items()},
}  # fmt: skip
"""That of the province, and one in each commune (Decree 118/2025: independent of boundaries)."""


def desk_name(code: str) -> str | None:
    """As people know the desk; None for one that is not known here."""
    return DESKS[code].name if code in DESKS else None


def in_force(address: PostalAddress, day: date) -> bool:
    """Whether province and commune exist on that local day, as far as the law's data list them."""
    try:
        units.commune(address.commune, units.province(address.province, day))
    except Unfit:
        return False
    return True


def desk_of(code: str | None) -> Desk:
    """That of the province where none, or one that is closed since, is named."""
    return DESKS.get(code or MAIN, DESKS[MAIN])


def desk_place(desk: Desk) -> str:
    """Commune and province of a desk."""
    return f"{COMMUNES[desk.commune]}, tỉnh Điện Biên"


def place(address: PostalAddress) -> str:
    """Commune and province as a label shows them; codes where the names are not known."""
    if address.province == PROVINCE:
        return f"{COMMUNES.get(address.commune, address.commune)}, tỉnh Điện Biên"
    return f"Mã xã {address.commune}, mã tỉnh {address.province}"
