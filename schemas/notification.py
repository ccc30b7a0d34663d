"""The `notification` stream: said by notification, heard by tracking."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.event import DossierEvent, Instant, Text

STREAM = "notification"

Channel = Literal["sms", "email"]


class _Message(DossierEvent):
    message: Text
    channel: Channel
    subject: Text
    at: Instant


class MessageSent(_Message):
    """The partner took the message: an SMS centre answered every part, or a mail server answered DATA."""

    STREAM = STREAM
    TYPE = "notification.sent"
    parts: Annotated[int, Field(ge=1, le=255)]


class MessageDelivered(_Message):
    """The SMS centre's receipts say that every part reached the handset."""

    STREAM = STREAM
    TYPE = "notification.delivered"


class MessageFailed(_Message):
    """It will not arrive: the partner refused it or its receipt says so."""

    STREAM = STREAM
    TYPE = "notification.failed"
    reason: Text


class MessageUnknown(_Message):
    """The protocol cannot tell whether the partner took it. It is not sent again; a late receipt may correct this."""

    STREAM = STREAM
    TYPE = "notification.unknown"


EVENTS = (MessageSent, MessageDelivered, MessageFailed, MessageUnknown)
