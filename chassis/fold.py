"""The rules of one aggregate, pure: inbox, parking, idempotency keys, effects, deadline.

`Folder.fold` takes a working copy of a document and one delivery and changes the copy. It does no I/O and reads no
clock, so after a lost compare-and-set the engine loads again and folds again.

Invariants:
    - `seen[stream]` advances by exactly one, with the state that event produced, also for irrelevant events.
    - An event at or below `seen` changes nothing; seen + 1 is always tried; anything above is parked, never skipped.
    - A handler that raises leaves the document as it was but for the parking of its event.
    - Whatever advances `seen` (an event, a replay, a drop) handles in the same fold what is parked and now follows.
    - `last` counts the events ever said; it is neither `version` nor the length of the outbox.
    - An effect is in the document from the write that decided it to the write that records its outcome.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import replace
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
    Drop,
    Dropped,
    EffectDeferred,
    EffectDone,
    Handled,
    Irrelevant,
    Position,
    Replay,
    Result,
    Sweep,
    Unreadable,
    WasParked,
)
from chassis.document import (
    MAX_DROPS,
    MAX_KEYS,
    MAX_PARKED,
    MAX_PARKED_BYTES,
    AggregateType,
    Document,
    GivenUp,
    KeyRecord,
    OutboxEntry,
    Parked,
    PendingEffect,
)

KEY_LIFE: Final = timedelta(hours=24)
BUG_RETRY: Final = timedelta(seconds=60)
MAX_DETAIL: Final = 200
RELEASED: Final = ("gap", "blocked")
"""Reasons that end by themselves once what comes before has been handled."""

Decode = Callable[[Position], Message | Unreadable | Irrelevant]


class ParkingFull(Exception):
    """An aggregate holds as many parked records as it may: its partition must stop and a person must look."""


class Folder(Generic[S]):
    """Folds deliveries into documents of one kind, for one replica."""

    def __init__(self, kind: AggregateType[S], replica: str, decode: Decode) -> None:
        self._kind = kind
        self._replica = replica
        self._decode = decode

    def fold(self, doc: Document[S], delivery: Delivery, now: datetime) -> Result:
        """Applies one delivery to the working copy `doc`.

        Raises:
            Refused: the command may not be done now; the document is unchanged.
            ParkingFull: the event must wait and there is no room for it.
        """
        now = max(now, doc.at)
        if delivery.position is not None:
            return self._receive(doc, delivery, delivery.position, now)
        match delivery.message:
            case EffectDone() as done:
                result = self._settle(doc, done, now, delivery.trace)
            case EffectDeferred() as deferred:
                result = self._defer(doc, deferred)
            case Sweep():
                result = self._sweep(doc, now)
            case Replay(stream):
                result = self._replay(doc, stream, now)
            case Drop() as drop:
                result = self._drop(doc, drop, now)
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

    def _release(self, doc: Document[S], stream: str, now: datetime, drop: Drop | None = None) -> Result | None:
        """Handles the parked events that now follow, but gives up those of `drop`; returns what stopped it, if any."""
        while True:
            following = doc.seen.get(stream, 0) + 1
            parked = _parked(doc, stream, following)
            if drop is not None and following in drop.sequences and (parked is not None or drop.missing):
                self._give_up(doc, following, parked, drop, now)
                continue
            if parked is None:
                return None
            position = Position(stream, following, parked.headers, parked.value, parked.size)
            failure = self._take(doc, self._decoded(position), position, now, None)
            if failure is not None:
                return self._park(doc, position, *failure, now)

    def _decoded(self, position: Position) -> object:
        try:
            return self._decode(position)
        except Exception as error:  # noqa: BLE001 - it was parked in spite of it, and stays so
            return Unreadable("bug", f"{type(error).__name__}: {error}")

    def _park(self, doc: Document[S], position: Position, reason: ParkReason, detail: str, now: datetime) -> Result:
        keys = [(p.stream, p.sequence) for p in doc.parked]
        key = (position.stream, position.sequence)
        at = bisect.bisect_left(keys, key)
        known = doc.parked[at] if at < len(keys) and keys[at] == key else None
        parked = Parked(
            *key,
            reason,
            detail[:MAX_DETAIL],
            attempts=known.attempts + 1 if known else 1,
            at=known.at if known else now,
            headers=position.headers,
            value=position.value,
            type=next((v.decode(errors="replace") for name, v in position.headers if name.lower() == "ce_type"), ""),
            size=position.size or len(position.value),
            ref=known.ref if known and not position.headers else None,
        )
        if known is None:
            self._room_for(doc, parked)
        doc.parked[at : at + (known is not None)] = [parked]
        doc.dirty = True
        return WasParked(reason, detail)

    def _room_for(self, doc: Document[S], parked: Parked) -> None:
        held = sum(p.weight for p in doc.parked)
        if len(doc.parked) >= MAX_PARKED or held + parked.weight > MAX_PARKED_BYTES:
            raise ParkingFull(
                f"{self._kind.name}/{doc.id} already holds {len(doc.parked)} parked records, {held} bytes"
            )

    # -- operators ----------------------------------------------------------------------------------------------

    def _replay(self, doc: Document[S], stream: str, now: datetime) -> Result:
        before = doc.seen.get(stream, 0)
        stopped = self._release(doc, stream, now)
        if doc.seen.get(stream, 0) == before:
            return stopped or Dropped()
        return _released(doc, stream, before, 0, stopped)

    def _drop(self, doc: Document[S], drop: Drop, now: datetime) -> Result:
        before = doc.seen.get(drop.stream, 0)
        ahead = sorted(s for s in drop.sequences if s > before)
        if not ahead:
            return Dropped()
        if ahead[0] > before + 1:
            raise Refused("not_next", f"{drop.stream} waits for {before + 1}: replay, repair or drop that first")
        if not drop.missing and _parked(doc, drop.stream, ahead[0]) is None:
            raise Refused("missing", f"{drop.stream} {ahead[0]} never came: repair the gap, or drop it as missing")
        if len(doc.given_up) + len(ahead) > MAX_DROPS:
            raise Refused("too_many_drops", f"at most {MAX_DROPS} events of one aggregate may be dropped")
        stopped = self._release(doc, drop.stream, now, drop)
        return _released(doc, drop.stream, before, sum(s <= doc.seen[drop.stream] for s in ahead), stopped)

    def _give_up(self, doc: Document[S], sequence: int, parked: Parked | None, drop: Drop, now: datetime) -> None:
        reason = parked.reason if parked else None
        doc.given_up.append(GivenUp(drop.stream, sequence, drop.by, drop.because, now, reason))
        doc.seen[drop.stream] = sequence
        doc.parked = [p for p in doc.parked if p is not parked]
        doc.dirty = True

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

    # -- effects ------------------------------------------------------------------------------------------------

    def _settle(self, doc: Document[S], done: EffectDone, now: datetime, trace: str | None) -> Result:
        pending = next((e for e in doc.effects if e.id == done.effect_id), None)
        if pending is None:
            return Dropped()
        decision = self._decide(doc, done.outcome, now, trace or pending.trace)
        doc.effects = [e for e in doc.effects if e.id != pending.id]
        doc.dirty = True
        return Handled(decision.answer)

    def _defer(self, doc: Document[S], deferred: EffectDeferred) -> Result:
        for at, pending in enumerate(doc.effects):
            if pending.id == deferred.effect_id and pending.holder == self._replica and pending.status == "leased":
                doc.effects[at] = replace(pending, status="waiting", until=deferred.until)
                doc.dirty = True
                return Handled({})
        return Dropped()

    def _sweep(self, doc: Document[S], now: datetime) -> Result:
        for pending in [e for e in doc.effects if e.until <= now]:
            self._resume(doc, pending, now)
        if doc.due is not None and doc.due <= now:
            doc.due = None
            doc.dirty = True
            try:
                self._decide(doc, DeadlineDue(), now, None)
            except Exception as error:  # noqa: BLE001 - tried again later, reported by the engine
                doc.due = now + BUG_RETRY
                doc.faults.append(f"deadline: {type(error).__name__}: {error}")
        return Handled({}) if doc.dirty else Dropped()

    def _resume(self, doc: Document[S], pending: PendingEffect, now: datetime) -> None:
        """A waiting effect is tried; a lapsed lease means perhaps executed, and its policy says what then."""
        lapsed_for_good = pending.status == "leased" and pending.effect.POLICY == "never"
        if lapsed_for_good or pending.attempts >= pending.effect.MAX_ATTEMPTS:
            try:
                self._settle(doc, EffectDone(pending.id, pending.effect.unknown()), now, pending.trace)
            except Exception as error:  # noqa: BLE001 - tried again later, reported by the engine
                self._lease(doc, replace(pending, status="leased"), now + BUG_RETRY)
                doc.faults.append(f"{pending.effect.TYPE}: {type(error).__name__}: {error}")
            return
        asks = pending.status == "leased" and pending.effect.POLICY == "ask"
        until = now + pending.effect.LEASE
        leased = replace(
            pending, status="leased", holder=self._replica, attempts=pending.attempts + 1, asks=pending.asks or asks
        )
        doc.newborn.append(self._lease(doc, leased, until))

    def _lease(self, doc: Document[S], pending: PendingEffect, until: datetime) -> PendingEffect:
        leased = replace(pending, until=until)
        doc.effects = [leased if e.id == pending.id else e for e in doc.effects]
        doc.dirty = True
        return leased

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
        if decision.state is not doc.state or decision.events or decision.effects:
            doc.dirty = True
        doc.state = decision.state
        doc.at = now
        for event in decision.events:
            doc.last += 1
            doc.outbox.append(
                OutboxEntry(doc.last, self._topic(event, decision.state), event.type_name(), now, trace, event)
            )
        for effect in decision.effects:
            doc.issued += 1
            effect_id = f"{self._kind.name}/{doc.id}/{doc.issued}"
            leased = PendingEffect(effect_id, effect, "leased", now + effect.LEASE, self._replica, trace=trace)
            doc.effects.append(leased)
            doc.newborn.append(leased)
        if decision.due is not KEEP and decision.due != doc.due:
            doc.due = decision.due
            doc.dirty = True

    def _topic(self, event: object, state: S | None) -> str:
        if self._kind.topic_of is None or state is None:
            raise LookupError(f"{self._kind.name} says no events, yet decided {type(event).__name__}")
        return self._kind.topic_of(event, state)  # type: ignore[arg-type]


def _parked(doc: Document[S], stream: str, sequence: int) -> Parked | None:
    return next((p for p in doc.parked if (p.stream, p.sequence) == (stream, sequence)), None)


def _released(doc: Document[S], stream: str, before: int, dropped: int, stopped: Result | None) -> Handled:
    """The answer to an operator: counts, the new `seen`, and what is next and could not be handled."""
    seen = doc.seen[stream]
    left = f"{seen + 1} is {stopped.reason}: {stopped.detail}" if isinstance(stopped, WasParked) else ""
    return Handled({"dropped": dropped, "handled": seen - before - dropped, "seen": seen, "left": left})
