"""The configuration of a run: its own ports, and shorter spans where a test is in a hurry."""

from pathlib import Path

import yaml

from deploy.local.prometheus import RULES, process


def written(run: Path, haste: float) -> tuple[dict[str, object], str]:
    process(run, {"payment": 15_001}, 15_002, haste=haste)
    config = yaml.safe_load((run / "prometheus/prometheus.yml").read_text())
    return config, (run / "prometheus/rules/platform.yml").read_text()


def test_it_scrapes_the_ports_of_the_run_with_the_rules_as_they_are(tmp_path: Path) -> None:
    config, rules = written(tmp_path, 1)
    assert config["scrape_configs"] == [
        {
            "job_name": "hoso",
            "static_configs": [{"targets": ["127.0.0.1:15001"], "labels": {"service": "payment"}}],
        }
    ]
    ours = yaml.safe_load((RULES / "platform.yml").read_text())
    lengths = {rule["alert"]: rule.get("for") for group in ours["groups"] for rule in group["rules"]}
    found = yaml.safe_load(rules)
    in_seconds = {None: None, "1m": "60s", "2m": "120s", "5m": "300s"}
    assert {r["alert"]: r.get("for") for g in found["groups"] for r in g["rules"]} == {
        name: in_seconds[length] for name, length in lengths.items()
    }


def test_haste_shortens_spans_and_not_what_is_compared_with(tmp_path: Path) -> None:
    config, rules = written(tmp_path, 60)
    assert config["global"] == {"scrape_interval": "1s", "evaluation_interval": "1s"}
    found = {rule["alert"]: rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]}
    assert found["HosoLagGrows"]["for"] == "2s"
    assert found["HosoLagGrows"]["expr"].endswith("> 120")
    assert "[15s]" in found["HosoFaults"]["expr"]
    assert found["HosoGapStays"]["expr"].endswith("> 300")
