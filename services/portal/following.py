"""Where a dossier stands, in words: read off tracking's timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from law.statuses import Status
from services.portal.texts import TEXTS, Language, text
from services.portal.words import at, both, day, money, unit

HIDDEN: Final = frozenset(
    {"dossier.rated", "dossier.person_corrected", "dossier.processing_restricted", "dossier.restriction_lifted",
     "dossier.taken", "dossier.released", "dossier.handed_over", "dossier.step_done", "dossier.due_soon",
     "dossier.original_checked", "dossier.stage_answered", "dossier.fee_settled", "payment.invoice_changed",
     "payment.receipt_cancelled", "payment.refund_approved", "payment.refund_sent", "payment.refund_declined",
     "payment.refund_failed", "payment.case_opened", "payment.case_closed", "payment.invoice_cancelled",
     "delivery.document_stored", "delivery.case_closed", "delivery.choice_refused", "delivery.link_made",
     "delivery.physical_registered", "delivery.papers_ordered", "delivery.papers_arrived", "delivery.papers_failed",
     "delivery.document_failed"}
)  # fmt: skip
"""What concerns officers alone, or is said again by what follows."""
REASONED: Final = frozenset(
    {"dossier.rejected", "dossier.extended", "dossier.stopped", "dossier.withdrawn", "dossier.supplement_requested",
     "delivery.document_revoked"}
)  # fmt: skip
"""Whose detail is a reason in words."""
PRICED: Final = frozenset({"payment.refund_requested", "payment.refund_made"})
PAUSED: Final = {
    Status.SUPPLEMENT_REQUESTED: "dossier.supplement_requested",
    Status.FEE_REQUESTED: "payment.invoice_opened",
}


@dataclass(frozen=True)
class Step:
    """One thing that happened."""

    at: str
    what: str
    detail: str = ""


@dataclass(frozen=True)
class Pause:
    """Since when nothing is counted, and what for."""

    since: str
    why: str


@dataclass(frozen=True)
class Followed:
    """`held`: who has it; `due`: the day of the answer; `left`: working days; `steps`: the last first."""

    code: str
    status: str
    ended: bool
    held: str
    due: str
    left: int | None
    late: bool
    pause: Pause | None
    steps: tuple[Step, ...]


def followed(whole: Mapping[str, Any], language: Language) -> Followed:
    """A timeline for people."""
    status = Status(whole["status"]) if whole["status"] else Status.REGISTERED
    running = whole["term"] or {}
    pause = _pause(status, whole["entries"], language)
    return Followed(
        code=whole["code"] or "",
        status=_named(status, language),
        ended=status.terminal,
        held=unit(whole["held"]["unit"], language),
        due=day(running.get("due_at")),
        left=None if pause else running.get("working_days_left"),
        late=bool(running.get("late")),
        pause=pause,
        steps=tuple(step(entry, language) for entry in reversed(whole["entries"]) if _shown(entry)),
    )


@dataclass(frozen=True)
class Listed:
    """One of a person's dossiers, in a line."""

    id: str
    procedure: str
    code: str
    status: str
    ended: bool
    filed: str
    due: str


def listed(dossiers: Iterable[Mapping[str, Any]], language: Language) -> tuple[Listed, ...]:
    """The last filed first."""
    return tuple(
        Listed(
            id=one["id"],
            procedure=both(one["procedure_name"], language),
            code=one.get("code", ""),
            status=_named(Status(one["status"]), language),
            ended=Status(one["status"]).terminal,
            filed=at(one["filed_at"]),
            due=day(one.get("due_at")),
        )
        for one in sorted(dossiers, key=lambda one: (one["filed_at"], one["id"]), reverse=True)
    )


def _named(status: Status, language: Language) -> str:
    return status.name_vi if language == "vi" else status.name_en


def _shown(entry: Mapping[str, Any]) -> bool:
    kind: str = entry["type"]
    return f"event.{kind}" in TEXTS["vi"]


def step(entry: Mapping[str, Any], language: Language) -> Step:
    """One entry that has words, with what is told of it."""
    kind, said = entry["type"], entry["detail"]
    detail = ""
    if kind in REASONED:
        detail = said
    elif kind == "dossier.assigned":
        detail = unit(said or None, language)
    elif kind in PRICED and said.isdigit():
        detail = money(int(said), language)
    return Step(at(entry["at"]), text(language, f"event.{kind}"), detail)


def _pause(status: Status, entries: list[Mapping[str, Any]], language: Language) -> Pause | None:
    asked = PAUSED.get(status)
    begun = [entry for entry in entries if entry["type"] == asked]
    if not begun:
        return None
    why = begun[-1]["detail"] if status is Status.SUPPLEMENT_REQUESTED else ""
    return Pause(day(begun[-1]["at"]), why or text(language, f"pause.{asked}"))
