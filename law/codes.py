"""Dossier codes (mã hồ sơ), written at reception; before it a dossier has only its own id.

    TT_01_2018   000.00.12.H18-210616-0001       TT 01/2018/TT-VPCP Art. 19: agency, YYMMDD received, ordinal
    TT_03_2025   H18.12-20260609-0000001         as live samples of 2026 show it (the normative text was not verified)

Written rule on overflow, which the circulars do not treat: the ordinal is zero-padded to the width of its generation
and *widens* beyond it (after 9999 comes 10000); it never wraps and is never cut. A wider ordinal has no leading zero,
so each code is written in one way only.
"""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator

from law.errors import BadDossierCode
from law.facts import Strict

# QCVN 102:2016 puts the ministry or province last (V.Z.Y.MX), QĐ 20/2020/QĐ-TTg first (MX.Y.Z), up to 35 characters.
_AGENCY = r"(?:[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}|[A-Z][0-9]{2}(?:\.[0-9]{2,3})*)"
_AGENCY_MAX = 35
_CODE = re.compile(r"(?P<agency>[^-]+)-(?P<day>[0-9]+)-(?P<ordinal>[0-9]+)")
_ORDINAL_MAX = 99_999_999


class Generation(StrEnum):
    """Which circular the code is written by."""

    TT_01_2018 = "TT 01/2018/TT-VPCP"
    TT_03_2025 = "TT 03/2025/TT-VPCP"


_DAY_FORMAT = {Generation.TT_01_2018: "%y%m%d", Generation.TT_03_2025: "%Y%m%d"}
_WIDTH = {Generation.TT_01_2018: 4, Generation.TT_03_2025: 7}
_BY_DAY_LENGTH = {6: Generation.TT_01_2018, 8: Generation.TT_03_2025}


class DossierCode(Strict):
    """A dossier code in parts; `str()` writes it. `received` is the day of reception (tiếp nhận), not of filing."""

    agency: str
    received: date
    ordinal: int = Field(ge=1, le=_ORDINAL_MAX)
    generation: Generation

    @field_validator("agency")
    @classmethod
    def _agency(cls, value: str) -> str:
        return check_agency(value)

    @field_validator("received")
    @classmethod
    def _this_century(cls, value: date) -> date:
        if value.year // 100 != 20:  # noqa: PLR2004  two digits of the year say no other
            raise ValueError("dossier codes are of the years 2000 to 2099")
        return value

    def __str__(self) -> str:
        day = self.received.strftime(_DAY_FORMAT[self.generation])
        return f"{self.agency}-{day}-{self.ordinal:0{_WIDTH[self.generation]}d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code of either generation, told apart by the length of its date. Raises BadDossierCode."""
        match = _CODE.fullmatch(text) if text.isascii() else None
        if match is None:
            raise BadDossierCode(text, "expected AGENCY-DATE-ORDINAL, as 000.00.12.H18-210616-0001")
        generation = _BY_DAY_LENGTH.get(len(match["day"]))
        if generation is None:
            raise BadDossierCode(text, "the date has neither six digits (YYMMDD) nor eight (YYYYMMDD)")
        received = _day(text, match["day"], generation)
        _check_ordinal(text, match["ordinal"], generation)
        try:
            check_agency(match["agency"])
        except ValueError as error:
            raise BadDossierCode(text, str(error)) from None
        return cls(agency=match["agency"], received=received, ordinal=int(match["ordinal"]), generation=generation)


class CodeSeries(Strict):
    """The codes of one agency: the agency identity and the generation are configuration.

    Who holds which ordinal is not decided here: a number series per `key(day)` gives them out, atomically.
    """

    agency: str
    generation: Generation = Generation.TT_01_2018

    @field_validator("agency")
    @classmethod
    def _agency(cls, value: str) -> str:
        return check_agency(value)

    def key(self, received: date) -> str:
        """Return the name of the day's number series."""
        return f"{self.agency}-{received:%Y%m%d}"

    def code(self, received: date, ordinal: int) -> DossierCode:
        """Return the code of the `ordinal`-th dossier (from 1) received on that local day."""
        return DossierCode(agency=self.agency, received=received, ordinal=ordinal, generation=self.generation)


def check_agency(value: str) -> str:
    """Return the agency identity unchanged; raises ValueError where it is of neither form."""
    if len(value) > _AGENCY_MAX or not re.fullmatch(_AGENCY, value):
        raise ValueError("the agency is neither like 000.00.12.H18 (QCVN 102:2016) nor like H18.12 (QĐ 20/2020)")
    return value


def _day(text: str, digits: str, generation: Generation) -> date:
    full = digits if generation is Generation.TT_03_2025 else f"20{digits}"
    if not full.startswith("20"):
        raise BadDossierCode(text, f"{digits} is not of the years 2000 to 2099")
    try:
        return datetime.strptime(full, "%Y%m%d").date()  # noqa: DTZ007  a day, not an instant
    except ValueError:
        raise BadDossierCode(text, f"{digits} is not a date") from None


def _check_ordinal(text: str, digits: str, generation: Generation) -> None:
    width = _WIDTH[generation]
    if len(digits) < width or (len(digits) > width and digits.startswith("0")):
        raise BadDossierCode(text, f"the ordinal has {width} digits, or more without a leading zero")
    if not 1 <= int(digits[:20]) <= _ORDINAL_MAX:
        raise BadDossierCode(text, f"the ordinal is not between 1 and {_ORDINAL_MAX}")
