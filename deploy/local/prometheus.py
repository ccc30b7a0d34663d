"""Prometheus over a run on this machine: the rules of deploy/prometheus, the ports of this run."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import yaml

from deploy.local.child import Process
from deploy.local.errors import LocalError, MissingError
from deploy.local.paths import PROMETHEUS, ROOT
from deploy.local.platform import Backbone
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import http

FOLDER = ROOT / "deploy/prometheus"
RULES = FOLDER / "rules"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"\b(\d+)([smhd])\b")


def program(name: Literal["prometheus", "promtool"]) -> str:
    """Its path: on PATH, or where set-up put it. Raises MissingError."""
    found = shutil.which(name) or shutil.which(name, path=str(PROMETHEUS))
    if found is None:
        raise MissingError(f"no {name} on PATH nor in .local: run make setup")
    return found


def promtool(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs promtool to its end. Raises MissingError."""
    return subprocess.run(
        [program("promtool"), *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )


def process(run: Path, services: Mapping[str, int], port: int, *, haste: float = 1) -> Process:
    """A server that scrapes `services` (name to port on loopback), its data in `run`. Raises MissingError.

    With `haste` n every span of time in configuration and rules is n times shorter, but never under a second; what
    an alert compares with stays as it is.
    """
    folder = run.absolute() / "prometheus"
    rules = folder / "rules"
    rules.mkdir(parents=True, exist_ok=True)
    for file in RULES.glob("*.yml"):
        (rules / file.name).write_text(yaml.safe_dump(_hurried(yaml.safe_load(file.read_text()), haste)))
    config = _hurried(yaml.safe_load((FOLDER / "prometheus.yml").read_text()), haste)
    (job,) = config["scrape_configs"]
    job["static_configs"] = [
        {"targets": [f"{LOOPBACK}:{number}"], "labels": {"service": service}} for service, number in services.items()
    ]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    return Process(
        "prometheus",
        (
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--storage.tsdb.retention.time=1d",
            "--log.level=warn",
        ),
        {"GOMAXPROCS": "1"},
        ready=http(f"http://{LOOPBACK}:{port}/-/ready"),
        ports=(port,),
    )


async def beside(backbone: Backbone, services: Mapping[str, int]) -> str | None:
    """Starts one on top of a running platform, and says where to look; None where there is none or it does not start.

    Nothing waits for it: it is for people who look, and the run does without.
    """
    (port,) = free_ports(1)
    # Debian's page needs the package installed: the program alone answers its API.
    address = f"http://{LOOPBACK}:{port}" + ("" if shutil.which("prometheus") else "/api/v1/alerts")
    try:
        server = replace(process(backbone.run.path, services, port), ready=None)
        await backbone.start([server], {"prometheus": address})
    except (LocalError, OSError):
        return None
    return address


def _hurried(value: Any, haste: float, key: str = "") -> Any:
    """The same configuration or rules with shorter spans: those of `for`, of intervals, and of ranges in brackets."""
    match value:
        case dict():
            return {name: _hurried(inner, haste, name) for name, inner in value.items()}
        case list():
            return [_hurried(inner, haste, key) for inner in value]
        case str() if key == "expr":
            return re.sub(r"\[[^\]]+\]", lambda found: _shorter(found[0], haste), value)
        case str() if key == "for" or key.endswith(("interval", "timeout")):
            return _shorter(value, haste)
    return value


def _shorter(text: str, haste: float) -> str:
    return _SPAN.sub(lambda found: f"{max(1, round(int(found[1]) * _SECONDS[found[2]] / haste))}s", text)
