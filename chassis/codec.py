"""Documents to and from the store's form. Personal values leave only sealed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, Generic

from chassis.decision import S
from chassis.document import AggregateType, Document, KeyRecord, OutboxEntry, Parked, PendingEffect
from schemas.event import MAX_EVENT_BYTES, Event
from schemas.personal import Seal

Stored = dict[str, Any]
TOMBSTONE: Final = ("v", "version", "seen", "last", "at", "closed")
"""What is kept of a closed aggregate: what tells an old message from a new one, and nothing of a person."""


class EventTooLarge(ValueError):
    """An event over 256 KiB is refused before the write."""


class NewerSchema(Exception):
    """The document was written by a newer release: leave it to a replica that knows it."""


class Codec(Generic[S]):
    """Reads and writes the documents of one kind of aggregate."""

    def __init__(self, kind: AggregateType[S]) -> None:
        self._kind = kind

    def load(self, stored: Stored) -> Document[S]:
        """Raises NewerSchema for a document of a release to come."""
        if stored["v"] > self._kind.schema_version:
            raise NewerSchema(f"{self._kind.name}/{stored['_id']} has schema version {stored['v']}")
        state = stored.get("state")
        return Document(
            id=stored["_id"],
            version=stored["version"],
            state=None if state is None else self._kind.state.model_validate(state),
            seen=dict(stored.get("seen", {})),
            last=stored.get("last", 0),
            issued=stored.get("issued", 0),
            outbox=[entry(e) for e in stored.get("outbox", [])],
            effects=[self._effect(e) for e in stored.get("effects", [])],
            parked=[
                Parked(**{**p, "at": _utc(p["at"]), "headers": tuple((k, bytes(v)) for k, v in p["headers"])})
                for p in stored.get("parked", [])
            ],
            keys=[KeyRecord(**{**k, "at": _utc(k["at"])}) for k in stored.get("keys", [])],
            unknown=list(stored.get("unknown", [])),
            due=_utc(stored["due"]) if stored.get("due") else None,
            at=_utc(stored["at"]),
            closed=_utc(stored["closed"]) if stored.get("closed") else None,
        )

    def update(self, doc: Document[S], seal: Seal) -> Stored:
        """The update that writes everything the fold changed, for the filter ``{_id, version: doc.version}``.

        Fields are set whole but the outbox, which is appended to: what was read of it may have been cleared since.

        Raises:
            EventTooLarge: an event over `MAX_EVENT_BYTES`.
        """
        doc.outbox = [e if e.event is None else self._encoded(e, e.event, seal) for e in doc.outbox]
        fresh = [e for e in doc.outbox if e.event is not None]
        values: Stored = {
            "v": self._kind.schema_version,
            "version": doc.version + 1,
            "state": None if doc.state is None else doc.state.dump(seal),
            "seen": doc.seen,
            "last": doc.last,
            "issued": doc.issued,
            "effects": [_effect_form(e, seal) for e in doc.effects],
            "parked": [{**asdict(p), "headers": [list(h) for h in p.headers]} for p in doc.parked],
            "keys": [asdict(k) for k in doc.keys],
            "unknown": doc.unknown,
            "at": doc.at,
            "view": dict(self._kind.view(doc.state)) if doc.state is not None else {},
        }
        update: Stored = {"$set": values}
        optional = {"due": doc.due, "wake": doc.wake}
        if fresh:
            optional["pending"] = fresh[-1].n  # type: ignore[assignment]
            update["$push"] = {"outbox": {"$each": [_entry_form(e) for e in fresh]}}
        values.update({name: value for name, value in optional.items() if value is not None})
        gone = {name: "" for name, value in optional.items() if value is None}
        if doc.closed is not None:
            values["closed"] = doc.closed
            gone.update({name: "" for name in (*values, "outbox", "pending") if name not in TOMBSTONE})
            update["$set"] = {name: values[name] for name in TOMBSTONE}
        if gone:
            update["$unset"] = gone
        return update

    def _encoded(self, entry: OutboxEntry, event: Event, seal: Seal) -> OutboxEntry:
        data = self._kind.encode(event, seal)
        if len(data) > MAX_EVENT_BYTES:
            raise EventTooLarge(f"{entry.type} has {len(data)} bytes, at most {MAX_EVENT_BYTES}")
        return OutboxEntry(entry.n, entry.topic, entry.type, entry.time, entry.trace, event, data)

    def _effect(self, stored: Stored) -> PendingEffect:
        effect_type = self._kind.effect_type(stored["type"])
        plain = {k: v for k, v in stored.items() if k not in {"type", "data"}}
        effect = effect_type.model_validate(stored["data"])
        return PendingEffect(**{**plain, "until": _utc(stored["until"]), "effect": effect})


def entry(stored: Stored) -> OutboxEntry:
    """One event of a stored outbox."""
    return OutboxEntry(**{**stored, "time": _utc(stored["time"]), "data": bytes(stored["data"])})


def _entry_form(entry: OutboxEntry) -> Stored:
    return {name: getattr(entry, name) for name in ("n", "topic", "type", "time", "trace", "data")}


def _effect_form(pending: PendingEffect, seal: Seal) -> Stored:
    return {
        "id": pending.id,
        "type": pending.effect.TYPE,
        "data": pending.effect.dump(seal),
        "status": pending.status,
        "until": pending.until,
        "holder": pending.holder,
        "attempts": pending.attempts,
        "asks": pending.asks,
        "trace": pending.trace,
    }


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
