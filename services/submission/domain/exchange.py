"""What one upstream portal sent under one reference, and what it was answered. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from chassis.decision import Decision, Handlers, Impossible
from schemas.event import Event, Record
from schemas.upstream import Problem, ReplyAccepted, ReplyRefused
from services.submission.messages import FiledUpstream, UpstreamFiled, UpstreamInvalid

MAX_EVENTS: Final = 50


class Exchange(Record):
    """`events`: the last ids this portal sent under this reference. `filed_by`: the one that filed the dossier."""

    dossier_id: str
    source: str
    reference: str
    events: tuple[str, ...] = ()
    filed_by: str | None = None

    def with_event(self, event: str) -> Exchange:
        """Remembers an event id, bounded."""
        kept = (*(e for e in self.events if e != event), event)[-MAX_EVENTS:]
        return self.model_copy(update={"events": kept})


def filed(exchange: Exchange | None, command: UpstreamFiled, _now: datetime) -> Decision[Exchange]:
    """The portal learns the dossier's id; a repeat of the same event is answered again, another is refused by name."""
    exchange = exchange or Exchange(
        dossier_id=command.filing.dossier_id, source=command.source, reference=command.reference
    )
    if command.filed_at is None:
        raise Impossible("the dossier is filed before its exchange answers")
    if exchange.filed_by not in {None, command.event}:
        problem = Problem(field="ce_subject", problem=f"already filed by event {exchange.filed_by}")
        return Decision(exchange.with_event(command.event), (_refusal(exchange, command.event, (problem,)),))
    changes = {"filed_by": command.event, "dossier_id": command.filing.dossier_id}
    known = exchange.with_event(command.event).model_copy(update=changes)
    return Decision(known, (_accepted(known, command.event, command.filed_at),))


def invalid(exchange: Exchange | None, command: UpstreamInvalid, _now: datetime) -> Decision[Exchange]:
    """Names every wrong field to the portal; nothing is filed."""
    exchange = exchange or Exchange(dossier_id="", source=command.source, reference=command.reference)
    return Decision(exchange.with_event(command.event), (_refusal(exchange, command.event, command.problems),))


def answered(exchange: Exchange | None, outcome: FiledUpstream, _now: datetime) -> Decision[Exchange]:
    """The dossier exists: the portal learns its id."""
    if exchange is None:
        raise Impossible("an answer without an exchange")
    known = exchange.model_copy(update={"dossier_id": outcome.dossier_id})
    return Decision(known, (_accepted(known, outcome.event, outcome.filed_at),))


def _accepted(exchange: Exchange, event: str, filed_at: datetime) -> Event:
    return ReplyAccepted(
        source=exchange.source,
        reference=exchange.reference,
        event=event,
        dossier_id=exchange.dossier_id,
        filed_at=filed_at,
    )


def _refusal(exchange: Exchange, event: str, problems: tuple[Problem, ...]) -> Event:
    return ReplyRefused(source=exchange.source, reference=exchange.reference, event=event, problems=problems)


HANDLERS: Handlers = {UpstreamFiled: filed, UpstreamInvalid: invalid, FiledUpstream: answered}
