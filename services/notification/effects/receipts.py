"""What concerns receipts: those of messages nobody could tell about, and what the release before left to do."""

from __future__ import annotations

from chassis.decision import Outcome
from chassis.runner import Call, NotSent
from chassis.service import Platform
from chassis.store import StoreUnavailable
from services.notification.effects.parts import Part, Parts
from services.notification.messages import (
    PartReceipt,
    PartsRegistered,
    ReceiptReported,
    ReceiptsSought,
    RegisterParts,
    ReportReceipt,
    SeekReceipt,
)
from services.notification.settings import FIRST_PROVIDER


class SeeksReceipts:
    """Adapter of `SeekReceipt`; idempotent."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def execute(self, effect: SeekReceipt, call: Call) -> Outcome:
        """Its receipts are matched from now on, those that came already too."""
        to = await call.open(effect.to)
        try:
            await self._parts.seek(call.aggregate, effect.message, to, effect.since)
        except StoreUnavailable as error:
            raise NotSent(f"store: {type(error).__name__}") from error
        return ReceiptsSought()


class RegistersParts:
    """Adapter of `RegisterParts`; idempotent."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def execute(self, effect: RegisterParts, call: Call) -> Outcome:
        """Each id of the centre learns its message."""
        for message_id in effect.ids:
            await self._parts.register(Part(FIRST_PROVIDER, message_id, call.aggregate, effect.message))
        return PartsRegistered()


class ReportsReceipt:
    """Adapter of `ReportReceipt`; idempotent."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def execute(self, effect: ReportReceipt, call: Call) -> Outcome:
        """The dossier learns what became of a part."""
        part = call.aggregate.partition(":")[2]
        command = PartReceipt(part=part, message=effect.message, state=effect.state, reason=effect.reason)
        await self._platform.engine("dossiers").tell(effect.dossier, command, call.trace)
        return ReceiptReported()
