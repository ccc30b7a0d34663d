"""Officers' addresses, from a file: accounts as the identity provider names them.

``[{"account": "specialist1", "email": "…", "roles": ["specialist"], "unit": "culture"}]``
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

MOST: int = 50


class Officer(BaseModel):
    """One officer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: Annotated[str, Field(min_length=1, max_length=100)]
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    roles: tuple[str, ...]
    unit: str | None = None


_OFFICERS = TypeAdapter(tuple[Officer, ...])


class Directory:
    """Who is told, by account, role or unit; at most fifty at once."""

    def __init__(self, officers: Sequence[Officer]) -> None:
        self._officers = officers

    @classmethod
    def read(cls, path: Path | None) -> Directory:
        """Of a file; without one nobody is listed. Raises OSError, ValidationError."""
        return cls(() if path is None else _OFFICERS.validate_json(path.read_bytes()))

    def addresses(self, account: str | None, role: str | None, unit: str | None) -> tuple[str, ...]:
        """The account's own address, else those of the role, of the unit, or of the role in the unit."""
        found = [
            officer.email
            for officer in self._officers
            if (account is None or officer.account == account)
            and (role is None or role in officer.roles)
            and (unit is None or officer.unit == unit)
        ]
        return tuple(dict.fromkeys(found))[:MOST]
