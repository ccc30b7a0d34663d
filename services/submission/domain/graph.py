"""The life of a dossier as a graph: every edge, the event that tells of it, and nothing besides. Pure.

    filed ─ accept ─ receiving ─ (code) ─ awaiting_fee ─ (fee) ─ assigning ─ assign ─ examining ─ examine ─ deciding
      │                                                                         │                             │
      └──────────── request ─ supplementing ─ answer ───────────────────────────┘                           decide
                                                                                                              │
    returned ─ (delivered) ─ returning ─ (number) ─ numbering ─ issue ─ issuing ──────────────────────────────┘

and out of it to rejected, withdrawn, stopped. What no edge allows is refused by name. By law a fee may be due elsewhere
than after reception (`law.procedures.FeePoint`): then awaiting_fee comes before filed, or between deciding and issuing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from chassis.decision import Command, DeadlineDue, Impossible, Refused
from chassis.series import NumberTaken
from law.statuses import Status
from schemas import dossier as events
from schemas import feedback, work
from schemas.delivery import ResultDelivered
from schemas.event import Event, Record
from schemas.payment import PaymentReceived
from services.submission import messages as do
from services.submission.domain.dossier import Dossier, Stage

STATUS: Final[dict[Stage, Status]] = {
    "filed": Status.REGISTERED,
    "receiving": Status.REGISTERED,
    "supplementing": Status.SUPPLEMENT_REQUESTED,
    "awaiting_fee": Status.FEE_REQUESTED,
    "assigning": Status.RECEIVED,
    "examining": Status.PROCESSING,
    "deciding": Status.PROCESSING,
    "issuing": Status.DECIDED,
    "numbering": Status.DECIDED,
    "returning": Status.DECIDED,
    "returned": Status.RETURNED,
    "rejected": Status.REFUSED,
    "withdrawn": Status.WITHDRAWN,
    "stopped": Status.STOPPED,
}
ENDS: Final[frozenset[Stage]] = frozenset({"returned", "rejected", "withdrawn", "stopped"})
WORKED: Final[frozenset[Stage]] = frozenset({"assigning", "examining", "deciding", "issuing"})
"""Stages in which the term runs and officers work."""


@dataclass(frozen=True, slots=True)
class Edge:
    """`on` in one of `out_of` leads to one of `into` and says `event` (None: what follows says it)."""

    on: type[Record]
    out_of: frozenset[Stage]
    into: frozenset[Stage]
    event: type[Event] | None


def _edge(on: type[Record], out_of: str, into: str, event: type[Event] | None) -> Edge:
    stages: dict[str, Stage] = {stage: stage for stage in get_args(Stage)}
    return Edge(on, frozenset(stages[s] for s in out_of.split()), frozenset(stages[s] for s in into.split()), event)


EDGES: Final = (
    _edge(do.FileDossier, "", "filed", events.DossierSubmitted),
    _edge(do.FileDossier, "", "awaiting_fee", events.FeeRequested),
    _edge(do.AcceptDossier, "filed", "receiving", None),
    _edge(NumberTaken, "receiving", "awaiting_fee assigning", events.DossierAccepted),
    _edge(do.RejectDossier, "filed", "rejected", events.DossierRejected),
    _edge(do.RequestSupplement, "filed examining", "supplementing", events.SupplementRequested),
    _edge(do.SupplementDossier, "supplementing", "filed examining", events.DossierSupplemented),
    _edge(DeadlineDue, "supplementing awaiting_fee", "stopped", events.DossierStopped),
    _edge(PaymentReceived, "awaiting_fee", "filed assigning issuing", events.FeeSettled),
    _edge(
        do.CheckOriginal,
        "filed awaiting_fee assigning examining deciding",
        "filed awaiting_fee assigning examining deciding",
        events.OriginalChecked,
    ),
    _edge(do.AssignDossier, "assigning examining", "examining", work.DossierAssigned),
    _edge(do.TakeDossier, "examining", "examining", work.DossierTaken),
    _edge(do.ReleaseDossier, "examining", "examining", work.DossierReleased),
    _edge(do.HandOver, "examining", "examining", work.DossierHandedOver),
    _edge(do.PassStep, "examining", "examining", work.StepDone),
    _edge(do.AnswerStage, "examining", "examining", work.StageAnswered),
    _edge(do.ExamineDossier, "examining", "deciding", events.DossierExamined),
    _edge(do.ExtendTerm, "assigning examining deciding", "assigning examining deciding", events.DossierExtended),
    _edge(do.StopDossier, "supplementing awaiting_fee assigning examining deciding", "stopped", events.DossierStopped),
    _edge(
        do.WithdrawDossier,
        "filed supplementing awaiting_fee assigning examining deciding",
        "withdrawn",
        events.DossierWithdrawn,
    ),
    _edge(do.DecideDossier, "deciding", "issuing", events.DossierDecided),
    _edge(do.DecideDossier, "deciding", "awaiting_fee", events.FeeRequested),
    _edge(do.IssueResult, "issuing", "numbering", None),
    _edge(NumberTaken, "numbering", "returning", events.ResultIssued),
    _edge(ResultDelivered, "returning", "returned", events.DossierCompleted),
    _edge(do.RateDossier, "returned rejected stopped", "returned rejected stopped", feedback.DossierRated),
    _edge(do.Complain, "returned rejected stopped", "returned rejected stopped", feedback.ComplaintFiled),
    _edge(do.AnswerComplaint, "returned rejected stopped", "returned rejected stopped", feedback.ComplaintAnswered),
)
"""Besides, deadlines say `DueSoon` and `Overdue`, a changed calendar `DossierRetimed`, and rights of the person what
`schemas.rights` has: they change no stage."""


UNDECIDED: Final = frozenset({do.StopDossier.__name__, do.WithdrawDossier.__name__})
"""Not possible any more once it is decided, whatever it waits for then."""


def allowed(stage: Stage) -> tuple[str, ...]:
    """What may be asked of a dossier in that stage, by the name of the command."""
    names = (edge.on.__name__ for edge in EDGES if issubclass(edge.on, Command) and stage in edge.out_of)
    return tuple(dict.fromkeys(names))


def possible(dossier: Dossier) -> tuple[str, ...]:
    """What may be asked of that dossier now, by the name of the command."""
    return tuple(word for word in allowed(dossier.stage) if not (dossier.outcome and word in UNDECIDED))


def enter(dossier: Dossier | None, command: do.Official | do.Own) -> Dossier:
    """The dossier, where this command may be carried out on it.

    Raises:
        Refused: `not_found`, `stale` (another revision than the one seen), `wrong_stage` (names what is possible).
    """
    if dossier is None or (isinstance(command, do.Own) and command.owner != dossier.owner):
        raise Refused("not_found", "there is no such dossier")
    if isinstance(command, do.Official) and command.revision not in {None, dossier.revision}:
        raise Refused("stale", f"the dossier is at revision {dossier.revision}, not {command.revision}: look again")
    name = type(command).__name__
    words = possible(dossier)
    if name not in words:
        instead = f"only {', '.join(words)}" if words else "nothing is"
        raise Refused("wrong_stage", f"the dossier is {dossier.stage}: {name} is not possible, {instead}")
    return dossier


def known(dossier: Dossier | None, message: Record) -> Dossier:
    """The dossier an outcome or another service's event is about. Raises Impossible where there is none."""
    if dossier is None:
        raise Impossible(f"{type(message).__name__} for a dossier that was never filed")
    return dossier
