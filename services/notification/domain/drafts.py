"""Drafts that will be removed: whose they are is told once, by SMS, else by e-mail. Pure.

A draft is no dossier: nothing is said of these messages on Kafka, so no timeline is begun and nobody counts them.
What a draft says of phone and e-mail is unverified, so the message names neither person nor answers.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import ClassVar, Final, Literal

from chassis.decision import DeadlineDue, Decision, Effect, Handlers
from schemas.draft import DraftExpiring
from schemas.event import Instant, Record, Text
from schemas.personal import Email, Phone
from services.notification.domain.rules import Rules
from services.notification.domain.templates import said
from services.notification.messages import EmailSettled, InformSms, PartReceipt, SendEmail, Settled, SmsSettled

Status = Literal["waiting", "sms", "email", "sent", "delivered", "unknown", "failed"]
"""`waiting`: for the morning; `sms`, `email`: on its way by that."""
ERASED: Final = "not sent: erased"
UNDER_WAY: Final = frozenset({"sms", "email", "unknown", "sent"})


class DraftSms(InformSms):
    """Tells of a draft by SMS, in the lane of information."""

    TYPE: ClassVar[str] = "sms.draft"


class DraftEmail(SendEmail):
    """Tells of a draft by e-mail."""

    TYPE: ClassVar[str] = "email.draft"


class Warned(Record):
    """What is told of one draft that is kept until `until`. `sms` and `email` are tried in that order."""

    id: Text
    until: Instant
    status: Status = "waiting"
    phone: Phone | None = None
    email: Email | None = None
    sms: Text
    title: Text
    text: Text
    code: Text | None = None


class Drawer(Record):
    """The drafts of one person, as far as something is or was told of them; a draft that was removed is forgotten."""

    warned: tuple[Warned, ...] = ()

    def put(self, changed: Warned) -> Drawer:
        """With this in the place of what it was."""
        return self.model_copy(update={"warned": tuple(changed if w.id == changed.id else w for w in self.warned)})


class Warner:
    """The handlers under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def expiring(self, drawer: Drawer | None, event: DraftExpiring, now: datetime) -> Decision[Drawer]:
        """Once for each day a draft is kept until; one that was saved again is kept longer, and told of again."""
        warned = tuple(w for w in (drawer or Drawer()).warned if w.until > now)
        digest = sha256(f"{event.draft_id}\n{event.expires_at}".encode()).hexdigest()[:8]
        name = f"{event.drawer_id}/draft_expiring.{digest}"
        found = self._rules.catalogue.of(event)
        if found is None or event.expires_at <= now or any(w.id == name for w in warned):
            return Decision(Drawer(warned=warned))
        texts = said(found[1], event, "vi", self._rules.links)
        fresh = Warned(
            id=name,
            until=event.expires_at,
            phone=event.phone,
            email=event.email,
            sms=texts.sms or texts.title,
            title=texts.title,
            text=texts.email,
        )
        return self._send(Drawer(warned=(*warned, fresh)), now)

    def due(self, drawer: Drawer | None, _due: DeadlineDue, now: datetime) -> Decision[Drawer]:
        """The night is over."""
        return self._send(drawer or Drawer(), now)

    def settled(self, drawer: Drawer | None, outcome: Settled, now: datetime) -> Decision[Drawer]:
        """A partner took it, or did not: then it goes by e-mail."""
        drawer = drawer or Drawer()
        warned = _find(drawer, outcome.message)
        if warned is None or warned.status not in UNDER_WAY:
            return Decision(drawer)
        code = outcome.code or outcome.reason
        if outcome.result == "sent":
            return Decision(drawer.put(warned.model_copy(update={"status": "sent", "code": code})))
        return self._otherwise(drawer, warned, "unknown" if outcome.result == "unknown" else "failed", code, now)

    def receipt(self, drawer: Drawer | None, command: PartReceipt, now: datetime) -> Decision[Drawer]:
        """The carrier's receipt; it may be there before the answer."""
        drawer = drawer or Drawer()
        warned = _find(drawer, command.message)
        if warned is None or warned.status not in UNDER_WAY:
            return Decision(drawer)
        if command.state == "failed":
            return self._otherwise(drawer, warned, "failed", command.reason, now)
        return Decision(drawer.put(warned.model_copy(update={"status": "delivered", "code": command.reason})))

    def _otherwise(
        self, drawer: Drawer, warned: Warned, status: Status, code: str | None, now: datetime
    ) -> Decision[Drawer]:
        """By e-mail where an SMS did not arrive, or nobody can tell; else there is no other way."""
        tried = warned.model_copy(update={"status": status, "code": code})
        if warned.phone is None or warned.email is None or code == ERASED:
            return Decision(drawer.put(tried))
        return self._send(drawer.put(tried.model_copy(update={"status": "waiting", "phone": None})), now)

    def _send(self, drawer: Drawer, now: datetime) -> Decision[Drawer]:
        """All that wait, unless it is night; who left neither phone nor e-mail sees it when looking at the draft."""
        effects: list[Effect] = []
        morning = self._rules.quiet_until("information", now)
        waiting = [w for w in drawer.warned if w.status == "waiting"]
        if morning is not None:
            return Decision(drawer, due=morning if waiting else None)
        for warned in waiting:
            if warned.until <= now:
                drawer = drawer.put(warned.model_copy(update={"status": "failed", "code": "removed"}))
            elif warned.phone is not None:
                common = {"message": f"{warned.id}/sms", "to": warned.phone, "text": warned.sms}
                effects.append(DraftSms(**common, not_after=warned.until, decided=now))
                drawer = drawer.put(warned.model_copy(update={"status": "sms"}))
            elif warned.email is not None:
                common = {"message": f"{warned.id}/email", "to": warned.email, "title": warned.title}
                effects.append(DraftEmail(**common, text=warned.text, decided=now))
                drawer = drawer.put(warned.model_copy(update={"status": "email"}))
            else:
                drawer = drawer.put(warned.model_copy(update={"status": "failed", "code": "no_contact"}))
        return Decision(drawer, effects=tuple(effects), due=None)

    @property
    def handlers(self) -> Handlers:
        """What a person's drafts react to."""
        return {
            DraftExpiring: self.expiring,
            SmsSettled: self.settled,
            EmailSettled: self.settled,
            PartReceipt: self.receipt,
            DeadlineDue: self.due,
        }


def _find(drawer: Drawer, message: str) -> Warned | None:
    """`message` ends with the way it went; a word about a way that was given up is no news."""
    name, _, way = message.rpartition("/")
    found = next((w for w in drawer.warned if w.id == name), None)
    return found if found is not None and (way == "sms") == (found.phone is not None) else None
