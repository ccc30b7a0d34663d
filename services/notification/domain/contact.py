"""A dossier as notification sees it: whom to tell, how they want it, and what became of each message. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from law.text import unaccent
from schemas.event import Dong, Instant, Record
from schemas.money import Vnd
from schemas.notification import Channel
from schemas.parts import Applicant
from schemas.personal import Email, Owner, Phone, Secret
from schemas.versions import Form, Versions
from services.notification.domain.forms import Language
from services.notification.domain.templates import BRAND, Lane, Reader
from services.notification.messages import Preferred

SHORT: Final = 8
Status = Literal["accepted", "sent", "delivered", "failed", "expired", "suppressed", "unknown"]
"""`accepted`: decided and on its way to a provider. `sent`: a provider has it. `expired`: no receipt came in time."""
OPEN: Final = frozenset({"accepted", "unknown"})
FINAL: Final = frozenset({"delivered", "failed"})
TROUBLE: Final = frozenset({"unknown", "failed", "expired"})
Recipient = Literal["applicant", "representative", "officers"]


class Told(Record):
    """One message: an SMS or an e-mail to one reader.

    `parts`: the centre's ids; `arrived`, `lost`: parts with a receipt; `segments`: how many there are, known or not;
    `code`: the provider's last word; `cost` in VND; `until`: when a receipt is no longer to be expected;
    `instead_of`: the message this is another way of; `moot`: no longer true, not to be sent if it was not yet.
    """

    id: str
    kind: str
    channel: Channel
    status: Status = "accepted"
    parts: tuple[str, ...] = ()
    arrived: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    at: Instant
    to: Recipient = "applicant"
    template: str | None = None
    lane: Lane = "action"
    segments: int = 1
    provider: str | None = None
    code: str | None = None
    cost: Dong = Vnd()
    until: Instant | None = None
    instead_of: str | None = None
    moot: bool = False

    @property
    def arrived_whole(self) -> bool:
        """Whether receipts say so of every part; of a message whose ids were never learnt they are counted."""
        return set(self.parts) <= set(self.arrived) if self.parts else len(self.arrived) >= self.segments

    def becomes(self, status: Status, now: datetime, **changes: object) -> Told:
        """What became of it now."""
        return self.model_copy(update={"status": status, "at": now, **changes})


class Waiting(Record):
    """A message decided and not yet given to a lane: its reader is not known, or it is night. Texts with ``{code}``.

    `identity`: what there is one message of; the kind, where it is said once. `plain`, secrets, `halves`: as in `Said`.
    """

    kind: str
    identity: str
    template: str
    lane: Lane = "action"
    optional: bool = False
    also: bool = True
    to: Reader = "applicant"
    account: str | None = None
    role: str | None = None
    unit: str | None = None
    sms: str | None = None
    plain: str | None = None
    title: str
    email: str
    sms_secret: Secret | None = None
    email_secret: Secret | None = None
    halves: bool = False


class Spare(Record):
    """Another way for a message, should it not have arrived `at` that time: another provider (`sms`), then e-mail."""

    message: str
    at: Instant
    sms: str | None = None
    title: str | None = None
    email: str | None = None
    sms_secret: Secret | None = None
    email_secret: Secret | None = None


class Representative(Record):
    """Who is told beside the applicant; nothing is sent before the contact is `verified`."""

    phone: Phone
    email: Email | None = None
    verified: bool = False


class Contact(Record):
    """One dossier. `waiting`: what cannot be sent yet; `kinds`: what there was already something said about.

    `restricted`: the person had processing restricted: they are told what the procedure owes them, and nothing else.
    `covered`: event types that come next and say nothing new; `stuck`: messages that no partner took for so long that a
    person should look.
    """

    dossier_id: str
    applicant: Applicant | None = None
    code: str | None = None
    waiting: tuple[Waiting, ...] = ()
    kinds: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    messages: tuple[Told, ...] = ()
    spares: tuple[Spare, ...] = ()
    owner: Owner | None = None
    representative: Representative | None = None
    language: Language = "vi"
    channel: Preferred = "auto"
    optional: bool = True
    stuck: tuple[str, ...] = ()
    restricted: bool = False

    @property
    def name(self) -> str:
        """How the dossier is called in a text."""
        return self.code or self.dossier_id[:SHORT]

    @property
    def troubled(self) -> tuple[Told, ...]:
        """Messages that did not arrive, are stuck, or of which nobody can tell, unless another way served."""
        helped = {m.instead_of for m in self.messages if m.status in {"sent", "delivered"}}
        return tuple(m for m in self.messages if (m.status in TROUBLE or m in self.waiting_long) and m.id not in helped)

    @property
    def waiting_long(self) -> tuple[Told, ...]:
        """What is stuck and still waits for a partner."""
        return tuple(m for m in self.messages if m.id in self.stuck and m.status == "accepted")

    @property
    def attention(self) -> bool:
        """Whether a person should look."""
        return bool(self.troubled)

    def message(self, message_id: str) -> Told | None:
        """The message of that id."""
        return next((m for m in self.messages if m.id == message_id), None)

    def spare(self, message_id: str) -> Spare | None:
        """The other way of that message."""
        return next((s for s in self.spares if s.message == message_id), None)

    def with_message(self, changed: Told) -> Contact:
        """This contact with one message changed."""
        return self.model_copy(update={"messages": tuple(changed if m.id == changed.id else m for m in self.messages)})

    def without_spare(self, message_id: str) -> Contact:
        """This contact with no other way left for a message."""
        if self.spare(message_id) is None:
            return self
        return self.model_copy(update={"spares": tuple(s for s in self.spares if s.message != message_id)})

    def with_spare(self, spare: Spare) -> Contact:
        """This contact with that other way for its message, and no other."""
        left = tuple(s for s in self.spares if s.message != spare.message)
        return self.model_copy(update={"spares": (*left, spare)})

    def looked_at(self, now: datetime, patience: timedelta) -> Contact:
        """What no partner took for `patience` is stuck; what one took is not any more."""
        stuck = tuple(m.id for m in self.messages if m.status == "accepted" and m.at + patience <= now)
        return self if stuck == self.stuck else self.model_copy(update={"stuck": stuck})

    def reach(self, to: Recipient) -> tuple[Phone | None, Email | None]:
        """The addresses of a recipient, None where there is none that may be used."""
        if to == "applicant" and self.applicant is not None:
            return self.applicant.phone, self.applicant.email
        if to == "representative" and self.representative is not None and self.representative.verified:
            return self.representative.phone, self.representative.email
        return None, None

    def due(self, wakes: datetime | None, patience: timedelta) -> datetime | None:
        """When time alone changes something; `wakes`: when the night that holds something back is over.

        `patience`: how long a message may wait for a partner to take it.
        """
        instants = [wakes, *(s.at for s in self.spares)]
        for message in self.messages:
            instants.append(message.until)
            if message.status == "accepted" and message.id not in self.stuck:
                instants.append(message.at + patience)
        return min((at for at in instants if at is not None), default=None)


def _lift(form: Form) -> Form:
    """Version 1 said `sending` for `accepted` and kept what waits as (kind, accented text)."""
    messages = [{**m, "status": "accepted"} if m["status"] == "sending" else m for m in form.get("messages", [])]
    waiting = [
        {
            "kind": kind,
            "identity": kind,
            "template": f"{kind}.v1",
            "sms": f"{BRAND}{unaccent(text)}",
            "title": "Hồ sơ {code}",
            "email": text,
        }
        for kind, text in form.get("waiting", [])
    ]
    return {**form, "messages": messages, "waiting": waiting}


VERSIONS: Final = Versions(3, up={1: _lift, 2: dict})
"""Version 3 has secrets in what waits, which no release before may write back without: it is written at once, and a
replica of the release before leaves such a document alone, as with version 2 (docs/decisions/0040)."""
