"""Papers of a dossier on their way to the office, by post. Pure."""

from __future__ import annotations

from datetime import datetime

from chassis.decision import Decision, Impossible, Refused
from schemas.delivery import PapersArrived, PapersFailed, PapersOrdered
from services.delivery.domain.delivery import MAX_PARCELS, Delivery, Parcel, Rules, known
from services.delivery.domain.moves import DELIVERED, TROUBLES, latest_final, with_moves
from services.delivery.duties import CollectPapers
from services.delivery.messages import Moved, PapersRefused, PapersTaken, ReceivePapers, SendPapers


def send_papers(delivery: Delivery | None, command: SendPapers, _now: datetime) -> Decision[Delivery]:
    """The applicant has papers for the office: the post office fetches them."""
    delivery = known(delivery)
    if delivery.applicant is None:
        raise Refused("not_available", "the dossier is not known here yet")
    if any(p.arrived_at is None and p.failed is None for p in delivery.inbound):
        raise Refused("already_ordered", "papers of this dossier are on their way already")
    if len(delivery.inbound) >= MAX_PARCELS:
        raise Refused("too_many", f"{MAX_PARCELS} envelopes at most")
    order = f"{delivery.dossier_id}:in{len(delivery.inbound) + 1}"
    effect = CollectPapers(
        order=order, sender=delivery.applicant.name, phone=delivery.applicant.phone, address=command.address
    )
    having = delivery.having(inbound=(*delivery.inbound, Parcel(order=order)))
    return Decision(having, effects=(effect,), answer={"order": order})


def papers_taken(delivery: Delivery | None, outcome: PapersTaken, now: datetime, rules: Rules) -> Decision[Delivery]:
    """The post office will fetch them."""
    if delivery is None or not delivery.inbound:
        raise Impossible("papers nobody sent")
    if delivery.inbound[-1].tracking is not None:
        return Decision(delivery)
    last = delivery.inbound[-1].model_copy(update={"tracking": outcome.tracking, "failed": None})
    said = PapersOrdered(dossier_id=delivery.dossier_id, tracking=outcome.tracking, ordered_at=now)
    having = delivery.having(inbound=(*delivery.inbound[:-1], last))
    if delivery.status in {"available", "travelling"}:
        return Decision(having, (said,))  # a deadline is set already, and asking goes with it
    return Decision(having, (said,), due=now + rules.poll)


def papers_refused(delivery: Delivery | None, outcome: PapersRefused, now: datetime) -> Decision[Delivery]:
    """They are not fetched; the applicant may try again."""
    if delivery is None or not delivery.inbound:
        raise Impossible("papers nobody sent")
    last = delivery.inbound[-1].model_copy(update={"failed": outcome.reason})
    said = PapersFailed(dossier_id=delivery.dossier_id, reason=outcome.reason, failed_at=now)
    return Decision(delivery.having(inbound=(*delivery.inbound[:-1], last)), (said,))


def coming(delivery: Delivery, tracking: str, moves: tuple[Moved, ...]) -> Decision[Delivery]:
    parcel = with_moves(next(p for p in delivery.inbound if p.tracking == tracking), moves)
    final = latest_final(parcel.moves)
    if final is None or parcel.arrived_at is not None:
        return Decision(_inbound(delivery, parcel))
    if final.status != DELIVERED:
        return Decision(_inbound(delivery, parcel.model_copy(update={"failed": TROUBLES[final.status][1]})))
    return _arrived(delivery, parcel, final.at)


def receive_papers(delivery: Delivery | None, command: ReceivePapers, now: datetime) -> Decision[Delivery]:
    """The clerk has them in hand, whether or not the post office knows."""
    delivery = known(delivery)
    parcel = next((p for p in delivery.inbound if p.tracking == command.tracking), None)
    answer = {"tracking": command.tracking}
    if parcel is not None and parcel.arrived_at is not None:
        return Decision(delivery, answer=answer)
    if parcel is None:
        if len(delivery.inbound) >= MAX_PARCELS:
            raise Refused("too_many", f"{MAX_PARCELS} envelopes at most")
        parcel = Parcel(order=f"{delivery.dossier_id}:in{len(delivery.inbound) + 1}", tracking=command.tracking)
        delivery = delivery.having(inbound=(*delivery.inbound, parcel))
    decided = _arrived(delivery, parcel, now)
    return Decision(decided.state, decided.events, answer=answer)


def _arrived(delivery: Delivery, parcel: Parcel, at: datetime) -> Decision[Delivery]:
    if parcel.tracking is None:
        raise Impossible("papers without a number arrived")
    said = PapersArrived(dossier_id=delivery.dossier_id, tracking=parcel.tracking, arrived_at=at)
    arrived = parcel.model_copy(update={"arrived_at": at, "failed": None})
    return Decision(_inbound(delivery, arrived), (said,))


def _inbound(delivery: Delivery, parcel: Parcel) -> Delivery:
    return delivery.having(inbound=tuple(parcel if p.order == parcel.order else p for p in delivery.inbound))
