"""The table of contents: the aggregate of delivery (what it reacts to: `domain.consignment.handlers`)."""

from __future__ import annotations

from datetime import timedelta

from chassis.document import AggregateType
from schemas.topics import STREAMS
from services.delivery.domain.consignment import Delivery, handlers
from services.delivery.messages import AskConsignment, OrderConsignment, RenderDocument


def deliveries(poll: timedelta) -> AggregateType[Delivery]:
    """One delivery per dossier."""
    return AggregateType(
        name="deliveries",
        state=Delivery,
        handlers=handlers(poll),
        effects=(RenderDocument, OrderConsignment, AskConsignment),
        topic_of=lambda _event, _state: STREAMS["delivery"].name,
        view=lambda state: {"status": state.status},
        indexes=(("status",),),
    )
