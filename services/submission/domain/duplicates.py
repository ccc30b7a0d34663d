"""Which dossiers may be one filed twice: the same procedure, phone and name, while one of them is open. Pure.

Only a flag for an officer: an applicant may rightly file the same procedure again, and what a form says is sealed and
cannot be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from services.submission.domain.dossier import Dossier

ENDED: Final = frozenset({"returned", "rejected", "withdrawn", "stopped"})
_SAME: Final = 2
"""The first tokens of a dossier (`finding.tokens_of`): the applicant's phone, and all of the name."""


def query(dossier: Dossier) -> Mapping[str, Any] | None:
    """What lists are asked for; None where nothing is known of the applicant any more."""
    if len(dossier.tokens) < _SAME:
        return None
    return {"procedure": dossier.procedure, "tokens": {"$all": list(dossier.tokens[:_SAME])}}


def among(dossier: Dossier, others: Iterable[Dossier]) -> list[Dossier]:
    """Those of `others` that may be this one again, the oldest first."""
    open_here = dossier.stage not in ENDED
    found = [
        other
        for other in others
        if other.id != dossier.id
        and other.procedure == dossier.procedure
        and other.tokens[:_SAME] == dossier.tokens[:_SAME]
        and (open_here or other.stage not in ENDED)
    ]
    return sorted(found, key=lambda other: other.filed_at)
