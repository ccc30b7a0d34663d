"""The table of contents: the aggregate of tracking (what it reacts to: every event of every stream)."""

from __future__ import annotations

from typing import Final

from chassis.document import AggregateType
from services.tracking.domain.timeline import HANDLERS, Tracked

DOSSIERS: Final = AggregateType(
    name="dossiers",
    state=Tracked,
    handlers=HANDLERS,
    view=lambda state: {"status": state.status, "code": state.code},
    indexes=(("status",), ("code",)),
    rest=0.8,  # one write for what happens within that time of each other; people see it within a second
)
