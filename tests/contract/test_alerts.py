"""The alerts are rules over metrics the services have, each was seen to fire and to be quiet, and says what to do."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from chassis.decision import ParkReason, Reason
from chassis.measures import RESULTS
from cli.main import app
from cli.monitoring import slo
from deploy.local.paths import ROOT
from deploy.local.prometheus import FOLDER, promtool
from deploy.local.stack import AUDIT, PORTAL, SERVICES, STATISTICS
from schemas.topics import CATALOGUES
from services.kinds import kinds
from services.payment.domain import work
from tests.contract.monitored import DECLARED, EXPOSED, labels_of, names_in

RUNBOOKS = ROOT / "docs/runbooks"
FILES = sorted((FOLDER / "rules").glob("*.yml"))
EVERY: list[dict[str, Any]] = [
    rule for file in FILES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
]
RULES = [rule for rule in EVERY if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in RULES})
RECORDED = {rule["record"] for rule in EVERY if "record" in rule}
HEADINGS = ("What it means", "Look", "Do", "Over when")
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
CASES: list[dict[str, Any]] = [
    case for file in TESTS for test in yaml.safe_load(file.read_text())["tests"] for case in test["alert_rule_test"]
]


def named(rule: dict[str, Any]) -> str:
    return f"{rule.get('alert') or rule['record']} {rule.get('labels', {}).get('severity', '')}".strip()


@pytest.mark.parametrize("rule", EVERY, ids=named)
def test_a_rule_is_about_metrics_and_labels_the_services_have(rule: dict[str, Any]) -> None:
    found = names_in(rule["expr"])
    assert found
    assert found <= EXPOSED | RECORDED
    labels = set(chain.from_iterable(labels_of(name) for name in found))
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in group.split(",")}
    matched = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", rule["expr"]))
    used = set(re.findall(r"\$labels\.(\w+)", str(rule.get("annotations", ""))))
    assert grouped | matched <= labels
    assert used <= grouped


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_an_alert_says_how_urgent_it_is_what_is_next_and_where_more_is(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "next", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"


@pytest.mark.parametrize("name", NAMES)
def test_its_page_says_what_it_means_and_how_it_ends(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(HEADINGS)
    assert all(len(part.strip()) > 20 for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:])


def test_every_page_is_of_an_alert() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == NAMES


def test_every_metric_a_page_names_exists() -> None:
    for path in RUNBOOKS.glob("*.md"):
        assert names_in(path.read_text()) <= EXPOSED | RECORDED | set(DECLARED), path.name


def commands(text: str) -> set[tuple[str, ...]]:
    return {tuple(found.split()) for found in re.findall(r"\bhoso ((?:[a-z]+)(?: [a-z]+)?)", text)}


def known(words: tuple[str, ...]) -> bool:
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    instance = groups.get(words[0])
    if instance is None:
        return words[0] in {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
    return len(words) > 1 and words[1] in {
        c.name or getattr(c.callback, "__name__", "") for c in instance.registered_commands
    }


def test_a_command_an_alert_or_a_page_names_exists() -> None:
    texts = [rule["annotations"]["next"] for rule in RULES] + [path.read_text() for path in RUNBOOKS.glob("*.md")]
    found = set().union(*map(commands, texts))
    assert ("dlq", "replay") in found
    assert {words for words in found if not known(words)} == set()


def words_of(label: str) -> set[str]:
    """Every word the rules ask this label for, where they name it as it is."""
    texts = re.findall(rf'\b{label}(?:=~|!~|!=|=)"([^"]*)"', "\n".join(rule["expr"] for rule in EVERY))
    return {word for text in texts for word in text.split("|") if re.fullmatch(r"[\w.]+", word)}


def test_words_in_rules_are_words_of_the_code() -> None:
    inner, dead_only = get_args(Reason)
    assert words_of("reason") <= {*get_args(ParkReason), *get_args(inner), *get_args(dead_only), dead_only}
    assert words_of("waits") <= set(work.WAITS)
    assert words_of("result") <= set(RESULTS)
    assert words_of("part") <= {"consumer", "relay", "engine", "schema", "guard", "journal"}
    assert words_of("service") <= set(SERVICES)


def test_every_pattern_in_a_rule_finds_what_it_is_for() -> None:
    """A type, effect or route that was renamed would leave an alert that never fires."""
    text = "\n".join(rule["expr"] for rule in EVERY)
    types = {name for catalogue in CATALOGUES.values() for name in catalogue.types}
    effects = {e.TYPE for aggregates in kinds().values() for kind in aggregates for e in kind.effects}
    for label, there in (("type", types), ("effect", effects)):
        patterns = set(re.findall(rf'\b{label}=~"([^"]*)"', text))
        assert patterns
        for pattern in patterns:
            assert any(re.fullmatch(pattern, word) for word in there), pattern
    routes = "\n".join(path.read_text() for path in (ROOT / "services").rglob("*.py"))
    for route in ("/dossiers", "/payments/vnpay/ipn", "/payments/paygov/result"):
        assert f'("{route}"' in routes
        assert any(re.fullmatch(p, route) for p in re.findall(r'\broute=~?"([^"]*)"', text))


def test_the_rules_of_the_objectives_are_the_generated_ones() -> None:
    for path, text in slo.documents().items():
        assert path.read_text() == text, "run `make generate`"


def test_prometheus_scrapes_as_the_rules_expect() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert config["rule_files"] == ["rules/*.yml"]
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "hoso"
    assert {entry["labels"]["service"] for entry in job["static_configs"]} == {*SERVICES, STATISTICS, AUDIT, PORTAL}


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_there_is_a_case_that_fires_and_one_that_does_not(rule: dict[str, Any]) -> None:
    mine = [case for case in CASES if case["alertname"] == rule["alert"]]
    fired = [one["exp_labels"]["severity"] for case in mine for one in case["exp_alerts"]]
    assert rule["labels"]["severity"] in fired
    assert any(not case["exp_alerts"] for case in mine)


def test_promtool_takes_the_configuration() -> None:
    done = promtool("check", "config", FOLDER / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_alerts_fire_on_what_they_are_for_and_not_below(file: Path) -> None:
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
