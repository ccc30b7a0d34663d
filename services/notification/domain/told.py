"""Whom to tell about a dossier, and what they were told. Pure.

What comes before the applicant is known waits; a message of a kind is made once, whatever comes again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from chassis.decision import Decision, Effect, Handlers, Impossible
from schemas import delivery, dossier, payment
from schemas.dossier import Applicant, DossierAccepted, DossierSubmitted
from schemas.event import DossierEvent, Event, Instant, Record
from schemas.notification import Channel, MessageDelivered, MessageFailed, MessageSent, MessageUnknown
from services.notification.domain import texts
from services.notification.messages import (
    EmailSettled,
    PartReceipt,
    PartsRegistered,
    RegisterParts,
    SendEmail,
    SendSms,
    SmsSettled,
)

SHORT: Final = 8
Status = Literal["sending", "sent", "delivered", "failed", "unknown"]
OPEN: Final = frozenset({"sending", "unknown"})
FINAL: Final = frozenset({"delivered", "failed"})


class Told(Record):
    """One message: an SMS or an e-mail. `parts`: the centre's ids; `arrived`, `lost`: parts with a receipt."""

    id: str
    kind: str
    channel: Channel
    status: Status = "sending"
    parts: tuple[str, ...] = ()
    arrived: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    at: Instant


class Contact(Record):
    """A dossier as notification sees it. `waiting`: steps (kind, text) that came before the applicant was known."""

    dossier_id: str
    applicant: Applicant | None = None
    code: str | None = None
    waiting: tuple[tuple[str, str], ...] = ()
    kinds: tuple[str, ...] = ()
    messages: tuple[Told, ...] = ()

    @property
    def name(self) -> str:
        """How the dossier is called in a text."""
        return self.code or self.dossier_id[:SHORT]

    def message(self, message_id: str) -> Told | None:
        """The message of that id."""
        return next((m for m in self.messages if m.id == message_id), None)

    def with_message(self, changed: Told) -> Contact:
        """This contact with one message changed."""
        return self.model_copy(update={"messages": tuple(changed if m.id == changed.id else m for m in self.messages)})


def tell(contact: Contact | None, event: DossierEvent, now: datetime) -> Decision[Contact]:
    """Any event there is something to say about."""
    contact = contact or Contact(dossier_id=event.dossier_id)
    if isinstance(event, DossierSubmitted):
        contact = contact.model_copy(update={"applicant": event.applicant})
    if isinstance(event, DossierAccepted):
        contact = contact.model_copy(update={"code": event.code})
    step = texts.of(event)
    if step is not None and step[0] not in contact.kinds:
        contact = contact.model_copy(update={"kinds": (*contact.kinds, step[0]), "waiting": (*contact.waiting, step)})
    return _send(contact, now)


def _send(contact: Contact, now: datetime) -> Decision[Contact]:
    if contact.applicant is None:
        return Decision(contact)
    effects: list[Effect] = []
    messages = list(contact.messages)
    for kind, text in contact.waiting:
        made = _make(contact, contact.applicant, kind, text)
        effects.extend(made)
        messages.extend(
            Told(id=e.message, kind=kind, channel="sms" if isinstance(e, SendSms) else "email", at=now) for e in made
        )
    return Decision(contact.model_copy(update={"waiting": (), "messages": tuple(messages)}), effects=tuple(effects))


def _make(contact: Contact, applicant: Applicant, kind: str, text: str) -> list[SendSms | SendEmail]:
    name, base = contact.name, f"{contact.dossier_id}/{kind}"
    made: list[SendSms | SendEmail] = [SendSms(message=f"{base}/sms", to=applicant.phone, text=texts.sms(text, name))]
    if applicant.email is not None:
        made.append(
            SendEmail(
                message=f"{base}/email",
                to=applicant.email,
                title=texts.title(name),
                text=texts.email(text, name),
            )
        )
    return made


def settled(contact: Contact | None, outcome: SmsSettled | EmailSettled, now: datetime) -> Decision[Contact]:
    """The partner answered, or never will. Only a message nobody could tell about has its outcome corrected."""
    contact, told = _known(contact, outcome.message)
    if told.status not in OPEN or outcome.result == told.status:
        return Decision(contact)
    common = _event_fields(contact, told, now)
    if outcome.result == "unknown":
        return Decision(contact.with_message(_to(told, "unknown", now)), (MessageUnknown(**common),))
    if outcome.result == "refused":
        failed = MessageFailed(**common, reason=outcome.reason or "refused")
        return Decision(contact.with_message(_to(told, "failed", now)), (failed,))
    ids = outcome.ids if isinstance(outcome, SmsSettled) else ()
    sent = _to(told, "sent", now).model_copy(update={"parts": ids})
    effects = (RegisterParts(message=told.id, ids=ids),) if ids else ()
    return Decision(contact.with_message(sent), (MessageSent(**common, parts=len(ids) or 1),), effects)


def receipt(contact: Contact | None, command: PartReceipt, now: datetime) -> Decision[Contact]:
    """A receipt of one part: delivered once all are, failed with the first that is lost. Repeats change nothing."""
    contact, told = _known(contact, command.message)
    if command.part in {*told.arrived, *told.lost}:
        return Decision(contact)
    field = "arrived" if command.state == "delivered" else "lost"
    told = told.model_copy(update={field: (*getattr(told, field), command.part)})
    events: tuple[Event, ...] = ()
    if told.lost and told.status not in FINAL:
        told = _to(told, "failed", now)
        events = (MessageFailed(**_event_fields(contact, told, now), reason=command.reason),)
    elif not told.lost and set(told.parts) <= set(told.arrived) and told.parts and told.status not in FINAL:
        told = _to(told, "delivered", now)
        events = (MessageDelivered(**_event_fields(contact, told, now)),)
    return Decision(contact.with_message(told), events)


def registered(contact: Contact | None, _outcome: PartsRegistered, _now: datetime) -> Decision[Contact]:
    """Nothing more to do."""
    return Decision(contact)


def _to(told: Told, status: Status, now: datetime) -> Told:
    return told.model_copy(update={"status": status, "at": now})


def _known(contact: Contact | None, message: str) -> tuple[Contact, Told]:
    told = contact.message(message) if contact else None
    if contact is None or told is None:
        raise Impossible(f"there is no message {message}")
    return contact, told


def _event_fields(contact: Contact, told: Told, now: datetime) -> dict[str, object]:
    return {
        "dossier_id": contact.dossier_id,
        "message": told.id,
        "channel": told.channel,
        "subject": told.kind,
        "at": now,
    }


HANDLERS: Handlers = {
    **dict.fromkeys(
        (
            dossier.DossierSubmitted,
            dossier.DossierAccepted,
            dossier.DossierRejected,
            payment.InvoiceOpened,
            payment.ReceiptIssued,
            delivery.ConsignmentOrdered,
            delivery.ResultAvailable,
            delivery.ResultDelivered,
            delivery.DeliveryFailed,
        ),
        tell,
    ),
    SmsSettled: settled,
    EmailSettled: settled,
    PartsRegistered: registered,
    PartReceipt: receipt,
}
