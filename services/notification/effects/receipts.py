"""Between the two aggregates of notification: who a receipt is for, and what it said."""

from __future__ import annotations

from chassis.decision import Outcome
from chassis.runner import Call
from chassis.service import Platform
from services.notification.effects.smpp import part_id
from services.notification.messages import (
    PartReceipt,
    PartsRegistered,
    ReceiptReported,
    RegisterPart,
    RegisterParts,
    ReportReceipt,
)


class RegistersParts:
    """Adapter of `RegisterParts`; idempotent."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def execute(self, effect: RegisterParts, call: Call) -> Outcome:
        """Each id of the centre learns its message."""
        command = RegisterPart(dossier=call.aggregate, message=effect.message)
        for message_id in effect.ids:
            aggregate = part_id(self._platform.settings.smpp_system_id, message_id)
            await self._platform.engine("receipts").tell(aggregate, command, call.trace)
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
