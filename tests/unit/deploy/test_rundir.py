import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.errors import InUseError
from deploy.local.paths import ROOT
from deploy.local.rundir import RunDir, read_state, sweep


def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    run = RunDir.open(tmp_path / "run")
    with pytest.raises(InUseError, match=f"process {os.getpid()}"):
        RunDir.open(tmp_path / "run")
    run.close()
    RunDir.open(tmp_path / "run").close()


def test_state_is_readable_while_the_run_is_alive(tmp_path: Path) -> None:
    run = RunDir.open(tmp_path)
    run.state.addresses["kafka"] = "127.0.0.1:1"
    run.save()
    state = read_state(tmp_path)
    assert state is not None
    assert (state.pid, state.addresses) == (os.getpid(), {"kafka": "127.0.0.1:1"})
    run.close()
    assert read_state(tmp_path) is None


def test_a_killed_owner_leaves_no_live_state_and_its_directory_can_be_taken(tmp_path: Path) -> None:
    script = (
        "import os, pathlib; from deploy.local.rundir import RunDir;"
        f"r = RunDir.open(pathlib.Path({str(tmp_path)!r})); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert (tmp_path / "state.json").exists()
    assert read_state(tmp_path) is None
    RunDir.open(tmp_path).close()


def test_nothing_is_made_by_asking_for_the_state_of_no_run(tmp_path: Path) -> None:
    assert read_state(tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_sweep_keeps_live_runs_whole_and_of_the_newest_stale_ones_the_logs(tmp_path: Path) -> None:
    alive = RunDir.open(tmp_path / "test-alive")
    for number in range(6):
        stale = tmp_path / f"test-{number}"
        RunDir.open(stale).close()
        (stale / "kafka").mkdir()
        os.utime(stale, (number, number))
    os.utime(alive.path, (0, 0))
    removed = {path.name for path in sweep(tmp_path, "test-*")}
    assert removed == {"test-0", "test-1", "test-2"}
    assert read_state(alive.path) is not None
    assert (tmp_path / "test-5" / "logs").is_dir()
    assert not (tmp_path / "test-5" / "kafka").exists()
    alive.close(remove=True)
    assert not alive.path.exists()
