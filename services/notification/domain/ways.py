"""Which way a message goes, and which other way there is should it not arrive. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from chassis.decision import Effect
from schemas.dossier import DossierAccepted, DossierSubmitted
from schemas.event import DossierEvent
from schemas.notification import Channel
from schemas.personal import Email, Phone, Secret
from schemas.rights import PersonCorrected, ProcessingRestricted, RestrictionLifted
from services.notification.domain.contact import Contact, Recipient, Spare, Told, Waiting
from services.notification.domain.rules import Rules
from services.notification.domain.segments import parts_of
from services.notification.domain.templates import Template, as_sms, named, said, signed
from services.notification.messages import InformSms, MailOfficers, SendEmail, SendSms

RIGHTS: Final = (ProcessingRestricted, RestrictionLifted)
RECIPIENTS: Final[tuple[Recipient, ...]] = ("applicant", "representative")
ARRIVES_NOT: Final = frozenset({"accepted", "sent", "unknown", "failed"})
"""As far as is known when the time for another way has come."""
SUFFIX: Final = {"applicant": "", "representative": ".r", "officers": ""}


@dataclass
class Made:
    """What follows for a contact: messages, the effects that send them, and what else may be tried."""

    told: list[Told] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    spares: list[Spare] = field(default_factory=list)

    def into(self, contact: Contact) -> Contact:
        """The contact with these messages and spares."""
        update = {"messages": (*contact.messages, *self.told), "spares": (*contact.spares, *self.spares)}
        return contact.model_copy(update=update)


def knowing(contact: Contact, event: DossierEvent) -> Contact:
    """Who is told, and how the dossier is called."""
    if isinstance(event, DossierSubmitted):
        return contact.model_copy(update={"applicant": event.applicant, "owner": event.owner or contact.owner})
    if isinstance(event, DossierAccepted):
        return contact.model_copy(update={"code": event.code, "owner": event.owner or contact.owner})
    if isinstance(event, PersonCorrected):
        return contact.model_copy(update={"applicant": event.applicant})
    if isinstance(event, RIGHTS):
        return contact.model_copy(update={"restricted": isinstance(event, ProcessingRestricted)})
    return contact


def waiting(name: str, template: Template, event: DossierEvent, contact: Contact, rules: Rules) -> Waiting:
    """What there is to say about an event, in the applicant's language."""
    texts = said(template, event, contact.language, rules.links)
    return Waiting(
        kind=template.kind,
        identity=template.identity(event),
        template=name,
        lane=template.lane,
        optional=template.optional,
        also=template.email_policy == "also",
        to=template.to,
        account=getattr(event, "holder", None),
        role=getattr(event, "role", None),
        unit=getattr(event, "unit", None),
        sms=texts.sms,
        plain=texts.plain,
        title=texts.title,
        email=texts.email,
        sms_secret=texts.sms_secret,
        email_secret=texts.email_secret,
        halves=texts.halves,
    )


def make(contact: Contact, waiting: Waiting, now: datetime, rules: Rules) -> Made:
    """The messages of one kind to all who are told."""
    made = Made()
    if waiting.to != "applicant":
        _officers(made, contact, waiting, now)
        return made
    for to in RECIPIENTS:
        for_them = _secrets(contact, waiting, to)
        if for_them is None:
            continue
        for channel in _channels(contact, for_them, to):
            _one(made, contact, for_them, _told(contact, for_them, channel, to, now), rules)
    return made


def _secrets(contact: Contact, waiting: Waiting, to: Recipient) -> Waiting | None:
    """What they may read: a secret is the applicant's only, and its other half goes by the other channel or not at all.

    Whom the secret is not for is told the plain words, or nothing where there is nothing to tell but two halves.
    """
    if waiting.plain is None:
        return waiting
    phone, email = contact.reach(to)
    if to == "applicant" and not (waiting.halves and (phone is None or email is None)):
        return waiting
    if waiting.halves and to != "applicant":
        return None
    without = {"plain": None, "sms_secret": None, "email_secret": None, "halves": False}
    return waiting.model_copy(update={**without, "sms": as_sms(waiting.plain), "email": signed(waiting.plain)})


def _one(made: Made, contact: Contact, waiting: Waiting, told: Told, rules: Rules) -> None:
    """One message by one channel, and what else may be tried."""
    phone, email = contact.reach(told.to)
    sms = named(waiting.sms, contact.name) if waiting.sms is not None else None
    title, text = named(waiting.title, contact.name), named(waiting.email, contact.name)
    if told.channel == "sms" and sms is not None and phone is not None:
        told = told.model_copy(update={"segments": parts_of(sms)})
        made.effects.append(_sms(told, phone, sms, secret=waiting.sms_secret))
        by_email = email is not None and contact.channel == "auto" and not waiting.also and not waiting.halves
        if by_email or rules.other_providers:
            spare = Spare(message=told.id, at=told.at + rules.fallback_after)
            if rules.other_providers:
                spare = spare.model_copy(update={"sms": sms, "sms_secret": waiting.sms_secret})
            if by_email:
                update = {"title": title, "email": text, "email_secret": waiting.email_secret}
                spare = spare.model_copy(update=update)
            made.spares.append(spare)
    elif email is not None:
        made.effects.append(_email(told, email, title, text, waiting.email_secret))
        if contact.channel == "email" and sms is not None and not waiting.halves:
            spare = Spare(message=told.id, at=told.at + rules.kept, sms=sms, sms_secret=waiting.sms_secret)
            made.spares.append(spare)
    made.told.append(told)


def _channels(contact: Contact, waiting: Waiting, to: Recipient) -> Iterator[Channel]:
    phone, email = contact.reach(to)
    wanted, sms = contact.channel, waiting.sms is not None
    if waiting.halves:
        yield from ("sms", "email")
        return
    if sms and phone is not None and (wanted != "email" or email is None):
        yield "sms"
    if email is not None and (wanted in {"email", "both"} or not sms or (wanted == "auto" and waiting.also)):
        yield "email"


def _officers(made: Made, contact: Contact, waiting: Waiting, now: datetime) -> None:
    """The holder, else those of the role whose turn it is in the unit, else the desk; a breach is the leader's."""
    told = _told(contact, waiting, "email", "officers", now)
    made.told.append(told)
    if waiting.to == "leader":
        whom: dict[str, str | None] = {"role": "leader"}
    elif waiting.account:
        whom = {"account": waiting.account}
    else:
        whom = {"role": waiting.role or (None if waiting.unit else "clerk"), "unit": waiting.unit}
    title, text = named(waiting.title, contact.name), named(waiting.email, contact.name)
    made.effects.append(MailOfficers(message=told.id, title=title, text=text, **whom))


def another(contact: Contact, told: Told, now: datetime, rules: Rules, *, providers: bool) -> tuple[Contact, Made]:
    """The next way for a message that did not arrive, at once; at night that of information waits for the morning."""
    spare, morning = contact.spare(told.id), rules.quiet_until(told.lane, now)
    if spare is None or morning is None:
        made = _next(contact, told, now, rules, providers=providers)
        return made.into(contact).without_spare(told.id), made
    by_sms = {} if providers or told.channel == "email" else {"sms": None, "sms_secret": None}
    return contact.with_spare(spare.model_copy(update={"at": morning, **by_sms})), Made()


def in_time(contact: Contact, spare: Spare, now: datetime, rules: Rules) -> tuple[Contact, Made]:
    """The next way for a message of which nothing was heard until its time came.

    What no provider took yet may still go by any of them: for that only the other channel is another way. For an e-mail
    that was sent and did not bounce there is none: nothing ever says that it arrived.
    """
    told = contact.message(spare.message)
    if told is None or told.status not in ARRIVES_NOT or (told.status == "sent" and told.channel == "email"):
        return contact.without_spare(spare.message), Made()
    morning = rules.quiet_until(told.lane, now)
    if morning is not None:
        return contact.with_spare(spare.model_copy(update={"at": morning})), Made()
    waits = told.status == "accepted"
    contact, made = another(contact, told, now, rules, providers=not waits)
    if waits and not made.told:
        contact = contact.with_spare(spare.model_copy(update={"at": now + rules.fallback_after}))
    return contact, made


def _next(contact: Contact, told: Told, now: datetime, rules: Rules, *, providers: bool) -> Made:
    """Another provider (if `providers`), else e-mail, else none."""
    made = Made()
    spare = contact.spare(told.id)
    if spare is None:
        return made
    phone, email = contact.reach(told.to)
    common = {"at": now, "to": told.to, "kind": told.kind, "template": told.template, "lane": told.lane}
    base = told.id.rpartition("/")[0]
    if spare.sms is not None and phone is not None and (providers or told.channel == "email"):
        number = "2" if told.channel == "sms" else ""
        again = Told(
            id=f"{base}/sms{number}{SUFFIX[told.to]}", channel="sms", instead_of=told.id,
            segments=parts_of(spare.sms), **common,
        )  # fmt: skip
        if contact.message(again.id) is None:
            made.told.append(again)
            besides = (told.provider,) if told.provider else ()
            made.effects.append(_sms(again, phone, spare.sms, besides, spare.sms_secret))
            if spare.email is not None:
                left = {"message": again.id, "at": now + rules.fallback_after, "sms": None, "sms_secret": None}
                made.spares.append(spare.model_copy(update=left))
            return made
    if spare.email is not None and email is not None:
        by_email = Told(id=f"{base}/email{SUFFIX[told.to]}", channel="email", instead_of=told.id, **common)
        if contact.message(by_email.id) is None:
            made.told.append(by_email)
            title = spare.title or contact.name
            made.effects.append(_email(by_email, email, title, spare.email, spare.email_secret))
    return made


def _told(contact: Contact, waiting: Waiting, channel: Channel, to: Recipient, now: datetime) -> Told:
    return Told(
        id=f"{contact.dossier_id}/{waiting.identity}/{channel}{SUFFIX[to]}",
        kind=waiting.kind,
        channel=channel,
        at=now,
        to=to,
        template=waiting.template,
        lane=waiting.lane,
    )


def _sms(told: Told, phone: Phone, text: str, besides: tuple[str, ...] = (), secret: Secret | None = None) -> SendSms:
    kind = SendSms if told.lane == "action" else InformSms
    return kind(message=told.id, to=phone, text=text, besides=besides, decided=told.at, secret=secret)


def _email(told: Told, to: Email, title: str, text: str, secret: Secret | None) -> SendEmail:
    return SendEmail(message=told.id, to=to, title=title, text=text, decided=told.at, secret=secret)
