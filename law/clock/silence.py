"""What it means that no answer came (rule 10 of `law.clock`)."""

from datetime import datetime
from typing import Literal

from law.clock.hours import local
from law.clock.model import Due

Silence = Literal["waiting", "consent", "breach"]


def meaning_of_silence(law_says: Literal["consent"] | None, due: Due, now: datetime) -> Silence:
    """Return what silence means at the instant `now`; `law_says` is the procedure's rule. Raises ClockError."""
    if due.due is None or local(now) <= due.due:
        return "waiting"
    return law_says or "breach"
