"""Dossiers in a line each, as inboxes and searches have them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from law.statuses import Status
from services.portal.texts import Language, known, text
from services.portal.words import at, both, unit

Standing = Literal["overdue", "soon", "running", "none"]
BOXES: Final[Mapping[str, tuple[str, ...]]] = {
    "clerk": ("unit",),
    "specialist": ("mine", "unit"),
    "leader": ("overdue", "unit"),
    "registrar": ("unit",),
}
"""The lists of a role, the most pressing first."""


@dataclass(frozen=True)
class Line:
    """One dossier. `doing`: whose turn it is and for what; `standing` of what is due, `due` in words."""

    id: str
    code: str
    procedure: str
    doing: str
    standing: Standing
    due: str
    holder: str

    def facts(self, language: Language) -> tuple[tuple[str, str], ...]:
        """What it is about, as whoever acts on it is reminded."""
        found = (
            ("my.code", self.code or text(language, "desk.no_code")),
            ("dossier.procedure", self.procedure),
            ("desk.doing", self.doing),
            ("desk.term", self.due),
            ("desk.holder", self.holder),
        )
        return tuple((text(language, key), value) for key, value in found if value)


def lines(dossiers: Iterable[Mapping[str, Any]], now: datetime, language: Language) -> tuple[Line, ...]:
    """In the order they came."""
    return tuple(line(one, now, language) for one in dossiers)


def line(one: Mapping[str, Any], now: datetime, language: Language) -> Line:
    """One of them."""
    standing = _standing(one, now)
    return Line(
        id=one["id"],
        code=one.get("code", ""),
        procedure=both(one["procedure_name"], language),
        doing=doing(one, language),
        standing=standing,
        due=text(language, f"desk.due.{standing}", at=at(one.get("turn_due"))),
        holder=_holder(one, language),
    )


def doing(one: Mapping[str, Any], language: Language) -> str:
    """What it waits for. What has ended and is due again waits for the answer to a complaint."""
    if "turn_due" in one and Status(one["status"]).terminal:
        return text(language, "desk.stage.complaint")
    return known(language, f"desk.stage.{one['stage']}", one["stage"])


def _standing(one: Mapping[str, Any], now: datetime) -> Standing:
    due = one.get("turn_due")
    if due is None:
        return "none"
    if datetime.fromisoformat(due) <= now:
        return "overdue"
    return "soon" if one.get("alert") == "soon" else "running"


def _holder(one: Mapping[str, Any], language: Language) -> str:
    where = unit(one["unit"], language) if "unit" in one else ""
    return ", ".join(part for part in (one.get("holder", ""), where) if part)
