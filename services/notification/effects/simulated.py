"""Recipients that never leave the system: for trying out a portal or a template against the real service.

A phone number is one if the settings say so; an e-mail address is one if it is in ``.invalid`` (RFC 2606). The outcome
is the one its name asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from services.notification.domain.segments import parts_of
from services.notification.messages import EmailSettled, SmsSettled

PROVIDER: Final = "simulated"
NEVER: Final = ".invalid"
Wish = Literal["sent", "refused", "unknown"]


class Simulated:
    """`phones`: number in E.164 to what becomes of a text to it."""

    def __init__(self, phones: Mapping[str, Wish]) -> None:
        self._phones = phones

    def sms(self, message: str, to: str, text: str) -> SmsSettled | None:
        """What became of a text to a simulated number, None for a real one."""
        wish = self._phones.get(to)
        if wish is None:
            return None
        reason = "a simulated refusal" if wish == "refused" else None
        ids = tuple(f"{message}/{n}" for n in range(parts_of(text))) if wish == "sent" else ()
        failure = "permanent" if wish == "refused" else None
        return SmsSettled(message=message, result=wish, reason=reason, failure=failure, provider=PROVIDER, ids=ids)

    def email(self, message: str, to: str) -> EmailSettled | None:
        """What became of an e-mail to a simulated address, None for a real one."""
        if not to.endswith(NEVER):
            return None
        refused = to.startswith("refused@")
        return EmailSettled(
            message=message,
            result="refused" if refused else "sent",
            reason="a simulated refusal" if refused else None,
            failure="permanent" if refused else None,
            provider=PROVIDER,
        )
