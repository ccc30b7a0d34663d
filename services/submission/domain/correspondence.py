"""An exchange as it is kept, and the replies it makes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from schemas.event import Event, Instant, Record
from schemas.upstream import Asked, Problem, ReplyAccepted, ReplyDone, ReplyRefused, StatusChange
from services.submission.domain.webhooks import Calls
from services.submission.portal_messages import AskUpstream

MAX_EVENTS: Final = 50
MAX_ANSWERS: Final = 4
MAX_PROBLEMS: Final = 5
"""Of one answer that is kept; all of them are told."""


class Answer(Record):
    """What an event was answered: when it was done, or what was wrong. `asked` None: a filing, which was refused."""

    event: str
    asked: Asked | None = None
    done_at: Instant | None = None
    problems: tuple[Problem, ...] = ()


class Exchange(Record):
    """`events`: the last ids this portal sent under this reference. `filed_by`: the one that filed the dossier.

    waiting   what it asked and is not answered yet; once the dossier is filed the first of them is being carried out.
              A filing whose files are being fetched stands before all others
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
    filed_at: Instant | None = None
    waiting: tuple[AskUpstream, ...] = ()
    answers: tuple[Answer, ...] = ()
    said: int = 0
    early: tuple[StatusChange, ...] = ()
    calls: Calls = Calls()

    def with_event(self, event: str) -> Exchange:
        """Remembers an event id, bounded."""
        kept = (*(e for e in self.events if e != event), event)[-MAX_EVENTS:]
        return self.model_copy(update={"events": kept})


def said(reply: Event) -> Mapping[str, Any]:
    """A reply as the answer to whoever waits for it: its type and its data."""
    return {"type": reply.type_name(), "data": reply.dump()}


def kept(exchange: Exchange, answer: Answer) -> Exchange:
    """Remembers an answer, bounded."""
    short = answer.model_copy(update={"problems": answer.problems[:MAX_PROBLEMS]})
    return exchange.model_copy(update={"answers": (*exchange.answers, short)[-MAX_ANSWERS:]})


def reply_of(exchange: Exchange, answer: Answer) -> Event:
    """That it was done, or why not."""
    if answer.done_at is None or answer.asked is None:
        return refusal(exchange, answer.event, answer.problems)
    return ReplyDone(
        source=exchange.source,
        reference=exchange.reference,
        event=answer.event,
        dossier_id=exchange.dossier_id,
        asked=answer.asked,
        done_at=answer.done_at,
    )


def acceptance(exchange: Exchange, event: str, filed_at: datetime) -> Event:
    """The dossier is filed, by that event."""
    return ReplyAccepted(
        source=exchange.source,
        reference=exchange.reference,
        event=event,
        dossier_id=exchange.dossier_id,
        filed_at=filed_at,
    )


def refusal(exchange: Exchange, event: str, problems: Sequence[Problem]) -> Event:
    """What is wrong with that event."""
    return ReplyRefused(source=exchange.source, reference=exchange.reference, event=event, problems=tuple(problems))
