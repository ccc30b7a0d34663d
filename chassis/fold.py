"""The rules of one aggregate, pure: inbox, parking, idempotency keys, deadline.

`Folder.fold` takes a working copy of a document and one delivery and changes the copy. It does no I/O and reads no
clock, so after a lost compare-and-set the engine loads again and folds again.

Invariants:
    - `seen[stream]` advances by exactly one, with the state that event produced, also for irrelevant events.
    - An event at or below `seen` changes nothing; seen + 1 is always tried; anything above is parked, never skipped.
    - A handler that raises leaves the document as it was but for the parking of its event.
    - `last` counts the events ever said; it is neither `version` nor the length of the outbox.
    - A closed aggregate stays as it is: old messages, late outcomes and slow writers find that it was there.
    - What happens to an effect after the write that decided it is `chassis.effects.leases`.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Generic

from chassis.decision import (
    KEEP,
    Command,
    DeadlineDue,
    Decision,
    Impossible,
    Message,
    ParkReason,
    Refused,
    S,
)
from chassis.delivery import (
    Delivery,
    Dropped,
    EffectDeferred,
    EffectDone,
    EffectFailed,
    Handled,
    Irrelevant,
    Position,
    Result,
    Sweep,
    Unreadable,
    WasParked,
)
from chassis.document import (
    MAX_KEYS,
    MAX_PARKED,
    AggregateType,
    Document,
    KeyRecord,
    OutboxEntry,
    Parked,
)
from chassis.effects.leases import BUG_RETRY, Held, Leases

KEY_LIFE: Final = timedelta(hours=24)
CLOSE_RETRY: Final = timedelta(hours=1)
RELEASED: Final = ("gap", "blocked")
"""Reasons that end by themselves once what comes before has been handled."""

Decode = Callable[[Position], Message | Unreadable | Irrelevant]


class ParkingFull(Exception):
    """An aggregate holds as many parked records as it may: its partition must stop and a person must look."""


class Folder(Generic[S]):
    """Folds deliveries into documents of one kind, for one process, whose name `replica` is never used again."""

    def __init__(self, kind: AggregateType[S], replica: str, decode: Decode, held: Held | None = None) -> None:
        self._kind = kind
        self._decode = decode
        self._leases: Leases[S] = Leases(replica, self._decide, held)

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
            return self._receive(doc, delivery, delivery.position, now)
        match delivery.message:
            case EffectDone() as done:
                result = self._leases.settle(doc, done, now, delivery.trace)
            case EffectFailed() as failed:
                result = self._leases.fail(doc, failed, now, delivery.trace)
            case EffectDeferred() as deferred:
                result = self._leases.defer(doc, deferred)
            case Sweep():
                result = self._sweep(doc, now)
            case _:
                result = self._command(doc, delivery, now)
        return result

    # -- inbox --------------------------------------------------------------------------------------------------

    def _receive(self, doc: Document[S], delivery: Delivery, position: Position, now: datetime) -> Result:
        seen = doc.seen.get(position.stream, 0)
        if position.sequence <= seen:
            return Dropped()
        if position.sequence > seen + 1:
            held = any(p.stream == position.stream and p.reason not in RELEASED for p in doc.parked)
            return self._park(doc, position, "blocked" if held else "gap", f"waits for {seen + 1}", now)
        failure = self._take(doc, delivery.message, position, now, delivery.trace)
        if failure is not None:
            return self._park(doc, position, *failure, now)
        self._release(doc, position.stream, now)
        return Handled({})

    def _take(
        self, doc: Document[S], message: object, position: Position, now: datetime, trace: str | None
    ) -> tuple[ParkReason, str] | None:
        """Handles the next event of a stream; says why if it cannot be."""
        if isinstance(message, Unreadable):
            return message.reason, message.detail
        if not isinstance(message, Irrelevant):
            try:
                self._decide(doc, message, now, trace)
            except Impossible as error:
                return "impossible", str(error)
            except Exception as error:  # noqa: BLE001 - a bug parks one aggregate and stops nothing else
                return "bug", f"{type(error).__name__}: {error}"
        doc.seen[position.stream] = position.sequence
        doc.parked = [p for p in doc.parked if (p.stream, p.sequence) != (position.stream, position.sequence)]
        doc.dirty = True
        return None

    def _release(self, doc: Document[S], stream: str, now: datetime) -> None:
        """Handles the parked events that now follow."""
        while True:
            following = doc.seen[stream] + 1
            parked = next((p for p in doc.parked if (p.stream, p.sequence) == (stream, following)), None)
            if parked is None:
                return
            position = Position(stream, following, parked.headers, parked.value)
            failure = self._take(doc, self._decode(position), position, now, None)
            if failure is not None:
                self._park(doc, position, *failure, now)
                return

    def _park(self, doc: Document[S], position: Position, reason: ParkReason, detail: str, now: datetime) -> Result:
        keys = [(p.stream, p.sequence) for p in doc.parked]
        key = (position.stream, position.sequence)
        at = bisect.bisect_left(keys, key)
        known = doc.parked.pop(at) if at < len(keys) and keys[at] == key else None
        if known is None and len(doc.parked) >= MAX_PARKED:
            raise ParkingFull(f"{self._kind.name}/{doc.id} already holds {MAX_PARKED} parked records")
        attempts = known.attempts + 1 if known else 1
        doc.parked.insert(at, Parked(*key, reason, detail, attempts, now, position.headers, position.value))
        doc.dirty = True
        return WasParked(reason, detail)

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
        handler = self._kind.handlers.get(type(message))  # type: ignore[arg-type]
        if handler is None:
            what = "command" if isinstance(message, Command) else "message"
            raise LookupError(f"{self._kind.name} has no handler for the {what} {type(message).__name__}")
        decision: Decision[S] = handler(doc.state, message, now)
        self._apply(doc, decision, now, trace)
        return decision

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
