"""The inbox of one aggregate, pure: in order, at most once, parked where it must wait; and what operators do with it.

Invariants:
    - `seen[stream]` advances by exactly one, with the state that event produced, also for irrelevant events.
    - An event at or below `seen` changes nothing; seen + 1 is always tried; anything above is parked, never skipped.
    - A handler that raises leaves the document as it was but for the parking of its event.
    - Whatever advances `seen` (an event, a replay, a drop) handles in the same fold what is parked and now follows.
    - `parked` is sorted, one entry for a sequence, all of them above `seen`. Of those that wait, *gap* are the ones
      above a sequence that is not there: nothing else pages as a gap, and no gap hides behind poison.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Generic

from chassis.decision import Impossible, Message, ParkReason, Refused, S
from chassis.delivery import Delivery, Drop, Dropped, Handled, Irrelevant, Position, Result, Unreadable, WasParked
from chassis.document import MAX_DROPS, MAX_PARKED, MAX_PARKED_BYTES, Document, GivenUp, Parked

MAX_DETAIL: Final = 200
RELEASED: Final = ("gap", "blocked")
"""Reasons that end by themselves once what comes before has been handled."""

Decode = Callable[[Position], Message | Unreadable | Irrelevant]
Decide = Callable[[Document[Any], object, datetime, str | None], object]
"""Runs the handler of a message and applies its decision, or raises and changes nothing."""


class ParkingFull(Exception):
    """An aggregate holds as many parked records as it may: its partition must stop and a person must look."""


class Inbox(Generic[S]):
    """The streams of the aggregates of one kind."""

    def __init__(self, kind: str, decide: Decide, decode: Decode) -> None:
        self._kind = kind
        self._decide = decide
        self._decode = decode

    def receive(self, doc: Document[S], delivery: Delivery, position: Position, now: datetime) -> Result:
        seen = doc.seen.get(position.stream, 0)
        if position.sequence <= seen:
            return Dropped()
        if position.sequence > seen + 1:
            below = sum(p.stream == position.stream and p.sequence < position.sequence for p in doc.parked)
            result = self._park(doc, position, *_waits(position.sequence, seen, below), now)
        elif failure := self._take(doc, delivery.message, position, now, delivery.trace):
            result = self._park(doc, position, *failure, now)
        else:
            self._release(doc, position.stream, now)
            result = Handled({})
        _relabel(doc, position.stream)
        return result

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
            raise ParkingFull(f"{self._kind}/{doc.id} already holds {len(doc.parked)} parked records, {held} bytes")

    def replay(self, doc: Document[S], stream: str, now: datetime) -> Result:
        before = doc.seen.get(stream, 0)
        stopped = self._release(doc, stream, now)
        _relabel(doc, stream)
        if doc.seen.get(stream, 0) == before:
            return stopped or Dropped()
        return _released(doc, stream, before, 0, stopped)

    def drop(self, doc: Document[S], drop: Drop, now: datetime) -> Result:
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
        _relabel(doc, drop.stream)
        return _released(doc, drop.stream, before, sum(s <= doc.seen[drop.stream] for s in ahead), stopped)

    def _give_up(self, doc: Document[S], sequence: int, parked: Parked | None, drop: Drop, now: datetime) -> None:
        reason = parked.reason if parked else None
        doc.given_up.append(GivenUp(drop.stream, sequence, drop.by, drop.because, now, reason))
        doc.seen[drop.stream] = sequence
        doc.parked = [p for p in doc.parked if p is not parked]
        doc.dirty = True


def _waits(sequence: int, seen: int, below: int) -> tuple[ParkReason, str]:
    """Why an event waits, when `below` of those between `seen` and it are parked."""
    return "gap" if below < sequence - seen - 1 else "blocked", f"waits for {seen + 1}"


def _relabel(doc: Document[Any], stream: str) -> None:
    if not doc.parked:
        return
    seen, below = doc.seen.get(stream, 0), 0
    for at, p in enumerate(doc.parked):
        if p.stream != stream:
            continue
        reason, detail = _waits(p.sequence, seen, below)
        below += 1
        if p.reason in RELEASED and (p.reason, p.detail) != (reason, detail):
            doc.parked[at] = replace(p, reason=reason, detail=detail)
            doc.dirty = True


def _parked(doc: Document[S], stream: str, sequence: int) -> Parked | None:
    return next((p for p in doc.parked if (p.stream, p.sequence) == (stream, sequence)), None)


def _released(doc: Document[S], stream: str, before: int, dropped: int, stopped: Result | None) -> Handled:
    """The answer to an operator: counts, the new `seen`, and what is next and could not be handled."""
    seen = doc.seen[stream]
    left = f"{seen + 1} is {stopped.reason}: {stopped.detail}" if isinstance(stopped, WasParked) else ""
    return Handled({"dropped": dropped, "handled": seen - before - dropped, "seen": seen, "left": left})
