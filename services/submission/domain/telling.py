"""What the portal that filed a dossier is told of it: every step that concerns the applicant. Pure.

Who works on it inside the agency is not told; that somebody does is (`assigned`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from chassis.decision import Decision
from schemas import dossier as events
from schemas.event import Event
from schemas.upstream import StatusChange, Step
from schemas.work import DossierAssigned, DossierRetimed, StageAnswered
from services.submission.domain.dossier import Dossier
from services.submission.domain.graph import STATUS
from services.submission.portal_messages import PortalTold, TellPortal

STEPS: Final[Mapping[type[Event], tuple[Step, str]]] = {
    events.DossierAccepted: ("accepted", "received_at"),
    events.FeeRequested: ("fee_requested", "requested_at"),
    events.FeeSettled: ("fee_settled", "paid_at"),
    events.DossierRejected: ("rejected", "rejected_at"),
    DossierAssigned: ("assigned", "assigned_at"),
    events.SupplementRequested: ("supplement_requested", "requested_at"),
    events.DossierSupplemented: ("supplemented", "supplemented_at"),
    events.DossierExtended: ("extended", "extended_at"),
    DossierRetimed: ("retimed", "retimed_at"),
    StageAnswered: ("stage_answered", "answered_at"),
    events.DossierStopped: ("stopped", "stopped_at"),
    events.DossierWithdrawn: ("withdrawn", "withdrawn_at"),
    events.DossierDecided: ("decided", "decided_at"),
    events.ResultIssued: ("result_issued", "issued_at"),
    events.DossierCompleted: ("completed", "completed_at"),
}
"""What is told, and which field of the event says when it happened."""
SAID: Final = ("due_at", "total", "items", "answer_by", "answer", "outcome", "reason", "ground")
"""Fields of an event that are told as they are."""


def told(found: Decision[Dossier]) -> Decision[Dossier]:
    """The decision, and word of it to the portal that filed the dossier, if one did."""
    dossier = found.state
    if dossier is None or dossier.portal is None:
        return found
    portal, effects = dossier.portal, []
    for event in found.events:
        if type(event) not in STEPS or (isinstance(event, DossierRetimed) and event.matter != "term"):
            continue
        portal = portal.model_copy(update={"told": portal.told + 1})
        change = _change(dossier, event, portal.told)
        where = {"dossier_id": dossier.id, "source": portal.source, "reference": portal.reference}
        effects.append(TellPortal(change=change, **where))
    if not effects:
        return found
    return replace(found, state=dossier.model_copy(update={"portal": portal}), effects=(*found.effects, *effects))


def heard(dossier: Dossier | None, _outcome: PortalTold, _now: datetime) -> Decision[Dossier]:
    """Nothing more to do."""
    return Decision(dossier)


def _change(dossier: Dossier, event: Event, number: int) -> StatusChange:
    step, when = STEPS[type(event)]
    said: dict[str, Any] = {name: getattr(event, name) for name in SAID if hasattr(event, name)}
    if isinstance(event, events.ResultIssued):
        said["result_number"] = event.number
    return StatusChange(
        number=number,
        step=step,
        status=STATUS[dossier.stage],
        happened_at=getattr(event, when),
        code=dossier.code,
        **said,
    )
