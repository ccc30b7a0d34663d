"""A run does without Prometheus where there is none."""

from pathlib import Path

import pytest

from deploy.local import prometheus
from deploy.local.platform import Backbone


async def test_where_there_is_none_nothing_is_started_and_nothing_fails(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus, "PROMETHEUS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await prometheus.beside(backbone, {"payment": 1}) is None
    assert "prometheus" not in backbone.run.state.addresses
    assert "prometheus" not in [state.name for state in backbone.run.state.processes]
