"""Chaos, short, as part of the proof; and what makes it worth believing: with one guarantee broken it goes red."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.local.paths import ROOT, RUNS
from deploy.local.probes import until
from deploy.local.rundir import read_state
from deploy.local.stack import AUDIT, PARTNERS, SERVICES, STATISTICS
from tests.chaos.harness.ledgers import EXPECTED
from tests.chaos.harness.payers import plan


def chaos(*options: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the last line of its output, and what it told people."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.harness", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.mark.timeout(600)
def test_nothing_is_lost_doubled_reordered_or_stuck() -> None:
    code, result, told = chaos("--minutes", "1", "--seed", "1")
    assert code == 0, told[-5000:]
    assert result["kills"] >= 10
    assert result["completed"] == result["accepted"] == 60
    assert result["statistics_differences"] == 0


@pytest.mark.timeout(600)
def test_a_bug_in_the_statistics_is_found() -> None:
    broken = ("--module", "statistics=tests.chaos.broken_statistics", "--kind", "statistics", "--kills", "4")
    code, result, told = chaos("--minutes", "0.5", "--drain", "120", *broken)
    assert code == 1
    assert result["statistics_differences"] > 0
    assert "statistics: delivered." in told
    assert result["lost"] == result["stuck"] == 0


EVERYTHING = {"kafka", "store", *SERVICES, STATISTICS, AUDIT, *PARTNERS}
HIT = ("--minutes", "0.75", "--kind", "payment", "--kind", "notification", "--kills", "8")
SLOWED = ("--module", "payment=tests.chaos.broken_commit", "--module", "notification=tests.chaos.broken_policy")


@pytest.mark.timeout(600)
def test_it_goes_red_when_a_guarantee_is_broken() -> None:
    code, result, told = chaos(*HIT, *SLOWED, "--drain", "40")
    assert code == 1
    assert "payment.invoices" in told
    assert result["stuck"] > 0
    assert result["duplicate_sms"] > 0


@pytest.mark.timeout(600)
def test_the_same_waits_with_the_guarantees_kept_are_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: it is the broken guarantee that goes red, not the waits that bring it to light."""
    monkeypatch.setenv("CHAOS_CONTROL", "1")
    code, result, told = chaos(*HIT, *SLOWED, "--drain", "120")
    assert code == 0, told[-5000:]
    assert result["completed"] == result["accepted"] == 45


@pytest.mark.timeout(600)
def test_leaders_of_partitions_may_die() -> None:
    code, result, told = chaos("--minutes", "1", "--brokers", "3", "--replicas", "1", "--kind", "kafka", "--kills", "5")
    assert code == 0, told[-5000:]
    assert result["kills"] >= 4
    assert result["completed"] == result["accepted"] == 60


@pytest.mark.timeout(600)
def test_nobody_pays_twice_and_no_money_goes_missing() -> None:
    seed, count = 1, 150
    paid, refunds = 0, 0
    for one in plan(seed, count):
        _, back, said = EXPECTED[one.kind]
        paid, refunds = paid + said, refunds + back
    options = ("--seed", str(seed), "--count", str(count), "--minutes", "0.75", "--drain", "240")
    code, result, told = chaos("--work", "payments", *options)
    assert code == 0, told[-5000:]
    assert result["kills"] >= 4
    assert result["charged"] == result["recorded"] == result["receipted"] == paid
    assert result["refunds_planted"] == result["refunds_made"] == refunds > 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_every_process_ends_with_the_run(number: signal.Signals) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.harness", "--minutes", "9", "--replicas", "1"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    path = RUNS / f"chaos-{run.pid}"
    pids: list[int] = []

    async def everything_is_up() -> bool:
        state = read_state(path)
        pids[:] = [p.pid for p in state.processes if p.pid] if state else []
        return state is not None and {p.name for p in state.processes if p.ready} == EVERYTHING

    async def nothing_is_left() -> bool:
        return run.poll() is not None and not any(Path(f"/proc/{pid}").exists() for pid in pids)

    try:
        await until(everything_is_up, 150)
        run.send_signal(number)
        await until(nothing_is_left, 60)
    finally:
        run.kill()
        run.wait()
    assert run.returncode != 0
