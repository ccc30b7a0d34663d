"""When a message goes, and what is tried when it does not arrive: what an operator may set. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from services.notification.domain.catalogue import Catalogue, packaged
from services.notification.domain.forms import LOCAL
from services.notification.domain.templates import Lane

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Rules:
    """`quiet`: local hours from and to which information waits, None for never. `other_providers`: how many there are
    besides the one chosen first. `fallback_after`: without a receipt for so long another way is taken. `kept`: how
    long a carrier tries. `a_day`: messages of information about one dossier in 24 hours. `links`: as of
    `templates.said`.
    """

    catalogue: Catalogue = field(default_factory=packaged)
    quiet: tuple[int, int] | None = (22, 7)
    other_providers: int = 0
    fallback_after: timedelta = timedelta(minutes=10)
    kept: timedelta = timedelta(hours=48)
    a_day: int = 20
    links: Mapping[str, str] = field(default_factory=dict)

    def quiet_until(self, lane: Lane, now: datetime) -> datetime | None:
        """When the night is over that holds back a message of this lane, None if it may go now."""
        if self.quiet is None or lane != "information":
            return None
        begins, ends = self.quiet
        local = now.astimezone(LOCAL)
        night = local.hour >= begins or local.hour < ends if begins > ends else begins <= local.hour < ends
        if not night:
            return None
        morning = datetime.combine(local.date(), time(ends), LOCAL)
        return (morning if morning > local else morning + DAY).astimezone(now.tzinfo)
