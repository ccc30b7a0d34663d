"""Whether what has waited is still true: the only time a send reads its dossier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chassis.gather import Gather
from chassis.runner import Call, NotSent
from chassis.service import Platform
from chassis.store import StoreUnavailable
from services.notification.messages import SendEmail, SendSms

FRESH: Final = timedelta(seconds=10)


class Moot:
    """Asks about messages that are tried again or waited in a queue; those of one moment in one call to the store."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._read: Gather[tuple[str, str]] = Gather(self._all)

    async def __call__(self, call: Call, effect: SendSms | SendEmail) -> bool:
        """Raises NotSent when the store does not say."""
        fresh = effect.decided is None or datetime.now(UTC) - effect.decided < FRESH
        if call.attempts == 1 and fresh:
            return False
        try:
            return bool(await self._read((call.aggregate, effect.message)))
        except StoreUnavailable as error:
            raise NotSent(f"store: {type(error).__name__}") from error

    async def _all(self, asked: Sequence[tuple[str, str]]) -> Sequence[bool]:
        dossiers = self._platform.engine("dossiers").collection
        found = {stored["_id"]: stored for stored in await dossiers.load(sorted({dossier for dossier, _ in asked}))}
        return [_moot(found.get(dossier, {}), message) for dossier, message in asked]


def _moot(stored: dict[str, Any], message: str) -> bool:
    told = (stored.get("state") or {}).get("messages", ())
    return any(m["id"] == message and m.get("moot", False) for m in told)
