"""What an adapter is given and what it may answer: the edge between this system and a partner's protocol.

    Exception
    ├── Retryable         certainly not executed now: try again later
    │   └── NotSent       by our own doing: no attempt is counted, the partner is not to blame
    └── Permanent         certainly not executed, and trying again would not help

Anything else an adapter raises, a time-out included, is a bug or uncertain: perhaps executed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from chassis.decision import FailureReason, Outcome
from chassis.keyring import Keyring, Unopenable
from chassis.store import StoreUnavailable
from schemas.personal import Personal


class Retryable(Exception):
    """The effect was certainly not executed; it may be tried again, `after` some time if the partner said so."""

    def __init__(self, why: str, *, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class NotSent(Retryable):
    """Nothing was sent, for a reason of ours."""


class Permanent(Exception):
    """The effect was certainly not executed and never will be: `Effect.failed(reason)` is its outcome."""

    def __init__(self, reason: FailureReason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Call:
    """What an adapter knows of the call. `id` is the idempotency key towards the partner.

    `deadline` is on the monotonic clock of this process, in seconds; it is over a second before the lease ends.
    """

    id: str
    aggregate: str
    attempts: int
    trace: str | None
    keyring: Keyring
    deadline: float
    mark: Callable[[str], None] | None = None

    async def open(self, value: Personal) -> str:
        """The clear text of a sealed value of this aggregate's dossier.

        Raises:
            Permanent: its key was erased, or it is not this dossier's.
            NotSent: the keyring is away, or this process lacks the master key.
        """
        try:
            return await self.keyring.open(self.aggregate, value)
        except Unopenable as error:
            raise Permanent("erased", str(error)) from error
        except StoreUnavailable as error:
            raise NotSent(f"keyring: {type(error).__name__}") from error

    def check(self) -> None:
        """Call it just before the bytes leave; raises NotSent when the time of this call is over."""
        self.timely()
        if self.mark is not None:
            self.mark(self.id)

    def timely(self) -> None:
        """Raises NotSent when the time of this call is over; says nothing about bytes."""
        if time.monotonic() > self.deadline:
            raise NotSent("the lease is about to end")


class Adapter(Protocol):
    """The only place that speaks a partner's protocol."""

    async def execute(self, effect: Any, call: Call) -> Outcome:
        """A definite outcome.

        Raises:
            Retryable: it was certainly not executed: no connection, "busy", "come again later".
            Permanent: it was certainly not executed, and the partner's protocol has no outcome that says so.
        """


@runtime_checkable
class Asks(Protocol):
    """An adapter of an effect with policy *ask*."""

    async def ask(self, effect: Any, call: Call) -> Outcome | None:
        """What became of an earlier attempt; None only if it certainly never will be executed.

        Where the partner does not promise that, "not found" is `effect.unknown()`.
        """


@runtime_checkable
class Knows(Protocol):
    """An adapter that may know an outcome without asking anybody: because its partner is not configured, say."""

    def known(self, effect: Any) -> Outcome | None:
        """The outcome, folded into the write that decided the effect; None where it has to be executed.

        Pure, and the same for the same effect as long as the process lives. Raises nothing.
        """


@runtime_checkable
class Hears(Protocol):
    """An adapter that is told when an outcome of its is durable."""

    def recorded(self, effect: Any, aggregate: str) -> None:
        """The document has it. A process that dies says so to nobody: nothing may rest on being told."""
