"""Documents to and from the store's form. Personal values leave only sealed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, Generic

from chassis.decision import S
from chassis.document import AggregateType, Document, GivenUp, KeyRecord, OutboxEntry, Parked, PendingEffect
from schemas.event import MAX_EVENT_BYTES, Event
from schemas.personal import Seal
from schemas.versions import NewerForm

Stored = dict[str, Any]
TOMBSTONE: Final = ("v", "version", "seen", "last", "at", "closed")
"""What is kept of a closed aggregate: what tells an old message from a new one, and nothing of a person."""


class EventTooLarge(ValueError):
    """An event over 256 KiB is refused before the write."""


class Unloadable(Exception):
    """This release cannot read a document: what concerns its aggregate is neither handled nor committed, but waits."""


class NewerSchema(Unloadable):
    """A newer release wrote it: leave it to a replica that knows it."""


class Behind(Unloadable):
    """The stored state is older than what was published: after a restore, until it is caught up (ADR 0065)."""

    def __init__(self, kind: str, aggregate: str, published: int) -> None:
        what = f"is behind event {published} of its own" if published else "may be older than what others have of it"
        super().__init__(f"{kind}/{aggregate} {what}: see docs/backup.md")


class Codec(Generic[S]):
    """Reads and writes the documents of one kind of aggregate."""

    def __init__(self, kind: AggregateType[S]) -> None:
        self._kind = kind
        self._fields = frozenset(kind.state.model_fields)

    def load(self, stored: Stored) -> Document[S]:
        """The document as this release sees it: older forms are lifted, and written back when it is next saved.

        Raises:
            NewerSchema: the state or an effect is of a release to come.
        """
        try:
            return self._load(stored)
        except NewerForm as error:
            raise NewerSchema(f"{self._kind.name}/{stored['_id']} {error}") from error

    def try_load(self, stored: Stored) -> Document[S] | Unloadable:
        """The document, or why this release cannot read it: others do not mind."""
        try:
            return self.load(stored)
        except Unloadable as error:
            return error
        except Exception as error:  # noqa: BLE001 - a document nobody can read holds up its own messages only
            name = f"{self._kind.name}/{stored['_id']}"
            return Unloadable(f"{name} cannot be read: {type(error).__name__}: {error}"[:500])

    def _load(self, stored: Stored) -> Document[S]:
        versions, v, form = self._kind.versions, stored["v"], stored.get("state")
        versions.check(v)
        state = None if form is None else versions.read(v, form)
        return Document(
            id=stored["_id"],
            version=stored["version"],
            state=None if state is None else self._kind.state.model_validate(state),
            # An upcaster's leftovers are not a newer release's: what is carried was written in this very version.
            carried={k: x for k, x in form.items() if k not in self._fields} if form and v == versions.current else {},
            seen=dict(stored.get("seen", {})),
            last=stored.get("last", 0),
            issued=stored.get("issued", 0),
            outbox=[entry(e) for e in stored.get("outbox", [])],
            effects=[self.effect(e) for e in stored.get("effects", [])],
            parked=parked_records(stored),
            given_up=[GivenUp(**{**g, "at": _utc(g["at"])}) for g in stored.get("given_up", [])],
            keys=[KeyRecord(**{**k, "at": _utc(k["at"])}) for k in stored.get("keys", [])],
            unknown=list(stored.get("unknown", [])),
            due=_utc(stored["due"]) if stored.get("due") else None,
            at=_utc(stored["at"]),
            closed=_utc(stored["closed"]) if stored.get("closed") else None,
        )

    def update(self, doc: Document[S], seal: Seal, acknowledged: int = 0) -> Stored:
        """The update that writes everything the fold changed, for the filter ``{_id, version: doc.version}``.

        Fields are set whole but the outbox, which is appended to: what was read of it may have been cleared since.
        Events up to `acknowledged` leave it: the rest is its end, whatever was cleared in front of that.

        Raises:
            EventTooLarge: an event over `MAX_EVENT_BYTES`.
        """
        doc.outbox = [e if e.event is None else self._encoded(e, e.event, seal) for e in doc.outbox]
        doc.cleared = acknowledged
        fresh = [e for e in doc.outbox if e.event is not None]
        values: Stored = {
            "v": self._kind.versions.written,
            "version": doc.version + 1,
            "state": None if doc.state is None else {**doc.carried, **self._kind.versions.write(doc.state.dump(seal))},
            "seen": doc.seen,
            "last": doc.last,
            "issued": doc.issued,
            "effects": [effect_form(e, seal) for e in doc.effects],
            "parked": [{**asdict(p), "headers": [list(h) for h in p.headers]} for p in doc.parked],
            "given_up": [asdict(g) for g in doc.given_up],
            "keys": [key_form(k) for k in doc.keys],
            "unknown": doc.unknown,
            "at": doc.at,
            "view": dict(self._kind.view(doc.state)) if doc.state is not None else {},
        }
        update: Stored = {"$set": values}
        optional = {"due": doc.due, "wake": doc.wake, "held": doc.held}
        kept = len(doc.kept)
        pushed: Stored = {"$each": [entry_form(e) for e in fresh]}
        if kept < len(doc.outbox):
            pushed["$slice"] = -kept
        if fresh:
            optional["pending"] = fresh[-1].n  # type: ignore[assignment]
        if fresh or "$slice" in pushed:
            update["$push"] = {"outbox": pushed}
        values.update({name: value for name, value in optional.items() if value is not None})
        gone = {name: "" for name, value in optional.items() if value is None}
        if doc.outbox and not kept:
            gone["pending"] = ""
        if doc.closed is not None:
            values["closed"] = doc.closed
            gone.update({name: "" for name in (*values, "outbox", "pending") if name not in TOMBSTONE})
            update["$set"] = {name: values[name] for name in TOMBSTONE}
        if gone:
            update["$unset"] = gone
        return update

    @staticmethod
    def stored(doc: Document[S], update: Stored) -> Stored:
        """The document as it stands in the store after `update` was applied."""
        return {"_id": doc.id, **update["$set"], "outbox": [entry_form(e) for e in doc.kept]}

    def _encoded(self, entry: OutboxEntry, event: Event, seal: Seal) -> OutboxEntry:
        data = self._kind.encode(event, seal)
        if len(data) > MAX_EVENT_BYTES:
            raise EventTooLarge(f"{entry.type} has {len(data)} bytes, at most {MAX_EVENT_BYTES}")
        return OutboxEntry(entry.n, entry.topic, entry.type, entry.time, entry.trace, event, data)

    def effect(self, stored: Stored) -> PendingEffect:
        """One effect of a stored document; raises NewerForm for one this release does not know."""
        try:
            effect_type = self._kind.effect_type(stored["type"])
        except KeyError as error:
            raise NewerForm(f"holds an effect {stored['type']!r} that this release does not know") from error
        plain = {k: v for k, v in stored.items() if k not in {"type", "v", "data"}}
        effect = effect_type.model_validate(effect_type.VERSIONS.read(stored.get("v", 1), stored["data"]))
        return PendingEffect(**{**plain, "until": _utc(stored["until"]), "effect": effect})


def entry(stored: Stored) -> OutboxEntry:
    """One event of a stored outbox."""
    return OutboxEntry(**{**stored, "time": _utc(stored["time"]), "data": bytes(stored["data"])})


def parked_records(stored: Stored) -> list[Parked]:
    """The parked records of a stored document, as far as it holds them itself."""
    return [
        Parked(**{**p, "at": _utc(p["at"]), "headers": tuple((k, bytes(v)) for k, v in p["headers"])})
        for p in stored.get("parked", [])
    ]


def key_form(record: KeyRecord) -> Stored:
    """One idempotency key as it is stored. Not `asdict`: that copies the answer part by part, on every write."""
    return {name: getattr(record, name) for name in ("key", "digest", "answer", "at", "permanent")}


def entry_form(entry: OutboxEntry) -> Stored:
    """The inverse of `entry`."""
    return {name: getattr(entry, name) for name in ("n", "topic", "type", "time", "trace", "data")}


def effect_form(pending: PendingEffect, seal: Seal) -> Stored:
    """The inverse of `Codec.effect`."""
    return {
        "id": pending.id,
        "type": pending.effect.TYPE,
        "v": pending.effect.VERSIONS.written,
        "data": pending.effect.VERSIONS.write(pending.effect.dump(seal)),
        "status": pending.status,
        "until": pending.until,
        "holder": pending.holder,
        "attempts": pending.attempts,
        "asks": pending.asks,
        "trace": pending.trace,
    }


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
