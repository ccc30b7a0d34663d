"""What the event core costs in calls: deterministic counts under a backlog, never seconds."""

from __future__ import annotations

import uuid

import pytest

from bench.core.__main__ import Entry, run
from bench.core.work import Mix
from deploy.local.platform import Backbone


@pytest.mark.parametrize(("mix", "most"), [("hot", 30), ("spread", 30)])
async def test_calls_for_a_thousand_events_of_a_backlog(backbone: Backbone, mix: Mix, most: float) -> None:
    label = f"gate{uuid.uuid4().hex[:8]}"
    said = await run(Entry("chassis", mix, 4_000), backbone, label, scale=1.0)
    events = round(said.per_s * said.seconds)
    per_1000 = {name: 1000 * count / events for name, count in said.counts.items()}
    assert events >= 4_000
    assert 0 < per_1000["store"] <= most
    assert 0 < per_1000["publishes"] <= most
    assert 0 < per_1000["commits"] <= most
