"""An officer's absence: who acts in their place, until when. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from chassis.decision import Command, Decision, Handlers, Refused
from schemas.event import Instant, Record, Text

LONGEST: Final = timedelta(days=92)


class Delegate(Command):
    """`officer`, in that role and unit, lets `to` act in their place."""

    officer: Text
    role: Text
    unit: Text | None = None
    to: Text
    since: Instant
    until: Instant


class EndDelegation(Command):
    """They are back."""


class Officer(Record):
    """The last delegation of one officer."""

    to: str
    role: str
    unit: str | None
    since: Instant
    until: Instant

    def covers(self, deputy: str, role: str, now: datetime) -> bool:
        """Whether `deputy` may act for them in that role at `now`."""
        return (self.to, self.role) == (deputy, role) and self.since <= now < self.until


def delegate(_officer: Officer | None, command: Delegate, now: datetime) -> Decision[Officer]:
    """The latest one counts. Raises Refused `invalid`."""
    if command.to == command.officer:
        raise Refused("invalid", "nobody stands in for themselves", field="to")
    if not max(command.since, now) < command.until <= command.since + LONGEST:
        raise Refused("invalid", f"must come after the beginning, at most {LONGEST.days} days", field="until")
    fields = command.model_dump(exclude={"officer"})
    return Decision(Officer(**fields), answer={"to": command.to, "until": command.until.isoformat()})


def end(officer: Officer | None, _command: EndDelegation, now: datetime) -> Decision[Officer]:
    """Nobody stands in any more."""
    if officer is None:
        raise Refused("not_found", "there is no delegation")
    ended = officer.model_copy(update={"until": min(now, officer.until)})
    return Decision(ended, answer={"to": officer.to, "until": ended.until.isoformat()})


def view(officer: Officer) -> dict[str, Any]:
    """What lists filter by: whose place it is they take is the record's own id."""
    return {"to": officer.to}


HANDLERS: Handlers = {Delegate: delegate, EndDelegation: end}
