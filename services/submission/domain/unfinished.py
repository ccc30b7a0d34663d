"""What a draft holds: a filing that need not be whole or right yet, in clear only while it passes through. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from law import phones
from law.errors import PhoneError
from schemas.event import DossierId
from schemas.upstream import MAX_FORM_FIELDS, Filing
from services.submission.domain.filing import BadFiling, Wrong, examined, form_faults, phone_faults

Value = Annotated[str, Field(max_length=4000)] | int | None
Name = Annotated[str, Field(max_length=64)]
MISSING: Final = "bắt buộc nhập"
UNREADABLE: Final = "giá trị không đúng: xem hướng dẫn của mục này"


class Named(BaseModel):
    """A file of its owner's, and the document of the procedure it is, by that one's code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(min_length=1, max_length=64)]
    file: DossierId


Files = Annotated[tuple[Named, ...], Field(max_length=30)]


class Unfinished(BaseModel):
    """As `schemas.upstream.Filing` and the files with it, everything but the procedure still open; a blank value is
    none. Whether the files are there and clean is looked at when it is filed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    procedure: Annotated[str, Field(pattern=r"^\d\.\d{6}$")]
    applicant: Annotated[dict[Name, Value], Field(max_length=20)] = {}
    agent: Annotated[dict[Name, Value], Field(max_length=20)] = {}
    form: Annotated[dict[Name, Value], Field(max_length=MAX_FORM_FIELDS)] = {}
    way: Annotated[str, Field(max_length=20)] | None = None
    address: Annotated[dict[Name, Value], Field(max_length=20)] = {}
    files: Files = ()

    def filing(self) -> Filing:
        """What is filed of it.

        Raises:
            BadFiling: names every field that is missing or of the wrong shape.
        """
        whole = {
            "procedure": self.procedure,
            "applicant": _filled(self.applicant),
            "agent": _filled(self.agent) or None,
            "form": self.answered,
            "way": self.way or None,
            "address": _filled(self.address) or None,
        }
        try:
            return Filing.model_validate({name: value for name, value in whole.items() if value is not None})
        except ValidationError as error:
            found = (_wrong(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors())
            raise BadFiling(tuple({wrong.field: wrong for wrong in found}.values())) from error

    def faults(self, now: datetime) -> tuple[Wrong, ...]:
        """What must still be put right before it can be filed, each field once."""
        try:
            filing = self.filing()
        except BadFiling as error:
            given = _filled(self.applicant).get("phone")
            alone = phone_faults(str(given)) if given is not None else ()
            found = (*error.problems, *alone, *form_faults(self.procedure, self.answered, now))
            return tuple({wrong.field: wrong for wrong in reversed(found)}.values())[::-1]
        try:
            examined(filing, now)
        except BadFiling as error:
            return error.problems
        return ()

    @property
    def answered(self) -> dict[str, Value]:
        """What the form says so far."""
        return _filled(self.form)

    @property
    def phone(self) -> str | None:
        """The number its owner can be reached at, where it is one."""
        try:
            return phones.normalise(str(self.applicant.get("phone") or ""))
        except PhoneError:
            return None

    @property
    def email(self) -> str | None:
        """As it is written."""
        found = self.applicant.get("email")
        return found if isinstance(found, str) and "@" in found else None


def _filled(values: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None and str(value).strip()}


def _wrong(location: tuple[int | str, ...], kind: str, message: str) -> Wrong:
    missing = kind == "missing"
    path = ".".join(str(part) for part in location if part not in {"str", "constrained-str", "int"})
    return Wrong(path, "is required" if missing else message, MISSING if missing else UNREADABLE)
