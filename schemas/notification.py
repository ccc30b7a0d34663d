"""The `notification` stream: said by notification, heard by tracking."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.event import Dong, DossierEvent, Instant, Text

STREAM = "notification"

Channel = Literal["sms", "email"]
Failure = Literal["temporary", "permanent", "technical"]
"""`temporary`: off too long; `permanent`: it will never arrive; `technical`: a provider's trouble or ours."""


class _Message(DossierEvent):
    """`provider`: by whom it went; `code`: that provider's own word for what it says."""

    message: Text
    channel: Channel
    subject: Text
    at: Instant
    provider: Text | None = None
    code: Text | None = None


class MessageSent(_Message):
    """The partner took the message: an SMS centre answered every part, or a mail server answered DATA."""

    STREAM = STREAM
    TYPE = "notification.sent"
    parts: Annotated[int, Field(ge=1, le=255)]
    cost: Dong | None = None


class MessageDelivered(_Message):
    """The SMS centre's receipts say that every part reached the handset."""

    STREAM = STREAM
    TYPE = "notification.delivered"


class MessageFailed(_Message):
    """It will not arrive: the partner refused it or its receipt says so."""

    STREAM = STREAM
    TYPE = "notification.failed"
    reason: Text
    failure: Failure | None = None


class MessageUnknown(_Message):
    """The protocol cannot tell whether the partner took it. It is not sent again; a late receipt may correct this."""

    STREAM = STREAM
    TYPE = "notification.unknown"


class MessageExpired(_Message):
    """The carrier keeps it no longer and sent no receipt, or its time was over before it could be sent."""

    STREAM = STREAM
    TYPE = "notification.expired"


class MessageSuppressed(_Message):
    """It was decided and not sent: no longer true, not wanted, too many a day, or a simulated recipient's wish."""

    STREAM = STREAM
    TYPE = "notification.suppressed"
    reason: Literal["no_longer_true", "opted_out", "limit"]


EVENTS = (
    MessageSent,
    MessageDelivered,
    MessageFailed,
    MessageUnknown,
    MessageExpired,
    MessageSuppressed,
)
