"""Commands, outcomes and effects of payment."""

from __future__ import annotations

from typing import ClassVar

from chassis.decision import Command, Effect, Outcome, Policy
from schemas.event import Dong, Instant, Text


class StartAttempt(Command):
    """The applicant wants to pay now."""


class GatewayNotified(Command):
    """A notification whose signature was right. `amount` in whole đồng; `success` by response and status."""

    attempt: Text
    amount: Dong
    success: bool
    code: Text
    transaction: Text
    paid_at: Instant


class QueryPayment(Effect):
    """Asks the gateway what became of an attempt; asking again does no harm."""

    TYPE: ClassVar[str] = "vnpay.query"
    POLICY: ClassVar[Policy] = "repeat"
    PARTNER: ClassVar[str | None] = "vnpay"
    MAX_ATTEMPTS: ClassVar[int] = 100
    attempt: Text
    created_at: Instant

    def unknown(self) -> Outcome:
        """Asked too often without an answer."""
        return QueryAnswered(attempt=self.attempt)


class QueryAnswered(Outcome):
    """`found` is None while the payer has not decided, or the gateway knows no such attempt."""

    attempt: Text
    found: GatewayNotified | None = None
