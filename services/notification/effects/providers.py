"""What every way to send an SMS has in common: the port, and what a provider may answer.

    Exception
    └── Away      certainly nothing was taken: not connected, busy; another provider may be tried at once

Anything else a provider raises means that nobody can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from schemas.notification import Failure


class Away(Exception):
    """Nothing was taken. `after`: when it asked to be tried again; None: it does not answer at all."""

    def __init__(self, why: str, *, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True, slots=True)
class Taken:
    """It has the message, under these ids, one a part."""

    ids: tuple[str, ...]
    code: str


@dataclass(frozen=True, slots=True)
class Declined:
    """It will not send it. `elsewhere`: for a reason of its own, so that another provider may well take it."""

    code: str
    reason: str
    failure: Failure
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class Sms:
    """One text to one number in E.164. `id`: ours, each time the same; `before` is called just before bytes leave."""

    id: str
    message: str
    to: str
    text: str
    before: Callable[[], None]
    urgent: bool = False


class Provider(Protocol):
    """One way to send an SMS. `price`: VND a segment."""

    name: str
    price: int

    async def send(self, sms: Sms) -> Taken | Declined:
        """Raises Away while certainly no part was taken."""

    async def run(self) -> None:
        """Keeps what it needs, until cancelled."""
