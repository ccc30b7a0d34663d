"""Files the dossiers of drafts: what was begun is finished, whoever died in between."""

from __future__ import annotations

from chassis.decision import Outcome
from chassis.http import Problem
from chassis.runner import Call, Permanent, Retryable
from chassis.service import Platform
from services.submission.domain.drafts import DraftFiled, Drawer, FileDraft
from services.submission.domain.filing import BadFiling, checked
from services.submission.domain.unfinished import Unfinished
from services.submission.files.attaching import with_files


class FilesDraft:
    """Adapter of `FileDraft`; the dossier's id makes a repeat harmless."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def execute(self, effect: FileDraft, call: Call) -> Outcome:
        """The dossier, made of what the draft held when it was filed. Raises Permanent `invalid`, `erased`."""
        found = await self._platform.engine("drafts").read(call.aggregate)
        drawer: Drawer | None = found.state if found else None
        if drawer is None or effect.draft not in drawer.drafts:
            return DraftFiled(draft=effect.draft)
        held = Unfinished.model_validate_json(await call.open(drawer.drafts[effect.draft].content))
        owner = await call.open(drawer.owner)
        token = self._platform.settings.token
        try:
            command = checked(
                held.filing(), effect.filed_at, dossier=effect.dossier_id, owner=owner, route="portal", token=token
            )
            command = await with_files(self._platform, command, held.files)
        except BadFiling as error:
            raise Permanent("invalid", str(error)) from error
        except Problem as error:
            if error.status != 422:  # noqa: PLR2004 - HTTP's own number: it is the files that are wrong
                raise Retryable(str(error)) from error
            raise Permanent("invalid", str(error)) from error
        await self._platform.engine("dossiers").tell(effect.dossier_id, command, call.trace)
        return DraftFiled(draft=effect.draft)
