"""Chaos, short, as part of the proof; and what makes it worth believing: with one guarantee broken it goes red."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from deploy.local.paths import ROOT


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
    assert result["completed"] == result["accepted"] == 30


@pytest.mark.timeout(600)
def test_it_goes_red_when_a_guarantee_is_broken() -> None:
    hit = ("--kind", "payment", "--kind", "notification", "--kills", "8")
    broken = ("--module", "payment=tests.chaos.broken_commit", "--module", "notification=tests.chaos.broken_policy")
    code, result, told = chaos("--minutes", "0.75", "--rate", "1", "--drain", "40", *hit, *broken)
    assert code == 1
    assert "payment.invoices" in told
    assert result["stuck"] > 0
    assert result["duplicate_sms"] > 0


@pytest.mark.timeout(600)
def test_leaders_of_partitions_may_die() -> None:
    code, result, told = chaos("--minutes", "1", "--brokers", "3", "--replicas", "1", "--kind", "kafka", "--kills", "5")
    assert code == 0, told[-5000:]
    assert result["kills"] >= 4
    assert result["completed"] == result["accepted"] == 30
