"""Commands, outcomes and effects of notification."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from chassis.decision import Command, Effect, FailureReason, Outcome, Policy
from chassis.mailbox import Patience
from schemas.event import Dong, Instant, Text
from schemas.money import Vnd
from schemas.notification import Failure
from schemas.personal import Email, Phone, Secret
from services.notification.domain.forms import Language

ReceiptState = Literal["delivered", "failed"]
Result = Literal["sent", "refused", "unknown", "expired", "suppressed"]
Preferred = Literal["auto", "sms", "email", "both"]
"""`auto`: SMS, and by e-mail what an SMS cannot hold or did not bring."""
FAILURE_OF: dict[FailureReason, Failure] = {
    "refused": "permanent",
    "invalid": "permanent",
    "erased": "permanent",
    "exhausted": "technical",
    "lapsed": "technical",
}


class Settled(Outcome):
    """What became of a message. `code`: the provider's own word; `unknown`: the protocol cannot tell.

    `expired`: its time was over before it could be sent; `suppressed`: it was no longer true.
    """

    message: Text
    result: Result
    reason: Text | None = None
    failure: Failure | None = None
    code: Text | None = None
    provider: Text | None = None


class SmsSettled(Settled):
    """`ids`: the provider's message ids: a centre's one a part, a gateway's one a text; `cost` of all `segments`."""

    ids: tuple[str, ...] = ()
    segments: int = 0
    cost: Dong = Vnd()


class EmailSettled(Settled):
    """What became of an e-mail."""


class SendSms(Effect):
    """Sends one text the reader must act on. SMPP has no key that would make a repeat harmless: never again.

    `besides`: providers it is not to go by; `not_after`: when it is no longer worth sending; `decided`: since when it
    waits; `secret`: what fills ``{secret}`` of the text.
    """

    TYPE: ClassVar[str] = "sms.send"
    POLICY: ClassVar[Policy] = "never"
    PARTNER: ClassVar[str | None] = "sms_centre"
    CONCURRENCY: ClassVar[int] = 200
    """Most of an effect's time is spent before and after the centre, whose own window bounds what can be uncertain."""
    MAX_ATTEMPTS: ClassVar[int] = 500
    MARKS: ClassVar[bool] = True
    PATIENCE: ClassVar[Patience] = Patience.REST
    """A receipt that comes soon is written with it; one finds its message also if nobody lived to write this."""
    message: Text
    to: Phone
    text: Text
    besides: tuple[str, ...] = ()
    not_after: Instant | None = None
    decided: Instant | None = None
    secret: Secret | None = None

    def unknown(self) -> Outcome:
        """The lease lapsed with no answer."""
        return SmsSettled(message=self.message, result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never submitted."""
        why = f"not sent: {reason}"
        return SmsSettled(message=self.message, result="refused", reason=why, failure=FAILURE_OF[reason])


class InformSms(SendSms):
    """Sends one text of information: a lane of its own, so that no number of these holds up what must be acted on."""

    TYPE: ClassVar[str] = "sms.inform"
    CONCURRENCY: ClassVar[int] = 32


class SendEmail(Effect):
    """Sends one e-mail. After DATA without an answer nobody can tell: never again. Fields as of `SendSms`."""

    TYPE: ClassVar[str] = "email.send"
    POLICY: ClassVar[Policy] = "never"
    PARTNER: ClassVar[str | None] = "mail_server"
    MAX_ATTEMPTS: ClassVar[int] = 500
    MARKS: ClassVar[bool] = True
    message: Text
    to: Email
    title: Text
    text: Text
    decided: Instant | None = None
    secret: Secret | None = None

    def unknown(self) -> Outcome:
        """The lease lapsed with no answer."""
        return EmailSettled(message=self.message, result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never handed over."""
        why = f"not sent: {reason}"
        return EmailSettled(message=self.message, result="refused", reason=why, failure=FAILURE_OF[reason])


class MailOfficers(Effect):
    """Sends one e-mail to officers, named by account, role or unit; their addresses are in the directory."""

    TYPE: ClassVar[str] = "email.officers"
    POLICY: ClassVar[Policy] = "never"
    PARTNER: ClassVar[str | None] = "mail_server"
    CONCURRENCY: ClassVar[int] = 4
    MAX_ATTEMPTS: ClassVar[int] = 500
    MARKS: ClassVar[bool] = True
    message: Text
    account: Text | None = None
    role: Text | None = None
    unit: Text | None = None
    title: Text
    text: Text

    def unknown(self) -> Outcome:
        """The lease lapsed with no answer."""
        return EmailSettled(message=self.message, result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never handed over."""
        why = f"not sent: {reason}"
        return EmailSettled(message=self.message, result="refused", reason=why, failure=FAILURE_OF[reason])


class SeekReceipt(Effect):
    """Looks for the receipts of a message nobody could tell about, and leaves word for those still to come."""

    TYPE: ClassVar[str] = "receipts.seek"
    POLICY: ClassVar[Policy] = "repeat"
    LEASE: ClassVar[timedelta] = timedelta(seconds=15)
    message: Text
    to: Phone
    since: Instant

    def unknown(self) -> Outcome:
        """It may be asked again, and that changes nothing."""
        return ReceiptsSought()

    def failed(self, reason: FailureReason) -> Outcome:  # noqa: ARG002 - there is nothing to tell apart
        """No receipt can be found any more."""
        return ReceiptsSought()


class ReceiptsSought(Outcome):
    """Nothing more to do: what is found comes as `PartReceipt`."""


class RegisterParts(Effect):
    """Tells the receipts which message their ids are of. Only the release before decided these."""

    TYPE: ClassVar[str] = "receipts.register"
    POLICY: ClassVar[Policy] = "repeat"
    message: Text
    ids: tuple[str, ...]


class PartsRegistered(Outcome):
    """Nothing more to do."""


class RegisterPart(Command):
    """This message id is a part of `message` of `dossier`."""

    dossier: Text
    message: Text


class RecordReceipt(Command):
    """The centre's receipt for this message id."""

    state: ReceiptState
    reason: Text


class ReportReceipt(Effect):
    """Tells the dossier what a receipt said. Only the release before decided these."""

    TYPE: ClassVar[str] = "receipts.report"
    POLICY: ClassVar[Policy] = "repeat"
    dossier: Text
    message: Text
    state: ReceiptState
    reason: Text


class ReceiptReported(Outcome):
    """Nothing more to do."""


class PartReceipt(Command):
    """What the receipt of one part said. `reason`: the carrier's own words."""

    part: Text
    message: Text
    state: ReceiptState
    reason: Text
    failure: Failure | None = None


class Bounced(Command):
    """A mail server gave an e-mail back (DSN, RFC 3464). `status` as 5.1.1."""

    message: Text
    status: Text
    permanent: bool


class SetPreferences(Command):
    """How the applicant wants to be told. `optional`: also what no law asks for."""

    language: Language = "vi"
    channel: Preferred = "auto"
    optional: bool = True


class NameRepresentative(Command):
    """Who is told as well, from the moment the contact is verified; None ends it."""

    phone: Phone | None = None
    email: Email | None = None


class ConfirmRepresentative(Command):
    """The code that was sent to the representative came back."""
