"""What is told about a dossier, and what became of it: the handlers of its aggregate. Pure.

A message of a kind is made once, whatever comes again. What comes before the applicant is known waits; so does, at
night, what is only information. What is no longer true when its time comes is suppressed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from chassis.decision import DeadlineDue, Decision, Effect, Handlers, Impossible
from schemas import rights
from schemas.dossier import DossierAccepted, DossierSubmitted
from schemas.event import Dong, DossierEvent, Event
from schemas.notification import (
    Failure,
    MessageDelivered,
    MessageExpired,
    MessageFailed,
    MessageSent,
    MessageSuppressed,
    MessageUnknown,
)
from services.notification.domain import ways
from services.notification.domain.contact import FINAL, OPEN, Contact, Told, Waiting
from services.notification.domain.rules import DAY, Rules
from services.notification.domain.ways import Made
from services.notification.messages import (
    Bounced,
    EmailSettled,
    PartReceipt,
    PartsRegistered,
    ReceiptsSought,
    SeekReceipt,
    Settled,
    SmsSettled,
)

SAYS_WHOM: Final = (DossierSubmitted, DossierAccepted, *rights.EVENTS)
OWED: Final = frozenset(
    {
        "accepted", "due", "due_again", "extended", "retimed", "stage", "stopped", "refused", "available", "delivered",
        "another_result", "complaint",
    }
)  # fmt: skip
"""Information that is part of the procedure itself (dates, decisions, results): told while processing is restricted."""
ERASED: Final = "erased"


class Teller:
    """The handlers under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    # -- what happened ---------------------------------------------------------------------------------------------

    def tell(self, contact: Contact | None, event: DossierEvent, now: datetime) -> Decision[Contact]:
        """Any event there is something to say about, or after which something is no longer true."""
        contact = ways.knowing(contact or Contact(dossier_id=event.dossier_id), event)
        contact, events = self._take_back(contact, event, now)
        if event.TYPE in contact.covered:
            left = tuple(name for name in contact.covered if name != event.TYPE)
            return self._send(contact.model_copy(update={"covered": left}), now, events)
        found = self._rules.catalogue.of(event)
        if found is not None and (identity := found[1].identity(event)) not in contact.kinds:
            waiting = ways.waiting(*found, event, contact, self._rules)
            update = {
                "kinds": (*contact.kinds, identity),
                "waiting": (*contact.waiting, waiting),
                "covered": tuple(sorted({*contact.covered, *found[1].covers})),
            }
            contact = contact.model_copy(update=update)
        return self._send(contact, now, events)

    def _take_back(self, contact: Contact, event: DossierEvent, now: datetime) -> tuple[Contact, list[Event]]:
        """What waits is suppressed; what is on its way already is not sent if it has to be tried again."""
        ended = self._rules.catalogue.ended_by(event)
        for told in [m for m in contact.messages if m.kind in ended and m.status == "accepted"]:
            contact = contact.with_message(told.model_copy(update={"moot": True})).without_spare(told.id)
        gone = [w for w in contact.waiting if w.kind in ended]
        if not gone:
            return contact, []
        contact = contact.model_copy(update={"waiting": tuple(w for w in contact.waiting if w.kind not in ended)})
        return self._suppressed(contact, gone, "no_longer_true", now)

    def _suppressed(
        self, contact: Contact, gone: Iterable[Waiting], reason: Any, now: datetime
    ) -> tuple[Contact, list[Event]]:
        events: list[Event] = []
        for waiting in gone:
            channel = "sms" if waiting.sms is not None else "email"
            told = Told(
                id=f"{contact.dossier_id}/{waiting.identity}/{channel}",
                kind=waiting.kind,
                channel=channel,
                status="suppressed",
                at=now,
                template=waiting.template,
                code=reason,
            )
            contact = contact.model_copy(update={"messages": (*contact.messages, told)})
            events.append(MessageSuppressed(**_fields(contact, told, now), reason=reason))
        return contact, events

    def _send(self, contact: Contact, now: datetime, events: list[Event]) -> Decision[Contact]:
        """Gives what may go now to its lane."""
        kept: list[Waiting] = []
        effects: list[Effect] = []
        for waiting in contact.waiting:
            until = self._rules.quiet_until(waiting.lane, now) if waiting.to == "applicant" else None
            if waiting.to == "applicant" and (contact.applicant is None or until is not None):
                kept.append(waiting)
                continue
            why = self._unwanted(contact, waiting, now)
            if why is not None:
                contact, more = self._suppressed(contact, [waiting], why, now)
                events += more
                continue
            made = ways.make(contact, waiting, now, self._rules)
            effects += made.effects
            contact = made.into(contact)
        contact = contact.model_copy(update={"waiting": tuple(kept)})
        return Decision(contact, tuple(events), tuple(effects), self._due(contact, now))

    def _due(self, contact: Contact, now: datetime) -> datetime | None:
        """When time alone changes something, the end of the night included."""
        known = contact.applicant is not None
        wakes = [self._rules.quiet_until(w.lane, now) for w in contact.waiting if known and w.to == "applicant"]
        return contact.due(min((at for at in wakes if at is not None), default=None), self._rules.fallback_after)

    def _unwanted(self, contact: Contact, waiting: Waiting, now: datetime) -> str | None:
        if waiting.to != "applicant" or waiting.lane == "action":
            return None
        if (waiting.optional and not contact.optional) or (contact.restricted and waiting.kind not in OWED):
            return "opted_out"
        today = sum(m.lane == "information" and m.at > now - DAY for m in contact.messages)
        return "limit" if today >= self._rules.a_day else None

    # -- what became of it -----------------------------------------------------------------------------------------

    def settled(self, contact: Contact | None, outcome: Settled, now: datetime) -> Decision[Contact]:
        """The partner answered, or never will. Only a message nobody could tell about has its outcome corrected."""
        contact, told = _known(contact, outcome.message)
        if told.status not in OPEN or outcome.result == told.status:
            return Decision(contact)
        told = told.model_copy(update={"provider": outcome.provider, "code": outcome.code or told.code})
        match outcome.result:
            case "unknown":
                return self._by_receipts(contact, told, now) or self._doubtful(contact, told, now)
            case "refused":
                return self._failed(contact, told, outcome.reason or "refused", outcome.failure, now)
            case "expired" | "suppressed":
                contact = contact.without_spare(told.id).with_message(told.becomes(outcome.result, now))
                return self._say(contact, told, now, outcome.result)
        told = told.becomes("sent", now)
        cost: Dong | None = None
        if isinstance(outcome, SmsSettled):
            cost, segments = outcome.cost, outcome.segments or len(outcome.ids) or told.segments
            changes = {"parts": outcome.ids, "cost": cost, "segments": segments, "until": now + self._rules.kept}
            told = told.model_copy(update=changes)
        contact = contact.with_message(told)
        sent = MessageSent(**_fields(contact, told, now), parts=told.segments, cost=cost)
        more = self._by_receipts(contact, told, now)
        if more is None:
            return Decision(contact, (sent,), due=self._due(contact, now))
        return Decision(more.state, (sent, *more.events), more.effects, more.due)

    def _doubtful(self, contact: Contact, told: Told, now: datetime) -> Decision[Contact]:
        """Never again by the same way: its receipts are sought, and its content goes by e-mail, if there is one."""
        began = told.at
        contact = contact.with_message(told.becomes("unknown", now))
        contact, made = ways.another(contact, told, now, self._rules, providers=False)
        effects = [*made.effects]
        phone, _ = contact.reach(told.to)
        if told.channel == "sms" and phone is not None:
            effects.append(SeekReceipt(message=told.id, to=phone, since=began))
        said_so = MessageUnknown(**_fields(contact, told, now))
        return Decision(contact, (said_so,), tuple(effects), self._due(contact, now))

    def _failed(
        self, contact: Contact, told: Told, reason: str, failure: Failure | None, now: datetime
    ) -> Decision[Contact]:
        """It will not arrive: another way is taken at once. Nothing reaches who was erased."""
        contact = contact.with_message(told.becomes("failed", now, until=None))
        if ERASED in reason:
            contact, made = contact.without_spare(told.id), Made()
        else:
            contact, made = ways.another(contact, told, now, self._rules, providers=failure != "permanent")
        failed = MessageFailed(**_fields(contact, told, now), reason=reason, failure=failure)
        return Decision(contact, (failed,), tuple(made.effects), self._due(contact, now))

    def receipt(self, contact: Contact | None, command: PartReceipt, now: datetime) -> Decision[Contact]:
        """A receipt of one part: delivered once all are, failed with the first that is lost. Repeats change nothing."""
        contact, told = _known(contact, command.message)
        if command.part in {*told.arrived, *told.lost}:
            return Decision(contact)
        field = "arrived" if command.state == "delivered" else "lost"
        told = told.model_copy(update={field: (*getattr(told, field), command.part), "code": command.reason})
        contact = contact.with_message(told)
        if told.status in {*FINAL, "accepted"}:
            return Decision(contact)
        return self._by_receipts(contact, told, now, command.failure) or Decision(contact)

    def _by_receipts(
        self, contact: Contact, told: Told, now: datetime, failure: Failure | None = None
    ) -> Decision[Contact] | None:
        """What the receipts so far say of a message, if they say anything for good; they may be before its answer."""
        if told.lost:
            return self._failed(contact, told, told.code or "lost", failure, now)
        if not told.arrived_whole:
            return None
        told = told.becomes("delivered", now, until=None)
        contact = contact.with_message(told).without_spare(told.id)
        return Decision(contact, (MessageDelivered(**_fields(contact, told, now)),), due=self._due(contact, now))

    def bounced(self, contact: Contact | None, command: Bounced, now: datetime) -> Decision[Contact]:
        """A mail server gave an e-mail back; "delayed" is no news."""
        contact, told = _known(contact, command.message)
        if told.channel != "email" or told.status in FINAL or not command.permanent:
            return Decision(contact)
        told = told.model_copy(update={"code": command.status})
        return self._failed(contact, told, f"bounced: {command.status}", "permanent", now)

    def due(self, contact: Contact, _due: DeadlineDue, now: datetime) -> Decision[Contact]:
        """Morning came, no partner took a message, its receipt is late, or a carrier keeps it no longer."""
        events: list[Event] = []
        effects: list[Effect] = []
        contact = contact.looked_at(now, self._rules.fallback_after)
        for spare in [s for s in contact.spares if s.at <= now]:
            contact, made = ways.in_time(contact, spare, now, self._rules)
            effects += made.effects
        for told in [m for m in contact.messages if m.until is not None and m.until <= now]:
            changed = told.becomes("expired", now, until=None)
            contact = contact.with_message(changed)
            events.append(MessageExpired(**_fields(contact, changed, now)))
        decision = self._send(contact, now, events)
        return Decision(decision.state, decision.events, (*effects, *decision.effects), decision.due)

    def _say(self, contact: Contact, told: Told, now: datetime, result: str) -> Decision[Contact]:
        fields = _fields(contact, told, now)
        expired = result == "expired"
        event = MessageExpired(**fields) if expired else MessageSuppressed(**fields, reason="no_longer_true")
        return Decision(contact, (event,), due=self._due(contact, now))

    @property
    def handlers(self) -> Handlers:
        """What a dossier's contact reacts to, but for commands of people (`domain.wishes`)."""
        return {
            **dict.fromkeys(
                (*SAYS_WHOM, *(e for e in self._rules.catalogue.heard if issubclass(e, DossierEvent))), self.tell
            ),
            SmsSettled: self.settled,
            EmailSettled: self.settled,
            PartsRegistered: _nothing,
            ReceiptsSought: _nothing,
            PartReceipt: self.receipt,
            Bounced: self.bounced,
            DeadlineDue: self.due,
        }


def _nothing(contact: Contact | None, _outcome: object, _now: datetime) -> Decision[Contact]:
    """Nothing more to do."""
    return Decision(contact)


def _known(contact: Contact | None, message: str) -> tuple[Contact, Told]:
    told = contact.message(message) if contact else None
    if contact is None or told is None:
        raise Impossible(f"there is no message {message}")
    return contact, told


def _fields(contact: Contact, told: Told, now: datetime) -> dict[str, Any]:
    return {
        "dossier_id": contact.dossier_id,
        "message": told.id,
        "channel": told.channel,
        "subject": told.kind,
        "at": now,
        "provider": told.provider,
        "code": told.code,
    }
