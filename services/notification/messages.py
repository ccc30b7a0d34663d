"""Commands, outcomes and effects of notification."""

from __future__ import annotations

from typing import ClassVar, Literal

from chassis.decision import Command, Effect, FailureReason, Outcome, Policy
from schemas.event import Text
from schemas.personal import Email, Phone

ReceiptState = Literal["delivered", "failed"]


class SmsSettled(Outcome):
    """What became of a text. `ids`: the centre's message ids, one a part; `unknown`: the protocol cannot tell."""

    message: Text
    result: Literal["sent", "refused", "unknown"]
    ids: tuple[str, ...] = ()
    reason: Text | None = None


class EmailSettled(Outcome):
    """What became of an e-mail."""

    message: Text
    result: Literal["sent", "refused", "unknown"]
    reason: Text | None = None


class SendSms(Effect):
    """Sends one text. SMPP has no key that would make a repeat harmless: never again."""

    TYPE: ClassVar[str] = "sms.send"
    POLICY: ClassVar[Policy] = "never"
    PARTNER: ClassVar[str | None] = "sms_centre"
    MAX_ATTEMPTS: ClassVar[int] = 500
    message: Text
    to: Phone
    text: Text

    def unknown(self) -> Outcome:
        """The lease lapsed with no answer."""
        return SmsSettled(message=self.message, result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never submitted."""
        return SmsSettled(message=self.message, result="refused", reason=f"not sent: {reason}")


class SendEmail(Effect):
    """Sends one e-mail. After DATA without an answer nobody can tell: never again."""

    TYPE: ClassVar[str] = "email.send"
    POLICY: ClassVar[Policy] = "never"
    PARTNER: ClassVar[str | None] = "mail_server"
    MAX_ATTEMPTS: ClassVar[int] = 500
    message: Text
    to: Email
    title: Text
    text: Text

    def unknown(self) -> Outcome:
        """The lease lapsed with no answer."""
        return EmailSettled(message=self.message, result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never handed over."""
        return EmailSettled(message=self.message, result="refused", reason=f"not sent: {reason}")


class RegisterParts(Effect):
    """Tells the receipts which message their ids are of."""

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
    """Tells the dossier what a receipt said."""

    TYPE: ClassVar[str] = "receipts.report"
    POLICY: ClassVar[Policy] = "repeat"
    dossier: Text
    message: Text
    state: ReceiptState
    reason: Text


class ReceiptReported(Outcome):
    """Nothing more to do."""


class PartReceipt(Command):
    """What the receipt of one part said."""

    part: Text
    message: Text
    state: ReceiptState
    reason: Text
