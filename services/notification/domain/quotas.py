"""How often something was asked for lately, by a number or from an address. Pure; ids are tokens (HMAC)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from chassis.decision import Command, Decision, Handlers
from schemas.event import Instant, Record

HOUR: Final = timedelta(hours=1)


class Quota(Record):
    """When, in the last hour; bounded by the limit itself."""

    spent: tuple[Instant, ...] = ()


class Spend(Command):
    """One more, if there were fewer than `most` in the last hour."""

    most: int


def spend(quota: Quota | None, command: Spend, now: datetime) -> Decision[Quota]:
    """`allowed` says whether; what is refused does not count."""
    spent = tuple(at for at in (quota or Quota()).spent if at > now - HOUR)
    if len(spent) >= command.most:
        return Decision(Quota(spent=spent), answer={"allowed": False})
    return Decision(Quota(spent=(*spent, now)), answer={"allowed": True})


HANDLERS: Final[Handlers] = {Spend: spend}
