"""The alerts are rules over metrics the code has, with labels it gives, and each says what to do next."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any, get_args

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import chassis.telemetry
from chassis.decision import ParkReason, Reason
from cli.main import app
from deploy.local.paths import ROOT
from services.payment import books
from services.payment.domain import work

FOLDER = ROOT / "deploy/prometheus"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
METRICS = {
    name: set(metric._labelnames)
    for metric in (*vars(chassis.telemetry).values(), *vars(books).values())
    if isinstance(metric, MetricWrapperBase)
    for name in REGISTRY._collector_to_names[metric]
}
TARGET = {"job", "instance"}
"""Labels Prometheus itself gives."""
PROMTOOL = shutil.which("promtool")


def alert(name: str) -> dict[str, Any]:
    return next(rule for rule in RULES if rule["alert"] == name)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_about_metrics_and_labels_the_code_has(rule: dict[str, Any]) -> None:
    found = re.findall(r"hoso_\w+", rule["expr"])
    assert found
    assert set(found) <= set(METRICS)
    labels = set.union(*(METRICS[name] for name in found)) | TARGET
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in group.split(",")}
    matched = set(re.findall(r"(\w+)(?:=|!=|=~|!~)\"", rule["expr"]))
    used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    assert grouped | matched <= labels
    assert used <= grouped


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_reason_named_in_an_alert_is_one_there_is(rule: dict[str, Any]) -> None:
    reasons = {r for word in re.findall(r'reason[!=~]+"([^"]*)"', rule["expr"]) for r in word.split("|")}
    inner, dead_only = get_args(Reason)
    assert reasons <= {*get_args(ParkReason), *get_args(inner), *get_args(dead_only), dead_only}


def test_there_is_one_for_a_gap_that_stays_for_parked_records_and_for_a_run() -> None:
    assert alert("HosoGapStays")["labels"]["severity"] == "page"
    assert alert("HosoDeadLetterRun")["labels"]["severity"] == "page"
    assert alert("HosoBreakerOpen")["labels"]["severity"] == "page"
    assert alert("HosoRecordsParked")["for"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_command_an_alert_names_exists(rule: dict[str, Any]) -> None:
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    for group, command in re.findall(r"hoso (\w+) (\w+)", rule["annotations"]["next"]):
        instance = groups[group]
        assert instance is not None
        names = {known.name or getattr(known.callback, "__name__", "") for known in instance.registered_commands}
        assert command in names


def test_what_waits_in_an_alert_is_something_payment_counts() -> None:
    named = re.findall(r'waits[=~]+"([^"]*)"', str(RULES))
    assert {word for text in named for word in text.split("|")} <= set(work.WAITS)


def test_payment_is_watched() -> None:
    assert alert("HosoPaymentBooksFaulty")["labels"]["severity"] == "page"
    for name in ("Unanswered", "WorkWaits", "DiscrepanciesAge"):
        assert alert(f"HosoPayment{name}")["for"]
    assert alert("HosoReceiptsUntransmitted")["for"]


def test_prometheus_loads_the_rules() -> None:
    assert yaml.safe_load((FOLDER / "prometheus.yml").read_text())["rule_files"] == ["rules.yml"]


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on PATH")
@pytest.mark.parametrize(
    "words",
    [("check", "config", FOLDER / "prometheus.yml"), ("test", "rules", ROOT / "tests/contract/alerts.test.yml")],
    ids=["config", "rules"],
)
def test_promtool_takes_them(words: tuple[object, ...]) -> None:
    done = subprocess.run([str(PROMTOOL), *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
