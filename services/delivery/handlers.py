"""The table of contents: the aggregate of delivery (what it reacts to: `domain.life.handlers`)."""

from __future__ import annotations

from chassis.document import AggregateType
from schemas.topics import STREAMS
from services.delivery.domain.delivery import Delivery, Rules
from services.delivery.domain.life import handlers
from services.delivery.duties import ALL


def deliveries(rules: Rules) -> AggregateType[Delivery]:
    """One delivery per dossier."""
    return AggregateType(
        name="deliveries",
        state=Delivery,
        handlers=handlers(rules),
        effects=ALL,
        topic_of=lambda _event, _state: STREAMS["delivery"].name,
        says=(STREAMS["delivery"].name,),
        view=lambda state: {"status": state.status, "codes": list(state.codes)},
        indexes=(("status",), ("codes",)),
    )
