"""Whose turn it is: the commands an officer may give a dossier now, and what is in the way of the others. Pure.

For showing before anything is filled in. Each decision asks the same functions again, so nothing rests on this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chassis.decision import Refused
from schemas.work import By
from services.submission import messages as do
from services.submission.domain import ending, examination, graph, holding, supplement
from services.submission.domain.dossier import Dossier

GIVEN_BY: Final[Mapping[type[do.Official], tuple[str, ...]]] = {
    do.AcceptDossier: ("clerk",),
    do.RejectDossier: ("clerk",),
    do.RequestSupplement: ("clerk", "specialist"),
    do.CheckOriginal: ("clerk",),
    do.AssignDossier: ("leader",),
    do.TakeDossier: ("specialist",),
    do.ReleaseDossier: ("specialist",),
    do.HandOver: ("specialist",),
    do.PassStep: ("specialist",),
    do.AnswerStage: ("specialist",),
    do.ExamineDossier: ("specialist",),
    do.ExtendTerm: ("leader",),
    do.StopDossier: ("leader",),
    do.DecideDossier: ("leader",),
    do.IssueResult: ("registrar",),
    do.AnswerComplaint: ("leader",),
}
"""The roles a command is given in; an officer with several gives it in the first of them."""
_CHECKS: Final[Mapping[type[do.Official], Callable[[Dossier, By, datetime], Any]]] = {
    do.RequestSupplement: supplement.askable,
    do.TakeDossier: lambda dossier, by, _: holding.takeable(dossier, by),
    do.ReleaseDossier: lambda dossier, by, _: holding.mine(dossier, by),
    do.HandOver: lambda dossier, by, _: holding.mine(dossier, by),
    do.PassStep: lambda dossier, by, _: examination.passable(dossier, by),
    do.AnswerStage: lambda dossier, by, _: examination.present_stage(dossier, by),
    do.ExamineDossier: lambda dossier, by, _: holding.mine(dossier, by),
    do.ExtendTerm: lambda dossier, _, now: examination.extendable(dossier, now),
    do.DecideDossier: lambda dossier, by, _: holding.apart(dossier, by),
    do.AnswerComplaint: lambda dossier, by, _: ending.answerable(dossier, by),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A command that the dossier's stage allows and one of the officer's roles gives; `refused`: why not now."""

    command: str
    role: str
    refused: Refused | None = None


def turns(dossier: Dossier, officer: Iterable[By], now: datetime) -> tuple[Turn, ...]:
    """`officer`: in each of their roles."""
    roles = {by.role: by for by in officer}
    possible = graph.possible(dossier)
    found = []
    for command, givers in GIVEN_BY.items():
        by = next((roles[role] for role in givers if role in roles), None)
        if by is not None and command.__name__ in possible:
            found.append(Turn(command.__name__, by.role, _refusal(command, dossier, by, now)))
    return tuple(found)


def _refusal(command: type[do.Official], dossier: Dossier, by: By, now: datetime) -> Refused | None:
    check = _CHECKS.get(command)
    try:
        if check is not None:
            check(dossier, by, now)
    except Refused as refused:
        return refused
    return None
