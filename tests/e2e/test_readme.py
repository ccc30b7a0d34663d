"""What the README says to type works, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from deploy.local.paths import ROOT, RUNS
from deploy.local.probes import until

README = (ROOT / "README.md").read_text()


def test_the_readme_names_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z0-9-]+)", README, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


@pytest.mark.timeout(250)
def test_make_demo_once_is_the_main_job() -> None:
    assert "make demo ONCE=1 DOSSIERS=20" in README
    # As typed at a shell: a make that is run by a make says at the end which directory it leaves.
    shell = {name: value for name, value in os.environ.items() if name not in {"MAKELEVEL", "MAKEFLAGS", "MFLAGS"}}
    command = ["make", "demo", "ONCE=1", "DOSSIERS=6"]
    done = subprocess.run(command, cwd=ROOT, env=shell, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    expected = {"dossiers": 6, "completed": 6, "paid": 4, "sms_twice": 0, "sms_unknown": 0, "sms_no_longer_true": 0}
    assert {name: result[name] for name in expected} == expected
    assert result["by_way"] == {"online": 2, "post": 2, "in_person": 2}
    assert result["sms_delivered"] == 2 * 3 + 4 * 6


@pytest.mark.timeout(250)
async def test_the_demo_stays_up_until_ctrl_c_and_leaves_nothing(tmp_path: Path) -> None:
    shown = tmp_path / "output"
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "demo", "--dossiers", "1"],
        cwd=ROOT,
        stdout=shown.open("w"),
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "150"},
    )
    run = RUNS / f"demo-{process.pid}"
    try:

        async def up() -> bool:
            assert process.poll() is None, shown.read_text()
            return "Up until Ctrl-C" in shown.read_text()

        await until(up, 120)
        state = json.loads((run / "state.json").read_text())
        pids = [p["pid"] for p in state["processes"]]
        server = state["addresses"]["prometheus"]

        async def told() -> bool:
            return server in shown.read_text()

        await until(told, 10)  # a table is written line by line

        async def scraped() -> bool:
            async with httpx.AsyncClient(trust_env=False) as client:
                with suppress(httpx.TransportError):
                    answer = await client.get(urljoin(server, "/api/v1/targets"))
                    found = answer.json()["data"]["activeTargets"] if answer.is_success else []
                    return [target["health"] for target in found] == ["up"] * 5
            return False

        await until(scraped, 60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
    assert len(pids) >= 12
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]  # noqa: PTH110 - a pid, not a path of ours
    assert not run.exists()
