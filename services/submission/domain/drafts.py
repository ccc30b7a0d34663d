"""One person's drafts: kept, told of before they expire, removed, filed once. Pure.

All drafts of a person are one aggregate, so that how many there may be holds whatever comes at the same time. A draft
becomes one dossier, whose id follows from the person and the draft's id: however often it is filed, it is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import uuid5

from chassis.decision import (
    Command,
    DeadlineDue,
    Decision,
    Effect,
    FailureReason,
    Handler,
    Handlers,
    Impossible,
    Outcome,
    Policy,
    Refused,
)
from schemas.draft import DraftExpiring
from schemas.event import DossierId, Event, Instant, Record, Text
from schemas.parts import Bilingual
from schemas.personal import Email, Form, Owner, Phone
from services.submission.domain.dossier import Keeping
from services.submission.domain.filing import NAMESPACE, dossier_id

DRAWER: Final = "drafts of"
MAX_FILED: Final = 50


class SaveDraft(Command):
    """`content`: the filing as far as it goes, as JSON of `size` bytes. `revision`: the one that was seen, if told."""

    drawer: DossierId
    draft: DossierId
    owner: Owner
    procedure: Text
    procedure_name: Bilingual
    content: Form
    size: int
    phone: Phone | None = None
    email: Email | None = None
    revision: int | None = None


class RemoveDraft(Command):
    """Its owner needs it no more."""

    draft: DossierId


class BeginFiling(Command):
    """What the draft holds was found in order: it is filed as this dossier."""

    draft: DossierId
    revision: int
    dossier_id: DossierId


class FileDraft(Effect):
    """Files what the draft holds, whatever dies; the dossier's id makes a repeat harmless."""

    TYPE: ClassVar[str] = "draft.file"
    POLICY: ClassVar[Policy] = "repeat"
    draft: DossierId
    dossier_id: DossierId
    filed_at: Instant

    def failed(self, reason: FailureReason) -> Outcome:
        return DraftNotFiled(draft=self.draft, reason=reason)


class DraftFiled(Outcome):
    """The dossier exists: the draft has served."""

    draft: DossierId


class DraftNotFiled(Outcome):
    """It could not be filed after all, by rules that changed meanwhile: it is a draft again."""

    draft: DossierId
    reason: FailureReason


class Draft(Record):
    """`warn_at`: None once its owner was told. `filed_at`, `dossier`: set while it is being filed."""

    procedure: str
    procedure_name: Bilingual
    content: Form
    size: int
    phone: Phone | None = None
    email: Email | None = None
    revision: int = 1
    saved_at: Instant
    expires_at: Instant
    warn_at: Instant | None = None
    filed_at: Instant | None = None
    dossier: str | None = None

    @property
    def next_due(self) -> datetime | None:
        return None if self.dossier is not None else self.warn_at or self.expires_at

    def answer(self, name: str) -> dict[str, Any]:
        """What its owner is told of it, besides what it holds."""
        return {
            "id": name,
            "submitted": False,
            "procedure": self.procedure,
            "procedure_name": self.procedure_name.model_dump(),
            "revision": self.revision,
            "saved_at": self.saved_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
        }


class Drawer(Record):
    """`owner` is the account; drafts by their id, which is the client's choice; `filed`: the last that became dossiers.

    A window that was left open saves again what was filed elsewhere: that must not be a draft anew.
    """

    id: str
    owner: Owner
    drafts: dict[str, Draft]
    filed: tuple[str, ...] = ()

    def put(self, name: str, draft: Draft | None) -> Drawer:
        """With that draft, or without it."""
        kept = {key: value for key, value in self.drafts.items() if key != name}
        return self.model_copy(update={"drafts": kept if draft is None else {**kept, name: draft}})


def drawer_id(account: str) -> str:
    """The aggregate of an account's drafts."""
    return str(uuid5(NAMESPACE, json.dumps({DRAWER: account})))


def dossier_of(account: str, draft: str) -> str:
    """The dossier that a draft becomes, if it is filed."""
    return dossier_id(account, f"draft:{draft}")


def handlers(keeping: Keeping) -> Handlers:
    """What a drawer reacts to; its deadline is the next one of any draft."""

    def timed(handler: Handler) -> Handler:
        def decide(state: Any, message: Any, now: datetime) -> Decision[Any]:
            found = handler(state, message, now)
            return replace(found, due=min(_deadlines(found.state), default=None))

        return decide

    def kept(drawer: Drawer | None, command: SaveDraft, now: datetime) -> Decision[Drawer]:
        return save(drawer, command, now, keeping)

    table: dict[type[Record], Handler] = {
        SaveDraft: kept,
        RemoveDraft: remove,
        BeginFiling: begin,
        DraftFiled: filed,
        DraftNotFiled: not_filed,
        DeadlineDue: fell_due,
    }
    return {message: timed(handler) for message, handler in table.items()}


def _deadlines(drawer: Drawer | None) -> Iterator[datetime]:
    yield from (draft.next_due for draft in (drawer.drafts.values() if drawer else ()) if draft.next_due is not None)


def save(drawer: Drawer | None, command: SaveDraft, now: datetime, keeping: Keeping) -> Decision[Drawer]:
    """Kept for another while. Raises Refused `stale`, `already_filed`, `too_many_drafts`, `too_large`."""
    drawer = drawer or Drawer(id=command.drawer, owner=command.owner, drafts={})
    known = drawer.drafts.get(command.draft)
    if command.revision not in {None, known.revision if known else 0}:
        raise Refused("stale", f"the draft is at revision {known.revision if known else 0}: look again")
    _unfiled(drawer, command.draft)
    others = [draft for name, draft in drawer.drafts.items() if name != command.draft]
    if len(others) >= keeping.most:
        raise Refused("too_many_drafts", f"at most {keeping.most} drafts are kept: file or remove one")
    if command.size > keeping.bytes_each:
        raise Refused("too_large", f"a draft has at most {keeping.bytes_each} bytes", field="form")
    if command.size + sum(draft.size for draft in others) > keeping.bytes_together:
        raise Refused("too_large", f"all drafts have at most {keeping.bytes_together} bytes: file or remove one")
    expires = now + keeping.life
    fields = command.model_dump(include={"procedure", "size"})
    draft = Draft(
        **fields,
        procedure_name=command.procedure_name,
        content=command.content,
        phone=command.phone,
        email=command.email,
        revision=known.revision + 1 if known else 1,
        saved_at=now,
        expires_at=expires,
        warn_at=expires - keeping.warning,
    )
    return Decision(drawer.put(command.draft, draft), answer=draft.answer(command.draft))


def remove(drawer: Drawer | None, command: RemoveDraft, _now: datetime) -> Decision[Drawer]:
    """Gone. Raises Refused `not_found`, `already_filed`."""
    drawer, _ = _known(drawer, command.draft)
    _unfiled(drawer, command.draft)
    return Decision(drawer.put(command.draft, None), answer={"id": command.draft})


def begin(drawer: Drawer | None, command: BeginFiling, now: datetime) -> Decision[Drawer]:
    """Filed from now on, and no more changed; again: the same. Raises Refused `not_found`, `stale`."""
    drawer, draft = _known(drawer, command.draft)
    if draft.dossier is not None:
        return Decision(drawer)
    if command.revision != draft.revision:
        raise Refused("stale", f"the draft is at revision {draft.revision}, not {command.revision}: look again")
    begun = draft.model_copy(update={"dossier": command.dossier_id, "filed_at": now})
    effect = FileDraft(draft=command.draft, dossier_id=command.dossier_id, filed_at=now)
    return Decision(drawer.put(command.draft, begun), effects=(effect,))


def filed(drawer: Drawer | None, outcome: DraftFiled, _now: datetime) -> Decision[Drawer]:
    """The dossier exists, so the draft is removed."""
    drawer = _any(drawer, outcome)
    if outcome.draft not in drawer.drafts:
        return Decision(drawer)
    filed = (*drawer.filed, outcome.draft)[-MAX_FILED:]
    return Decision(drawer.put(outcome.draft, None).model_copy(update={"filed": filed}))


def not_filed(drawer: Drawer | None, outcome: DraftNotFiled, now: datetime) -> Decision[Drawer]:
    """A draft again, and not removed at once."""
    drawer = _any(drawer, outcome)
    draft = drawer.drafts.get(outcome.draft)
    if draft is None:
        return Decision(drawer)
    expires = max(draft.expires_at, now + (draft.expires_at - draft.saved_at))
    changes = {"dossier": None, "filed_at": None, "expires_at": expires, "revision": draft.revision + 1}
    return Decision(drawer.put(outcome.draft, draft.model_copy(update=changes)))


def fell_due(drawer: Drawer | None, due: DeadlineDue, now: datetime) -> Decision[Drawer]:
    """Tells of those that will expire, removes those that did."""
    drawer = _any(drawer, due)
    said: list[Event] = []
    for name, draft in drawer.drafts.items():
        if draft.next_due is None or draft.next_due > now:
            continue
        if draft.expires_at <= now:
            drawer = drawer.put(name, None)
            continue
        drawer = drawer.put(name, draft.model_copy(update={"warn_at": None}))
        said.append(_expiring(drawer, name, draft, now))
    return Decision(drawer, tuple(said))


def _expiring(drawer: Drawer, name: str, draft: Draft, now: datetime) -> DraftExpiring:
    return DraftExpiring(
        drawer_id=drawer.id,
        draft_id=name,
        owner=drawer.owner,
        procedure=draft.procedure,
        procedure_name=draft.procedure_name,
        phone=draft.phone,
        email=draft.email,
        expires_at=draft.expires_at,
        warned_at=now,
    )


def _any(drawer: Drawer | None, message: Record) -> Drawer:
    if drawer is None:
        raise Impossible(f"{type(message).__name__} for drafts there never were")
    return drawer


def _known(drawer: Drawer | None, name: str) -> tuple[Drawer, Draft]:
    draft = drawer.drafts.get(name) if drawer else None
    if drawer is None or draft is None:
        raise Refused("not_found", "there is no such draft")
    return drawer, draft


def _unfiled(drawer: Drawer, name: str) -> None:
    draft = drawer.drafts.get(name)
    if name in drawer.filed or (draft is not None and draft.dossier is not None):
        raise Refused("already_filed", "the draft was filed and cannot be changed any more: begin another")
