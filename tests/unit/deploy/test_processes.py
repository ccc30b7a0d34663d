import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.errors import LocalError, StartError
from deploy.local.paths import ROOT
from deploy.local.ports import free_ports, is_free
from deploy.local.probes import Probe, tcp, until
from deploy.local.processes import Process, Supervisor
from deploy.local.rundir import ProcessState, RunDir, read_state

SLEEP = "import time; time.sleep(600)"
SERVE = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[RunDir]:
    opened = RunDir.open(tmp_path / "run")
    yield opened
    opened.close()


def python(name: str, code: str, *args: object, ready: Probe | None = None, **more: object) -> Process:
    return Process(name, [sys.executable, "-c", code, *map(str, args)], ready=ready, **more)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    """False also for a zombie that nobody has reaped yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def says(log: Path, text: str) -> Probe:
    def written() -> bool:
        return log.exists() and text in log.read_text(encoding="utf-8")

    async def said() -> bool:
        return written()

    return said


def process_state(run: RunDir, name: str) -> ProcessState:
    state = read_state(run.path)
    assert state is not None
    return next(process for process in state.processes if process.name == name)


async def test_ready_process_is_in_the_state_file_and_its_port_is_free_after_stop(run: RunDir) -> None:
    (port,) = free_ports(1)
    async with Supervisor(run) as supervisor:
        await supervisor.start([python("server", SERVE, port, ready=tcp(port), ports=(port,))])
        shown = process_state(run, "server")
        assert (shown.pid, shown.port, shown.ready) == (supervisor.pid("server"), port, True)
        assert shown.pid != os.getpid()
        assert os.getpgid(shown.pid or 0) == shown.pid
    assert is_free(port)
    assert not alive(shown.pid or 0)
    state = read_state(run.path)
    assert state is not None
    assert state.processes == []


async def test_never_ready_is_an_error_with_name_log_and_its_last_lines(run: RunDir) -> None:
    code = f"[print('line', n, flush=True) for n in range(40)]; {SLEEP}"
    (port,) = free_ports(1)
    async with Supervisor(run) as supervisor:
        with pytest.raises(StartError) as caught:
            await supervisor.start([python("mute", code, ready=tcp(port), seconds=1.0)])
        pid = supervisor.pid("mute")
    message = str(caught.value)
    assert "mute is not ready after 1 s" in message
    assert str(run.log("mute")) in message
    assert [line.strip() for line in message.splitlines()[1:]] == [f"line {n}" for n in range(25, 40)]
    assert not alive(pid)


async def test_early_end_is_an_error_with_the_exit_code_even_when_restart_is_on(run: RunDir) -> None:
    (port,) = free_ports(1)
    async with Supervisor(run) as supervisor:
        code = "import sys; print('PORT is missing', file=sys.stderr); sys.exit(3)"
        with pytest.raises(StartError, match=r"broken ended early with exit code 3[\s\S]*PORT is missing"):
            await supervisor.start([python("broken", code, ready=tcp(port), restart=True)])


async def test_unknown_program_is_named(run: RunDir) -> None:
    (port,) = free_ports(1)
    async with Supervisor(run) as supervisor:
        with pytest.raises(StartError, match=r"exit code 127[\s\S]*no-such-program"):
            await supervisor.start([Process("ghost", ["no-such-program"], ready=tcp(port))])


async def test_one_failure_in_a_layer_stops_the_wait_and_leaves_nothing(run: RunDir) -> None:
    (port,) = free_ports(1)
    async with Supervisor(run) as supervisor:
        layer = [
            python("good", SLEEP, ready=tcp(port), seconds=60.0),
            python("bad", "raise SystemExit(1)", ready=tcp(port)),
        ]
        with pytest.raises(StartError, match="bad"):
            await supervisor.start(layer)
        pid = supervisor.pid("good")
    assert not alive(pid)


async def test_killed_process_comes_back_ready_and_is_counted(run: RunDir) -> None:
    (port,) = free_ports(1)
    async with Supervisor(run) as supervisor:
        await supervisor.start([python("server", SERVE, port, ready=tcp(port), restart=True, ports=(port,))])
        first = supervisor.pid("server")
        supervisor.kill("server")
        await supervisor.wait_restarted("server", 1)
        shown = process_state(run, "server")
        assert (shown.restarts, shown.exit_code, shown.ready) == (1, -signal.SIGKILL, True)
        assert shown.pid not in {None, first}


async def test_back_off_grows_while_a_process_keeps_ending(run: RunDir) -> None:
    loop = asyncio.get_running_loop()
    async with Supervisor(run) as supervisor:
        await supervisor.start([python("flapping", "raise SystemExit(1)", restart=True)])
        began = loop.time()

        async def thrice() -> bool:
            return supervisor.restarts("flapping") >= 3

        await until(thrice, 20)
        assert loop.time() - began > 0.2 + 0.4 + 0.8


async def test_without_restart_a_dead_process_stays_down_and_shows_its_exit_code(run: RunDir) -> None:
    async with Supervisor(run) as supervisor:
        await supervisor.start([python("once", SLEEP)])
        supervisor.kill("once")

        async def down() -> bool:
            return process_state(run, "once").exit_code == -signal.SIGKILL

        await until(down, 5)
        with pytest.raises(LocalError, match="once is not running"):
            supervisor.pid("once")


async def test_layers_stop_in_reverse_order(run: RunDir, tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('set', flush=True); time.sleep(600)"
    )
    async with Supervisor(run) as supervisor:
        for name in ("a", "b", "c"):
            await supervisor.start([python(name, code, order, name, ready=says(run.log(name), "set"))])
    assert order.read_text(encoding="ascii") == "cba"


async def test_deaf_process_is_killed_after_the_grace_period(run: RunDir) -> None:
    async with Supervisor(run, grace=0.3) as supervisor:
        await supervisor.start([python("deaf", STUBBORN, ready=says(run.log("deaf"), "deaf"))])
        pid = supervisor.pid("deaf")
    assert not alive(pid)


async def test_grandchildren_end_with_their_group(run: RunDir) -> None:
    code = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid, flush=True); {SLEEP}"
    )
    async with Supervisor(run) as supervisor:
        await supervisor.start([python("parent", code, ready=says(run.log("parent"), "\n"))])
        grandchild = int(run.log("parent").read_text(encoding="ascii"))
        assert alive(grandchild)

    async def gone() -> bool:
        return not alive(grandchild)

    await until(gone, 5)


async def test_same_name_twice_is_refused(run: RunDir) -> None:
    async with Supervisor(run) as supervisor:
        await supervisor.start([python("twin", SLEEP)])
        with pytest.raises(LocalError, match="must differ: twin"):
            await supervisor.start([python("twin", SLEEP)])


async def test_start_from_another_thread_is_refused(run: RunDir) -> None:
    async def start() -> None:
        await Supervisor(run).start([python("lost", SLEEP)])

    with pytest.raises(LocalError, match="main thread"):
        await asyncio.to_thread(asyncio.run, start())


async def test_kill_9_of_the_supervisor_leaves_no_child(tmp_path: Path) -> None:
    script = f"""
import asyncio, json, pathlib, sys
from deploy.local.processes import Process, Supervisor
from deploy.local.rundir import RunDir
async def main():
    run = RunDir.open(pathlib.Path({str(tmp_path)!r}))
    supervisor = Supervisor(run)
    await supervisor.start([Process(n, [sys.executable, "-c", {STUBBORN!r}], restart=True) for n in "ab"])
    print(json.dumps([supervisor.pid(n) for n in "ab"]), flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=ROOT, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    pids = json.loads(await owner.stdout.readline())
    assert all(map(alive, pids))
    owner.kill()
    await owner.wait()

    async def none_left() -> bool:
        return not any(map(alive, pids))

    await until(none_left, 5)
    assert read_state(tmp_path) is None
