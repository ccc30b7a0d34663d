"""The table of contents of a dossier's life: every message and the function that decides it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.decision import DeadlineDue, Decision, Handler, Handlers, Impossible
from chassis.series import NumberConfirmed, NumberTaken
from schemas.delivery import ResultDelivered
from schemas.payment import InvoiceExpired, PaymentReceived
from services.submission import messages as do
from services.submission.domain import (
    deadlines,
    decision,
    ending,
    examination,
    holding,
    national,
    papers,
    privacy,
    reception,
    rights,
    supplement,
    telling,
)
from services.submission.domain.dossier import Dossier, Rules
from services.submission.domain.graph import known
from services.submission.portal_messages import NationalSynced, PortalTold

ByRules = Callable[[Any, Any, datetime, Rules], Decision[Dossier]]


def numbered(dossier: Dossier | None, outcome: NumberTaken, now: datetime, rules: Rules) -> Decision[Dossier]:
    """A number came: of the dossier code, or of the result."""
    dossier = known(dossier, outcome)
    match dossier.stage:
        case "receiving":
            return reception.coded(dossier, outcome, now, rules)
        case "numbering":
            return decision.issued(dossier, outcome, now)
        case _:
            raise Impossible(f"a number for a dossier that is {dossier.stage}")


def confirmed(dossier: Dossier | None, _outcome: NumberConfirmed, _now: datetime) -> Decision[Dossier]:
    """Nothing more to do."""
    return Decision(dossier)


def handlers(rules: Rules) -> Handlers:
    """What a dossier reacts to. Whatever happened, its portal is told, and the deadline is the next instant due."""

    def timed(handler: Handler) -> Handler:
        def decide(state: Any, message: Any, now: datetime) -> Decision[Any]:
            found = national.reported(telling.told(handler(state, message, now)), rules)
            return replace(found, due=deadlines.next_due(found.state, rules))

        return decide

    def ruled(handler: ByRules) -> Handler:
        return lambda state, message, now: handler(state, message, now, rules)

    table: dict[type[Any], Handler] = {
        do.FileDossier: ruled(reception.file),
        do.AcceptDossier: ruled(reception.accept),
        do.RejectDossier: reception.reject,
        PaymentReceived: ruled(reception.paid),
        InvoiceExpired: ruled(reception.unpaid),
        do.RequestSupplement: ruled(supplement.request),
        do.SupplementDossier: ruled(supplement.answer),
        do.CheckOriginal: papers.check_original,
        do.AssignDossier: ruled(holding.assign),
        do.TakeDossier: holding.take,
        do.ReleaseDossier: holding.release,
        do.HandOver: holding.hand_over,
        do.PassStep: examination.pass_step,
        do.AnswerStage: ruled(examination.answer_stage),
        do.ExamineDossier: examination.examine,
        do.ExtendTerm: ruled(examination.extend),
        do.StopDossier: examination.stop,
        do.WithdrawDossier: ending.withdraw,
        do.DecideDossier: ruled(decision.decide),
        do.IssueResult: decision.issue,
        NumberTaken: ruled(numbered),
        NumberConfirmed: confirmed,
        ResultDelivered: decision.delivered,
        do.RateDossier: ending.rate,
        do.Complain: ruled(ending.complain),
        do.AnswerComplaint: ending.answer_complaint,
        PortalTold: telling.heard,
        NationalSynced: national.synced,
        DeadlineDue: ruled(deadlines.fell_due),
        do.RecountDates: ruled(deadlines.recounted),
        do.ForgetPerson: privacy.forget,
        do.CorrectPerson: rights.correct,
        do.RestrictProcessing: rights.restrict,
        do.LiftRestriction: rights.lift,
    }
    return {message: timed(handler) for message, handler in table.items()}
