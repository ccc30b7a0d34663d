"""What persons asked about their data: what, when, until when, and what became of it. Pure.

The register names dossiers, never a person: who asked is the applicant of those, as long as that can be read.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Literal

from chassis.decision import Command, Decision, Handlers, Refused
from law.requests import Right
from schemas.event import DossierId, Instant, Record, Text

Outcome = Literal["done", "partly", "refused"]
MAX_DOSSIERS: Final = 200
"""Named in one entry; `more` says that there are further ones."""


class OpenRequest(Command):
    """Somebody asked. `asked`, `answer_by`, `done_by`: local days; `source`, `mark`: of the last."""

    id: DossierId
    right: Right
    asked: date
    answer_by: date
    done_by: date
    source: Text
    mark: Text
    dossiers: tuple[DossierId, ...]
    more: bool = False
    officer: Text


class AnswerRequest(Command):
    """What became of it. `note`: without personal data."""

    outcome: Outcome
    note: Text | None = None
    officer: Text


class Request(Record):
    """One entry."""

    id: str
    right: Right
    asked: date
    answer_by: date
    done_by: date
    source: str
    mark: str
    dossiers: tuple[str, ...]
    more: bool = False
    officer: str
    noted_at: Instant
    outcome: Outcome | None = None
    note: str | None = None
    answered_by: str | None = None
    answered_at: Instant | None = None

    @property
    def answer(self) -> dict[str, Any]:
        """What whoever sent a command is told."""
        return {"request": self.id, "answer_by": self.answer_by.isoformat(), "done_by": self.done_by.isoformat()}


def ask(request: Request | None, command: OpenRequest, now: datetime) -> Decision[Request]:
    """Noted once; a repeat changes nothing."""
    if request is None:
        request = Request(**dict(command), noted_at=now)
    return Decision(request, answer=request.answer)


def answer(request: Request | None, command: AnswerRequest, now: datetime) -> Decision[Request]:
    """Answered once. Raises Refused `not_found`, `answered`."""
    if request is None:
        raise Refused("not_found", "there is no such request")
    if request.outcome is not None:
        raise Refused("answered", f"it was answered before: {request.outcome}")
    said = {"outcome": command.outcome, "note": command.note, "answered_by": command.officer, "answered_at": now}
    answered = request.model_copy(update=said)
    return Decision(answered, answer=answered.answer)


def view(request: Request) -> dict[str, Any]:
    """What lists filter by; `order`: due first."""
    return {"open": request.outcome is None, "order": f"{request.done_by.isoformat()}/{request.id}"}


HANDLERS: Final[Handlers] = {OpenRequest: ask, AnswerRequest: answer}
