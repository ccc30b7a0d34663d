"""Files the dossiers of upstream portals: the dossier is another aggregate of this service than the exchange."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.decision import Outcome
from chassis.delivery import Delivery, Result
from chassis.runner import Call
from chassis.service import Platform
from services.submission.messages import FiledUpstream, FileUpstream, UpstreamFiled


class FilesFirst:
    """Stands before the exchanges: files the dossier, then lets the exchange answer the portal.

    The offset is committed after both. Whatever dies between the two, the event comes again, and the dossier's id
    makes the filing the one that there was. Which event of a portal files is decided by their order in its partition,
    which the mailbox of the dossier keeps.
    """

    def __init__(self, platform: Platform) -> None:
        self._dossiers = platform.engine("dossiers")
        self._exchanges = platform.engine("exchanges")

    def post(self, delivery: Delivery) -> asyncio.Future[Result]:
        """Done when the exchange is written."""
        message = delivery.message
        if not isinstance(message, UpstreamFiled):
            return self._exchanges.post(delivery)
        filed = self._dossiers.post(Delivery(message.filing.dossier_id, message.filing, trace=delivery.trace))
        return asyncio.ensure_future(self._answer(delivery, message, filed))

    def hurry(self) -> None:
        """Portals' events are never patient."""

    async def _answer(self, delivery: Delivery, message: UpstreamFiled, filed: asyncio.Future[Result]) -> Result:
        at = _filed_at(getattr(await filed, "answer", {}))
        return await self._exchanges.post(replace(delivery, message=message.model_copy(update={"filed_at": at})))


class FilesUpstream:
    """Adapter of `FileUpstream`; the dossier's id makes a repeat harmless."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def execute(self, effect: FileUpstream, call: Call) -> Outcome:
        """The dossier, as it exists now."""
        engine = self._platform.engine("dossiers")
        answer = await engine.tell(effect.filing.dossier_id, effect.filing, call.trace)
        at = _filed_at(answer)
        return FiledUpstream(event=effect.event, dossier_id=effect.filing.dossier_id, filed_at=at)


def _filed_at(answer: Any) -> datetime:
    return datetime.fromisoformat(answer["filed_at"])
