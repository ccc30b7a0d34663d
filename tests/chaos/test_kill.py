"""kill -9 of any one service in the middle of 50 dossiers: all complete, no SMS twice, none guessed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from deploy.local.paths import ROOT
from deploy.local.stack import SERVICES


@pytest.mark.timeout(400)
@pytest.mark.parametrize("service", SERVICES)
def test_fifty_dossiers_survive_a_kill(service: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--once", "--dossiers", "50", "--kill", service],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert f"kill -9 {service}" in done.stderr
    assert (result["completed"], result["sms_twice"]) == (50, 0)
    told = result["sms_delivered"] + result["sms_without_receipt"] + result["sms_unknown"]
    assert told + result["sms_no_longer_true"] == 252
    # Only a sender that was dead can come too late to say that an invoice waits.
    assert service == "notification" or result["sms_no_longer_true"] == 0
