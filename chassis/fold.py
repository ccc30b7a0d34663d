"""The rules of one aggregate, pure: inbox, parking, idempotency keys, deadline.

`Folder.fold` takes a working copy of a document and one delivery and changes the copy. It does no I/O and reads no
clock, so after a lost compare-and-set the engine loads again and folds again.

Invariants (of the inbox: `chassis.inbox`):
    - `last` counts the events ever said; it is neither `version` nor the length of the outbox.
    - A closed aggregate stays as it is: old messages, late outcomes and slow writers find that it was there.
    - What happens to an effect after the write that decided it is `chassis.effects.leases`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Generic

from chassis.decision import KEEP, Command, DeadlineDue, Decision, Effect, Handler, Outcome, Refused, S
from chassis.delivery import (
    Delivery,
    Drop,
    Dropped,
    EffectDeferred,
    EffectDone,
    EffectFailed,
    Handled,
    Replay,
    Result,
    Sweep,
)
from chassis.document import MAX_KEYS, AggregateType, Document, KeyRecord, OutboxEntry
from chassis.effects.leases import BUG_RETRY, Held, Leases, NeverSent
from chassis.inbox import Decode, Inbox, ParkingFull

__all__ = ["Decode", "Folder", "ParkingFull"]

KEY_LIFE: Final = timedelta(hours=24)
CLOSE_RETRY: Final = timedelta(hours=1)

Known = Callable[[Effect], Outcome | None]
"""What comes of an effect, where that needs nobody else (`chassis.effects.edge.Knows`)."""


class Folder(Generic[S]):
    """Folds deliveries into documents of one kind, for one process, whose name `replica` is never used again."""

    def __init__(
        self,
        kind: AggregateType[S],
        replica: str,
        decode: Decode,
        *,
        held: Held | None = None,
        never_sent: NeverSent | None = None,
        known: Known = lambda _effect: None,
    ) -> None:
        self._kind = kind
        self._known = known
        self._inbox: Inbox[S] = Inbox(kind.name, self._decide, decode)
        self._leases: Leases[S] = Leases(replica, self._decide, held, never_sent)

    def fold(self, doc: Document[S], delivery: Delivery, now: datetime) -> Result:
        """Applies one delivery to the working copy `doc`.

        Raises:
            Refused: the command may not be done now; the document is unchanged.
            ParkingFull: the event must wait and there is no room for it.
        """
        if doc.closed is not None:
            return self._after_the_end(delivery)
        now = max(now, doc.at)
        self._leases.adopt(doc, now)
        if delivery.position is not None:
            return self._inbox.receive(doc, delivery, delivery.position, now)
        match delivery.message:
            case EffectDone() as done:
                result = self._leases.settle(doc, done, now, delivery.trace)
            case EffectFailed() as failed:
                result = self._leases.fail(doc, failed, now, delivery.trace)
            case EffectDeferred() as deferred:
                result = self._leases.defer(doc, deferred)
            case Sweep():
                result = self._sweep(doc, now)
            case Replay(stream):
                result = self._inbox.replay(doc, stream, now)
            case Drop() as drop:
                result = self._inbox.drop(doc, drop, now)
            case _:
                result = self._command(doc, delivery, now)
        return result

    # -- commands -----------------------------------------------------------------------------------------------

    def _command(self, doc: Document[S], delivery: Delivery, now: datetime) -> Result:
        key = delivery.key
        known = next((k for k in doc.keys if key is not None and k.key == key.key), None)
        if known is not None and key is not None:
            if known.digest != key.digest:
                raise Refused("idempotency_key_reused", "this Idempotency-Key was used for another request")
            return Handled(known.answer, repeated=True)
        decision = self._decide(doc, delivery.message, now, delivery.trace)
        if key is not None:
            doc.keys = [k for k in doc.keys if k.permanent or now - k.at < KEY_LIFE]
            if len(doc.keys) >= MAX_KEYS:
                raise Refused("too_many_requests", f"more than {MAX_KEYS} requests changed this in one day")
            doc.keys.append(KeyRecord(key.key, key.digest, decision.answer, now, key.permanent))
            doc.dirty = True
        return Handled(decision.answer)

    # -- due ------------------------------------------------------------------------------------------------

    def _sweep(self, doc: Document[S], now: datetime) -> Result:
        self._leases.resume(doc, now)
        if doc.due is not None and doc.due <= now:
            doc.due = None
            doc.dirty = True
            try:
                self._decide(doc, DeadlineDue(), now, None)
            except Exception as error:  # noqa: BLE001 - tried again later, reported by the engine
                doc.due = now + BUG_RETRY
                doc.faults.append(f"deadline: {type(error).__name__}: {error}")
        return Handled({}) if doc.dirty else Dropped()

    # -- decisions ----------------------------------------------------------------------------------------------

    def _decide(self, doc: Document[S], message: object, now: datetime, trace: str | None) -> Decision[S]:
        decision = self._complete(self._handler(message)(doc.state, message, now), now)
        self._apply(doc, decision, now, trace)
        return decision

    def _handler(self, message: object) -> Handler:
        handler = self._kind.handlers.get(type(message))  # type: ignore[arg-type]
        if handler is None:
            what = "command" if isinstance(message, Command) else "message"
            raise LookupError(f"{self._kind.name} has no handler for the {what} {type(message).__name__}")
        return handler

    def _complete(self, decision: Decision[S], now: datetime) -> Decision[S]:
        """The decision with everything that follows from outcomes which are known already; nothing is leased for those.

        Before anything is applied: where an outcome's handler fails, the message fails as a whole.
        """
        effects: list[Effect] = []
        waiting = deque(decision.effects)
        while waiting:
            effect = waiting.popleft()
            outcome = self._known(effect)
            if outcome is None:
                effects.append(effect)
                continue
            further: Decision[S] = self._handler(outcome)(decision.state, outcome, now)
            waiting.extend(further.effects)
            due = decision.due if further.due is KEEP else further.due
            decision = replace(decision, state=further.state, events=(*decision.events, *further.events), due=due)
        return replace(decision, effects=effects) if decision.effects else decision

    def _apply(self, doc: Document[S], decision: Decision[S], now: datetime, trace: str | None) -> None:
        if decision.close:
            self._close(doc, decision, now)
            return
        topics = [self._topic(event, decision.state) for event in decision.events]
        if decision.state is not doc.state or decision.events or decision.effects:
            doc.dirty = True
        doc.state = decision.state
        doc.at = now
        for event, topic in zip(decision.events, topics, strict=True):
            doc.last += 1
            doc.outbox.append(OutboxEntry(doc.last, topic, event.type_name(), now, trace, event))
        for effect in decision.effects:
            doc.issued += 1
            self._leases.grant(doc, f"{self._kind.name}/{doc.id}/{doc.issued}", effect, now, trace)
        if decision.due is not KEEP and decision.due != doc.due:
            doc.due = decision.due
            doc.dirty = True

    def _close(self, doc: Document[S], decision: Decision[S], now: datetime) -> None:
        """The outbox as it was loaded may have been cleared since: then it is closed an hour later than it could be."""
        if decision.events or decision.effects:
            raise ValueError(f"{self._kind.name} closes an aggregate and still says or causes something")
        doc.dirty, doc.at = True, now
        if doc.outbox or doc.effects or doc.parked:
            doc.due = now + CLOSE_RETRY
            return
        doc.state, doc.due, doc.closed = None, None, now

    @staticmethod
    def _after_the_end(delivery: Delivery) -> Result:
        if isinstance(delivery.message, Command):
            raise Refused("closed", "this was closed and is kept no longer")
        return Dropped()

    def _topic(self, event: object, state: S | None) -> str:
        if self._kind.topic_of is None or state is None:
            raise LookupError(f"{self._kind.name} says no events, yet decided {type(event).__name__}")
        return self._kind.topic_of(event, state)  # type: ignore[arg-type]
