"""What a delivery reacts to: the table of its handlers, and what it learns from the dossier. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chassis.decision import DeadlineDue, Decision, Handler, Handlers
from schemas.dossier import DossierDecided, DossierSubmitted, ResultIssued
from schemas.payment import PaymentReceived
from schemas.rights import PersonCorrected
from services.delivery import messages as m
from services.delivery.domain import cases, choice, consignment, desk, documents, envelopes, links
from services.delivery.domain.delivery import Delivery, Rules
from services.delivery.domain.papers import WRITTEN, Written


def submitted(delivery: Delivery | None, event: DossierSubmitted, _now: datetime, rules: Rules) -> Decision[Delivery]:
    """Who gets it, and how."""
    delivery = delivery or Delivery(dossier_id=event.dossier_id)
    known = delivery.having(
        way=event.way,
        owner=event.owner,
        applicant=event.applicant,
        address=event.address,
        papers=delivery.papers.with_filing(event),
    )
    return documents.begin(known, rules)


def noted(delivery: Delivery | None, event: Written, _now: datetime) -> Decision[Delivery]:
    """Something the applicant gets a paper about."""
    delivery = delivery or Delivery(dossier_id=event.dossier_id)
    return Decision(delivery.having(papers=delivery.papers.with_event(event)))


def decided(delivery: Delivery | None, event: DossierDecided, _now: datetime) -> Decision[Delivery]:
    """Who decided is who signs."""
    delivery = delivery or Delivery(dossier_id=event.dossier_id)
    return Decision(delivery.having(leader=event.by.officer if event.by else None))


def issued(delivery: Delivery | None, event: ResultIssued, _now: datetime, rules: Rules) -> Decision[Delivery]:
    """What it says."""
    delivery = delivery or Delivery(dossier_id=event.dossier_id)
    return documents.begin(delivery.having(result=event), rules)


def corrected(delivery: Delivery | None, event: PersonCorrected, _now: datetime) -> Decision[Delivery]:
    """Who gets it, and where it is to go if it has not left: what is under way keeps the address it was ordered to."""
    delivery = delivery or Delivery(dossier_id=event.dossier_id)
    return Decision(delivery.having(applicant=event.applicant, address=event.address or delivery.address))


def due(delivery: Delivery, _due: DeadlineDue, now: datetime, rules: Rules) -> Decision[Delivery]:
    """At the desk a reminder, on its way a question to the post office."""
    if delivery.status == "available":
        return desk.remind(delivery, now, rules)
    return consignment.ask(delivery, now, rules)


def handlers(rules: Rules) -> Handlers:
    """Every message of a delivery."""

    def ruled(handler: Callable[[Any, Any, datetime, Rules], Decision[Any]]) -> Handler:
        return lambda state, message, now: handler(state, message, now, rules)

    return {
        DossierSubmitted: ruled(submitted),
        **dict.fromkeys(WRITTEN, noted),
        DossierDecided: decided,
        PersonCorrected: corrected,
        ResultIssued: ruled(issued),
        PaymentReceived: consignment.paid,
        m.DocumentRendered: ruled(documents.rendered),
        m.DocumentRefused: documents.refused,
        m.MakeAgain: ruled(documents.again),
        m.AddDocument: ruled(documents.add),
        m.ReplaceDocument: ruled(documents.replace),
        m.RevokeDocument: documents.revoke,
        m.RegisterPhysical: ruled(documents.register),
        m.MakeLink: links.make,
        m.OpenLink: links.use,
        m.Collect: desk.collect,
        m.Choose: ruled(choice.choose),
        m.Cancelled: ruled(choice.cancelled),
        m.HandOver: consignment.hand_over,
        m.ConsignmentTaken: ruled(consignment.taken),
        m.ConsignmentRefused: consignment.refused,
        m.ConsignmentSeen: ruled(consignment.seen),
        m.PostTold: ruled(consignment.told),
        m.CloseCase: cases.close,
        m.SendPapers: envelopes.send_papers,
        m.PapersTaken: ruled(envelopes.papers_taken),
        m.PapersRefused: envelopes.papers_refused,
        m.ReceivePapers: envelopes.receive_papers,
        DeadlineDue: ruled(due),
    }
