"""Files the dossier of an exchange: another aggregate of this service."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Outcome
from chassis.runner import Call
from chassis.service import Platform
from services.submission.messages import FiledUpstream, FileUpstream


class FilesUpstream:
    """Adapter of `FileUpstream`; the dossier's id makes a repeat harmless."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def execute(self, effect: FileUpstream, call: Call) -> Outcome:
        """The dossier, as it exists now."""
        engine = self._platform.engine("dossiers")
        answer = await engine.tell(effect.filing.dossier_id, effect.filing, call.trace)
        filed_at = datetime.fromisoformat(answer["filed_at"])
        return FiledUpstream(event=effect.event, dossier_id=effect.filing.dossier_id, filed_at=filed_at)
