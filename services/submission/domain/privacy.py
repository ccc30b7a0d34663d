"""What a person's rights mean for a dossier: how long it must be kept, and what is left of it afterwards. Pure.

The text of a dossier is erased with its key, everywhere; here goes what needs no key to tell about a person: the
account that filed, the tokens it is found by, the answers its fee was counted from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from chassis.decision import Decision, Refused
from law import retention
from law.retention import Kept, Outcome
from services.submission.domain.dossier import Dossier, local_day
from services.submission.messages import ForgetPerson

NOBODY: Final = ""
"""The account of a dossier whose person was erased; no caller has it."""
FORGOTTEN: Final[dict[str, Any]] = {"owner": NOBODY, "tokens": (), "answers": {}}
"""What the fields that tell of a person without any key are afterwards."""
_ENDED: Final[dict[str, Outcome]] = {"rejected": "rejected", "withdrawn": "withdrawn", "stopped": "stopped"}


def outcome(dossier: Dossier) -> Outcome | None:
    """How it ended; None while it has not, or while a complaint about it waits for its answer."""
    if dossier.grievance is not None or dossier.ended_at is None:
        return None
    return dossier.outcome if dossier.stage == "returned" else _ENDED.get(dossier.stage)


def kept(dossier: Dossier) -> Kept | None:
    """Until when it must be kept; None while it has not ended. Raises LawDataError where no rule says."""
    ending = outcome(dossier)
    if ending is None or dossier.ended_at is None:
        return None
    answered = dossier.complaint.answered_at if dossier.complaint is not None else None
    return retention.kept(dossier.procedure, ending, local_day(max(dossier.ended_at, answered or dossier.ended_at)))


def forget(dossier: Dossier | None, _command: ForgetPerson, now: datetime) -> Decision[Dossier]:
    """Nothing of it tells of a person any more; a repeat changes nothing. Raises Refused `not_found`, `not_over`."""
    if dossier is None:
        raise Refused("not_found", "there is no such dossier")
    found = kept(dossier)
    if found is None or not found.over(local_day(now)):
        raise Refused("not_over", "it must still be kept")
    if dossier.owner == NOBODY:
        return Decision(dossier, answer=dossier.answer)
    forgotten = dossier.same(now, **FORGOTTEN)
    return Decision(forgotten, answer=forgotten.answer)
