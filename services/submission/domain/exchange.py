"""What one upstream portal sent under one reference, and what it was answered. Pure.

Invariants:
    - Nothing is told of a dossier before its acceptance was, and its steps are told in their order, each once.
    - What a portal asks is carried out one after the other, in the order it came; what it asks before it files waits.
    - An event that was answered is answered the same again, and carried out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from chassis.decision import DeadlineDue, Decision, Handler, Handlers, Impossible, Refused
from schemas.event import Event, Instant, Record
from schemas.upstream import Asked, Problem, ReplyAccepted, ReplyDone, ReplyRefused, ReplyStatus, StatusChange
from services.submission.domain import webhooks
from services.submission.domain.faults import named
from services.submission.domain.webhooks import Callbacks, Calls
from services.submission.messages import (
    AskUpstream,
    CarriedOut,
    CarryOut,
    FiledUpstream,
    PortalCalled,
    UpstreamAsked,
    UpstreamChanged,
    UpstreamFiled,
    UpstreamInvalid,
)

MAX_EVENTS: Final = 50
MAX_WAITING: Final = 2
MAX_ANSWERS: Final = 4
MAX_PROBLEMS: Final = 5
"""Of one answer that is kept; all of them are told."""
MAX_EARLY: Final = 64
WAIT: Final = timedelta(hours=24)
"""How long what was asked of a dossier waits for that dossier to be filed."""


NOBODY: Final = Callbacks()


class Answer(Record):
    """What an event that asked something was answered: when it was done, or what was wrong."""

    event: str
    asked: Asked
    done_at: Instant | None = None
    problems: tuple[Problem, ...] = ()


class Exchange(Record):
    """`events`: the last ids this portal sent under this reference. `filed_by`: the one that filed the dossier.

    waiting   what it asked and is not answered yet; once the dossier is filed the first of them is being carried out
    answers   the last answers to what it asked
    said      the last step of the dossier it was told
    early     steps that came before one that precedes them, or before the acceptance was told
    calls     what its registered address is being called with
    """

    dossier_id: str
    source: str
    reference: str
    events: tuple[str, ...] = ()
    filed_by: str | None = None
    waiting: tuple[AskUpstream, ...] = ()
    answers: tuple[Answer, ...] = ()
    said: int = 0
    early: tuple[StatusChange, ...] = ()
    calls: Calls = Calls()

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
        problem = named("already_filed", "ce_subject", f"already filed by event {exchange.filed_by}")
        return _answered(exchange.with_event(command.event), _refusal(exchange, command.event, (problem,)))
    first = exchange.filed_by is None
    changes = {"filed_by": command.event, "dossier_id": command.filing.dossier_id}
    known = exchange.with_event(command.event).model_copy(update=changes)
    known, steps = _told(known)
    begun = tuple(_carry_out(known) for _ in known.waiting[:1] if first)
    reply = _accepted(known, command.event, command.filed_at)
    return Decision(known, (reply, *steps), begun, answer=said(reply))


def invalid(exchange: Exchange | None, command: UpstreamInvalid, _now: datetime) -> Decision[Exchange]:
    """Names every wrong field to the portal; nothing is filed."""
    exchange = exchange or Exchange(dossier_id="", source=command.source, reference=command.reference)
    return _answered(exchange.with_event(command.event), _refusal(exchange, command.event, command.problems))


def answered(exchange: Exchange | None, outcome: FiledUpstream, _now: datetime) -> Decision[Exchange]:
    """The dossier exists: the portal learns its id."""
    if exchange is None:
        raise Impossible("an answer without an exchange")
    known = exchange.model_copy(update={"dossier_id": outcome.dossier_id})
    return Decision(known, (_accepted(known, outcome.event, outcome.filed_at),))


def asked(exchange: Exchange | None, command: UpstreamAsked, _now: datetime) -> Decision[Exchange]:
    """A supplement or a withdrawal: carried out, once; before the filing it waits, for a day."""
    exchange = exchange or Exchange(dossier_id="", source=command.source, reference=command.reference)
    event = command.ask.event
    known = next((a for a in exchange.answers if a.event == event), None)
    if known is not None:
        return _answered(exchange, _reply(exchange, known))
    if any(ask.event == event for ask in exchange.waiting):
        return Decision(exchange)
    if event in exchange.events:
        problem = named("repeated", "ce_id", "an event with this ce_id came before; a new event has a new one")
        return _answered(exchange, _refusal(exchange, event, (problem,)))
    if len(exchange.waiting) >= MAX_WAITING:
        problem = named("too_many", "ce_subject", f"{MAX_WAITING} events of this reference wait for their answer")
        return _answered(exchange, _refusal(exchange, event, (problem,)))
    first = not exchange.waiting
    exchange = exchange.with_event(event).model_copy(update={"waiting": (*exchange.waiting, command.ask)})
    if exchange.filed_by is None:
        return Decision(exchange)
    return Decision(exchange, effects=(_carry_out(exchange),) if first else ())


def carried_out(exchange: Exchange | None, outcome: CarriedOut, _now: datetime) -> Decision[Exchange]:
    """The portal is answered, and what it asked next is carried out."""
    if exchange is None or not exchange.waiting or exchange.waiting[0].event != outcome.event:
        raise Impossible("an answer to what was not asked")
    ask, *rest = exchange.waiting
    exchange = exchange.model_copy(update={"waiting": tuple(rest)})
    answer = Answer(event=ask.event, asked=ask.asked, done_at=outcome.done_at, problems=outcome.problems)
    known = _kept(exchange, answer)
    begun = (_carry_out(known),) if known.waiting else ()
    return Decision(known, (_reply(known, answer),), begun)


def fell_due(exchange: Exchange | None, _due: DeadlineDue, now: datetime) -> Decision[Exchange]:
    """What waited for its dossier for a day is refused; the portal is called again."""
    if exchange is None:
        return Decision(exchange)
    calls, effects = webhooks.again(exchange.calls, exchange.source, now)
    exchange = exchange.model_copy(update={"calls": calls})
    replies = []
    while exchange.filed_by is None and exchange.waiting and _ends(exchange) <= now:
        ask, *rest = exchange.waiting
        problem = named("not_filed", "ce_subject", "nothing was filed under this reference within a day")
        answer = Answer(event=ask.event, asked=ask.asked, problems=(problem,))
        exchange = _kept(exchange.model_copy(update={"waiting": tuple(rest)}), answer)
        replies.append(_reply(exchange, answer))
    return Decision(exchange, tuple(replies), effects)


def called(
    exchange: Exchange | None, outcome: PortalCalled, now: datetime, ladder: Sequence[timedelta]
) -> Decision[Exchange]:
    """Whether a call arrived."""
    if exchange is None:
        raise Impossible("a call of an exchange that never was")
    calls = webhooks.answered(exchange.calls, outcome, now, ladder)
    return Decision(exchange.model_copy(update={"calls": calls}))


def changed(exchange: Exchange | None, command: UpstreamChanged, _now: datetime) -> Decision[Exchange]:
    """A step of the dossier: told after those before it. Raises Refused while too many wait for one before them."""
    exchange = exchange or Exchange(dossier_id=command.dossier_id, source=command.source, reference=command.reference)
    number = command.change.number
    if number <= exchange.said or any(change.number == number for change in exchange.early):
        return Decision(exchange)
    if len(exchange.early) >= MAX_EARLY:
        raise Refused("too_many", f"{MAX_EARLY} steps wait for one before them")
    early = tuple(sorted((*exchange.early, command.change), key=lambda change: change.number))
    known, steps = _told(exchange.model_copy(update={"early": early}))
    return Decision(known, steps)


def said(reply: Event) -> Mapping[str, Any]:
    """A reply as the answer to whoever waits for it: its type and its data."""
    return {"type": reply.type_name(), "data": reply.dump()}


def _answered(exchange: Exchange, reply: Event) -> Decision[Exchange]:
    return Decision(exchange, (reply,), answer=said(reply))


def _told(exchange: Exchange) -> tuple[Exchange, tuple[Event, ...]]:
    """The steps whose turn it is."""
    if exchange.filed_by is None:
        return exchange, ()
    said, early, replies = exchange.said, list(exchange.early), []
    while early and early[0].number == said + 1:
        said += 1
        where = {"source": exchange.source, "reference": exchange.reference, "dossier_id": exchange.dossier_id}
        replies.append(ReplyStatus(**early.pop(0).model_dump(), **where))
    return exchange.model_copy(update={"said": said, "early": tuple(early)}), tuple(replies)


def _ends(exchange: Exchange) -> datetime:
    return exchange.waiting[0].came_at + WAIT


def _carry_out(exchange: Exchange) -> CarryOut:
    return CarryOut(dossier_id=exchange.dossier_id, source=exchange.source, ask=exchange.waiting[0])


def _kept(exchange: Exchange, answer: Answer) -> Exchange:
    short = answer.model_copy(update={"problems": answer.problems[:MAX_PROBLEMS]})
    return exchange.model_copy(update={"answers": (*exchange.answers, short)[-MAX_ANSWERS:]})


def _reply(exchange: Exchange, answer: Answer) -> Event:
    if answer.done_at is None:
        return _refusal(exchange, answer.event, answer.problems)
    return ReplyDone(
        source=exchange.source,
        reference=exchange.reference,
        event=answer.event,
        dossier_id=exchange.dossier_id,
        asked=answer.asked,
        done_at=answer.done_at,
    )


def _accepted(exchange: Exchange, event: str, filed_at: datetime) -> Event:
    return ReplyAccepted(
        source=exchange.source,
        reference=exchange.reference,
        event=event,
        dossier_id=exchange.dossier_id,
        filed_at=filed_at,
    )


def _refusal(exchange: Exchange, event: str, problems: Sequence[Problem]) -> Event:
    return ReplyRefused(source=exchange.source, reference=exchange.reference, event=event, problems=tuple(problems))


def _next_due(exchange: Exchange | None) -> datetime | None:
    """When something falls due, whatever it is."""
    if exchange is None:
        return None
    ends = _ends(exchange) if exchange.waiting and exchange.filed_by is None else None
    return min((due for due in (ends, exchange.calls.due) if due is not None), default=None)


def handlers(callbacks: Callbacks = NOBODY) -> Handlers:
    """What an exchange reacts to."""

    def told(handler: Handler) -> Handler:
        def decide(state: Any, message: Any, now: datetime) -> Decision[Any]:
            found = handler(state, message, now)
            exchange: Exchange | None = found.state
            if exchange is not None and found.events and exchange.source in callbacks.portals:
                calls, effects = webhooks.called(exchange.calls, exchange.source, found.events)
                exchange = exchange.model_copy(update={"calls": calls})
                found = replace(found, state=exchange, effects=(*found.effects, *effects))
            return replace(found, due=_next_due(exchange))

        return decide

    table: dict[type[Any], Handler] = {
        UpstreamFiled: filed,
        UpstreamInvalid: invalid,
        FiledUpstream: answered,
        UpstreamAsked: asked,
        CarriedOut: carried_out,
        UpstreamChanged: changed,
        PortalCalled: lambda state, message, now: called(state, message, now, callbacks.ladder),
        DeadlineDue: fell_due,
    }
    return {message: told(handler) for message, handler in table.items()}
