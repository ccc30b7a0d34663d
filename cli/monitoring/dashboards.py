"""The dashboards as code: `make generate` writes them to deploy/grafana/dashboards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from cli.monitoring.business import MESSAGES, MONEY, TERMS
from cli.monitoring.panels import Panel, board
from cli.monitoring.running import KAFKA, OVERVIEW
from deploy.local.paths import ROOT

FOLDER: Final = ROOT / "deploy/grafana/dashboards"
BOARDS: Final[Mapping[str, tuple[str, Sequence[Panel]]]] = {
    "overview": ("Hồ sơ: overview", OVERVIEW),
    "kafka": ("Hồ sơ: Kafka, lag and the event core", KAFKA),
    "money": ("Hồ sơ: money", MONEY),
    "messages": ("Hồ sơ: messages", MESSAGES),
    "terms": ("Hồ sơ: statutory terms", TERMS),
}


def documents() -> dict[Path, str]:
    """Every dashboard's file and its text."""
    return {
        FOLDER / f"{name}.json": json.dumps(
            board(f"hoso-{name}", title, panels), cls=JSONEncoder, ensure_ascii=False, indent=1, sort_keys=True
        )
        + "\n"
        for name, (title, panels) in BOARDS.items()
    }
