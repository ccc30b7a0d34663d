"""A text with its sealed value in it: opened last, for the partner only, and never kept."""

from __future__ import annotations

from chassis.runner import Call
from services.notification.domain.forms import SEALED
from services.notification.messages import SendEmail, SendSms


async def filled(effect: SendSms | SendEmail, call: Call) -> str:
    """What is sent. Raises as `Call.open`."""
    if effect.secret is None:
        return effect.text
    return effect.text.replace(SEALED, await call.open(effect.secret))
