"""What one upstream portal sent under one reference, and what it was answered. Pure.

Invariants:
    - Nothing is told of a dossier before its acceptance was, and its steps are told in their order, each once.
    - What a portal asks is carried out one after the other, in the order it came; what it asks before it files waits.
    - An event that was answered is answered the same again, and carried out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from chassis.decision import DeadlineDue, Decision, Effect, Handler, Handlers, Impossible, Refused
from schemas.event import Event
from schemas.upstream import Asked, ReplyStatus
from services.submission.domain import webhooks
from services.submission.domain.correspondence import Answer, Exchange, acceptance, kept, refusal, reply_of, said
from services.submission.domain.faults import named
from services.submission.domain.webhooks import Callbacks
from services.submission.portal_messages import (
    AskUpstream,
    CarriedOut,
    CarryOut,
    FetchFile,
    FiledUpstream,
    FileFetched,
    FileUpstream,
    PortalCalled,
    UpstreamAsked,
    UpstreamChanged,
    UpstreamFiled,
    UpstreamInvalid,
)

MAX_WAITING: Final = 2
MAX_EARLY: Final = 64
WAIT: Final = timedelta(hours=24)
"""How long what was asked of a dossier waits for that dossier to be filed."""
NOBODY: Final = Callbacks()


def filed(exchange: Exchange | None, command: UpstreamFiled, _now: datetime) -> Decision[Exchange]:
    """The portal learns the dossier's id; a repeat of the same event is answered again, another is refused by name."""
    exchange = exchange or Exchange(
        dossier_id=command.filing.dossier_id, source=command.source, reference=command.reference
    )
    if command.filed_at is None:
        raise Impossible("the dossier is filed before its exchange answers")
    if exchange.filed_by not in {None, command.event}:
        problem = named("already_filed", "ce_subject", f"already filed by event {exchange.filed_by}")
        return _answered(exchange.with_event(command.event), refusal(exchange, command.event, (problem,)))
    return _filed(exchange, command.event, command.filing.dossier_id, command.filed_at)


def _filed(exchange: Exchange, event: str, dossier: str, at: datetime) -> Decision[Exchange]:
    first = exchange.filed_by is None
    changes = {"filed_by": event, "filed_at": at, "dossier_id": dossier}
    known, steps = _told(exchange.with_event(event).model_copy(update=changes))
    begun = _begin(known) if first and not _files(known) else ()
    reply = acceptance(known, event, at)
    return Decision(known, (reply, *steps), begun, answer=said(reply))


def _files(exchange: Exchange) -> bool:
    """A filing is on its way: its files are being fetched, or it is being filed."""
    return bool(exchange.waiting) and exchange.waiting[0].filing is not None


def invalid(exchange: Exchange | None, command: UpstreamInvalid, _now: datetime) -> Decision[Exchange]:
    """Names every wrong field to the portal; nothing is filed."""
    exchange = exchange or Exchange(dossier_id="", source=command.source, reference=command.reference)
    return _answered(exchange.with_event(command.event), refusal(exchange, command.event, command.problems))


def answered(exchange: Exchange | None, outcome: FiledUpstream, _now: datetime) -> Decision[Exchange]:
    """The dossier exists: the portal learns its id."""
    if exchange is None:
        raise Impossible("an answer without an exchange")
    if _files(exchange) and exchange.waiting[0].event == outcome.event:
        exchange = exchange.model_copy(update={"waiting": exchange.waiting[1:]})
        if exchange.filed_by not in {None, outcome.event}:
            return _taken(exchange, outcome.event)
    return _filed(exchange, outcome.event, outcome.dossier_id, outcome.filed_at)


def _taken(exchange: Exchange, event: str) -> Decision[Exchange]:
    """Another event filed it meanwhile."""
    problem = named("already_filed", "ce_subject", f"already filed by event {exchange.filed_by}")
    return replace(_answered(exchange, refusal(exchange, event, (problem,))), effects=_begin(exchange))


def asked(exchange: Exchange | None, command: UpstreamAsked, _now: datetime) -> Decision[Exchange]:
    """A supplement or a withdrawal: carried out, once; before the filing it waits, a day. Or a filing with files."""
    exchange = exchange or Exchange(dossier_id="", source=command.source, reference=command.reference)
    event = command.ask.event
    if any(ask.event == event for ask in exchange.waiting):
        return Decision(exchange)
    if (known := _came_before(exchange, command.ask)) is not None:
        return _answered(exchange, known)
    if len(exchange.waiting) >= MAX_WAITING or (command.ask.filing is not None and _files(exchange)):
        problem = named("too_many", "ce_subject", f"{MAX_WAITING} events of this reference wait for their answer")
        return _answered(exchange, refusal(exchange, event, (problem,)))
    first = not exchange.waiting or command.ask.filing is not None
    waiting = (command.ask, *exchange.waiting) if command.ask.filing is not None else (*exchange.waiting, command.ask)
    exchange = exchange.with_event(event).model_copy(update={"waiting": waiting})
    return Decision(exchange, effects=_begin(exchange) if first else ())


def _came_before(exchange: Exchange, ask: AskUpstream) -> Event | None:
    """What is said to an event that was answered, and to a filing of what was filed."""
    known = next((answer for answer in exchange.answers if answer.event == ask.event), None)
    if known is not None:
        return reply_of(exchange, known)
    if ask.filing is not None and exchange.filed_by is not None:
        if exchange.filed_by == ask.event and exchange.filed_at is not None:
            return acceptance(exchange, ask.event, exchange.filed_at)
        problem = named("already_filed", "ce_subject", f"already filed by event {exchange.filed_by}")
        return refusal(exchange, ask.event, (problem,))
    if ask.event in exchange.events:
        problem = named("repeated", "ce_id", "an event with this ce_id came before; a new event has a new one")
        return refusal(exchange, ask.event, (problem,))
    return None


def fetched(exchange: Exchange | None, outcome: FileFetched, _now: datetime) -> Decision[Exchange]:
    """A file is held: the next is fetched, or what it belongs to is done. One that is not to be had refuses it."""
    if exchange is None or not exchange.waiting or exchange.waiting[0].event != outcome.event:
        raise Impossible("a file that was not asked for")
    ask, *rest = exchange.waiting
    if outcome.file is None:
        exchange = exchange.model_copy(update={"waiting": tuple(rest)})
        return _finished(exchange, Answer(event=ask.event, asked=_of(ask), problems=outcome.problems))
    ask = ask.model_copy(update={"held": (*ask.held, outcome.file)})
    exchange = exchange.model_copy(update={"waiting": (ask, *rest)})
    return Decision(exchange, effects=_begin(exchange))


def carried_out(exchange: Exchange | None, outcome: CarriedOut, _now: datetime) -> Decision[Exchange]:
    """The portal is answered, and what it asked next is carried out."""
    if exchange is None or not exchange.waiting or exchange.waiting[0].event != outcome.event:
        raise Impossible("an answer to what was not asked")
    ask, *rest = exchange.waiting
    exchange = exchange.model_copy(update={"waiting": tuple(rest)})
    answer = Answer(event=ask.event, asked=_of(ask), done_at=outcome.done_at, problems=outcome.problems)
    return _finished(exchange, answer)


def _finished(exchange: Exchange, answer: Answer) -> Decision[Exchange]:
    known = kept(exchange, answer)
    return Decision(known, (reply_of(known, answer),), _begin(known))


def _of(ask: AskUpstream) -> Asked | None:
    return None if ask.asked == "filing" else ask.asked


def fell_due(exchange: Exchange | None, _due: DeadlineDue, now: datetime) -> Decision[Exchange]:
    """What waited for its dossier for a day is refused; the portal is called again."""
    if exchange is None:
        return Decision(exchange)
    calls, effects = webhooks.again(exchange.calls, exchange.source, now)
    exchange = exchange.model_copy(update={"calls": calls})
    replies = []
    while (ends := _ends(exchange)) is not None and ends <= now:
        ask, *rest = exchange.waiting
        problem = named("not_filed", "ce_subject", "nothing was filed under this reference within a day")
        answer = Answer(event=ask.event, asked=_of(ask), problems=(problem,))
        exchange = kept(exchange.model_copy(update={"waiting": tuple(rest)}), answer)
        replies.append(reply_of(exchange, answer))
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


def _ends(exchange: Exchange) -> datetime | None:
    """Until when what was asked first waits for a filing, while none is on its way."""
    if exchange.filed_by is not None or not exchange.waiting or _files(exchange):
        return None
    return exchange.waiting[0].came_at + WAIT


def _begin(exchange: Exchange) -> tuple[Effect, ...]:
    """What is to be done for the first that waits: fetch its next file, file it, or carry it out."""
    if not exchange.waiting or (exchange.filed_by is None and not _files(exchange)):
        return ()
    ask, filing = exchange.waiting[0], exchange.waiting[0].filing
    dossier = exchange.dossier_id if filing is None else filing.dossier_id
    if len(ask.held) < len(ask.files):
        fetch = FetchFile(dossier_id=dossier, source=exchange.source, event=ask.event, file=ask.files[len(ask.held)])
        new = filing.model_dump(include={"owner", "procedure", "filed_at"}) if filing is not None else {}
        return (fetch.model_copy(update=new),)
    if filing is not None:
        return (FileUpstream(filing=filing.model_copy(update={"files": ask.held}), event=ask.event),)
    return (CarryOut(dossier_id=dossier, source=exchange.source, ask=ask),)


def _next_due(exchange: Exchange | None) -> datetime | None:
    """When something falls due, whatever it is."""
    if exchange is None:
        return None
    return min((due for due in (_ends(exchange), exchange.calls.due) if due is not None), default=None)


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
        FileFetched: fetched,
        CarriedOut: carried_out,
        UpstreamChanged: changed,
        PortalCalled: lambda state, message, now: called(state, message, now, callbacks.ladder),
        DeadlineDue: fell_due,
    }
    return {message: told(handler) for message, handler in table.items()}
