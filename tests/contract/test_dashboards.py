"""The dashboards: generated, provisioned, and every expression is PromQL over metrics that there are."""

from __future__ import annotations

import json
import re
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.monitoring import dashboards
from cli.monitoring.panels import SOURCE
from deploy.local.paths import ROOT
from deploy.local.prometheus import promtool
from schemas.topics import CATALOGUES
from tests.contract.monitored import EXPOSED, labels_of, names_in
from tests.contract.test_alerts import RECORDED

PROVISIONING = ROOT / "deploy/grafana/provisioning"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(dashboards.FOLDER.glob("*.json"))
}
PANELS = [(f"{name}: {panel['title']}", panel) for name, board in BOARDS.items() for panel in board["panels"]]
EXPRESSIONS = [target["expr"] for _, panel in PANELS for target in panel["targets"]]


def test_they_are_the_generated_ones() -> None:
    written = {path: path.read_text() for path in dashboards.FOLDER.iterdir()}
    assert written == dashboards.documents(), "run `make generate`"


@pytest.mark.parametrize("panel", [panel for _, panel in PANELS], ids=[name for name, _ in PANELS])
def test_a_panel_asks_for_metrics_and_labels_that_there_are(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    for target in panel["targets"]:
        found = names_in(target["expr"])
        assert found
        assert found <= EXPOSED | RECORDED
        labels = set(chain.from_iterable(labels_of(name) for name in found))
        grouped = {x.strip() for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for x in by.split(",")}
        matched = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", target["expr"]))
        shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert grouped | matched <= labels
        assert shown <= grouped


def test_every_type_of_event_asked_for_is_said() -> None:
    types = {name for catalogue in CATALOGUES.values() for name in catalogue.types}
    patterns = {pattern for text in EXPRESSIONS for pattern in re.findall(r'\btype=~"([^"]*)"', text)}
    assert len(patterns) > 15
    assert [p for p in patterns if not any(re.fullmatch(p, name) for name in types)] == []


def test_promtool_reads_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"dashboard:{at}", "expr": text} for at, text in enumerate(EXPRESSIONS)]
    file = tmp_path / "expressions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
    file.write_text(
        yaml.safe_dump({"groups": [{"name": "x", "rules": [{"record": "a:b", "expr": "sum by (x) rate("}]}]})
    )
    assert promtool("check", "rules", file).returncode != 0


@pytest.mark.parametrize("name", BOARDS)
def test_panels_lie_side_by_side(name: str) -> None:
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]
    for a, b in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        assert beside or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert BOARDS[name]["uid"] == f"hoso-{name}"


def test_grafana_finds_source_and_dashboards() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["uid"]) == (SOURCE.type_val, SOURCE.uid)
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards/hoso.yml").read_text())["providers"]
    mounts = dict(volume.split(":")[:2] for volume in COMPOSE["grafana"]["volumes"])
    assert mounts["./deploy/grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
