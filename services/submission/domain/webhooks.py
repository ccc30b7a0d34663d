"""Replies a portal is called with, and when it is called again. Pure.

Only a portal whose address is registered is called. A call that is not answered with 2xx is made again after each
step of the ladder; after the last it is given up: the reply is in the topic of replies all the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schemas.event import Event, Instant, Record
from services.submission.portal_messages import CallPortal, PortalCalled

LADDER: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=2),
)
MAX_CALLS: Final = 16
"""Of one dossier that wait for their answer; more are not made."""
MAX_BYTES: Final = 24 * 1024
"""Of their replies together."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """The portals that have an address to be called at, and after how long one that did not take a call is again."""

    portals: Collection[str] = ()
    ladder: Sequence[timedelta] = LADDER


class Calling(Record):
    """One reply on its way: `number` counts them; `again_at`: when it is called again, None while it is called."""

    number: int
    type: str
    data: str
    attempt: int = 1
    again_at: Instant | None = None


class Calls(Record):
    """What a portal is being called with about one dossier. `made`: how many calls there ever were."""

    made: int = 0
    given_up: int = 0
    open: tuple[Calling, ...] = ()

    @property
    def due(self) -> datetime | None:
        """When the next call is made again."""
        return min((call.again_at for call in self.open if call.again_at is not None), default=None)


def called(calls: Calls, source: str, replies: Iterable[Event]) -> tuple[Calls, list[CallPortal]]:
    """A call for each reply; what there is no room for is counted as given up."""
    effects = []
    for reply in replies:
        data = json.dumps(reply.dump(), ensure_ascii=False, separators=(",", ":"))
        number = calls.made + 1
        room = MAX_BYTES - sum(len(call.data.encode()) for call in calls.open)
        if len(calls.open) >= MAX_CALLS or len(data.encode()) > room:
            calls = calls.model_copy(update={"made": number, "given_up": calls.given_up + 1})
            continue
        call = Calling(number=number, type=reply.type_name(), data=data)
        calls = calls.model_copy(update={"made": number, "open": (*calls.open, call)})
        effects.append(_effect(source, call))
    return calls, effects


def answered(calls: Calls, outcome: PortalCalled, now: datetime, ladder: Sequence[timedelta]) -> Calls:
    """It arrived, or it is made again later, or it is given up."""
    kept: list[Calling] = []
    for call in calls.open:
        if call.number != outcome.number:
            kept.append(call)
        elif not outcome.arrived and call.attempt <= len(ladder):
            kept.append(call.model_copy(update={"again_at": now + ladder[call.attempt - 1]}))
    lost = not outcome.arrived and len(kept) < len(calls.open)
    return calls.model_copy(update={"open": tuple(kept), "given_up": calls.given_up + lost})


def again(calls: Calls, source: str, now: datetime) -> tuple[Calls, Sequence[CallPortal]]:
    """The calls that fell due."""
    effects, kept = [], []
    for call in calls.open:
        if call.again_at is not None and call.again_at <= now:
            call = call.model_copy(update={"attempt": call.attempt + 1, "again_at": None})  # noqa: PLW2901
            effects.append(_effect(source, call))
        kept.append(call)
    return calls.model_copy(update={"open": tuple(kept)}), effects


def _effect(source: str, call: Calling) -> CallPortal:
    return CallPortal(source=source, number=call.number, type=call.type, data=call.data)
