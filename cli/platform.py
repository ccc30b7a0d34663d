"""``hoso up|down|status``: the platform of this checkout, without a demo."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import prometheus, stack
from deploy.local.errors import LocalError
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.rundir import RunState, read_state

RUN: Final = RUNS / "platform"
LOCKED: Final = RUNS / "platform-locked"
console = Console()


def up(
    *,
    locked: Annotated[bool, typer.Option("--locked", help="TLS, names and rights on Kafka and in the store")] = False,
) -> None:
    """Start everything and stay until Ctrl-C. Data stays in .local/run/platform, or locked beside it."""
    try:
        asyncio.run(_up(locked=locked))
    except LocalError as error:
        console.print(f"[red]{error}")
        raise typer.Exit(1) from error


async def _up(*, locked: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Backbone(LOCKED if locked else RUN, locked=locked) as backbone:
        with console.status("starting the partners and the services"):
            running = await stack.start(backbone)
            await prometheus.beside(backbone, {name: running.ports[name] for name in stack.SERVICES})
        _show(backbone.run.state)
        console.print("up until Ctrl-C, or `hoso down` from elsewhere")
        await stop.wait()


def down() -> None:
    """Stop the platform that `hoso up` started."""
    state = _running()
    os.kill(state.pid, signal.SIGTERM)
    console.print(f"asked process {state.pid} to stop; it takes a few seconds")


def status() -> None:
    """Show processes, addresses and restarts of the running platform."""
    _show(_running())


def _running() -> RunState:
    state = read_state(RUN) or read_state(LOCKED)
    if state is None:
        console.print("nothing is up; start it with `hoso up`")
        raise typer.Exit(1)
    return state


def _show(state: RunState) -> None:
    processes = Table("process", "pid", "port", "ready", "restarts", "log")
    for process in state.processes:
        ready = "yes" if process.ready else "no"
        processes.add_row(
            process.name,
            str(process.pid),
            str(process.port),
            ready,
            str(process.restarts),
            os.path.relpath(process.log),
        )
    addresses = Table("what", "address")
    for name, url in state.addresses.items():
        addresses.add_row(name, url)
    console.print(processes, addresses)


def address(name: str) -> str:
    """An address of the running platform, or of the newest demo that is up; exits with what to do if there is none."""
    return running(name)[1][name]


def running(name: str) -> tuple[Path, dict[str, str]]:
    """Run directory and addresses of the platform that `address` speaks of."""
    runs = [RUN, LOCKED, *sorted(RUNS.glob("demo-*"), key=lambda path: path.stat().st_mtime, reverse=True)]
    for run in runs:
        state = read_state(run)
        if state is not None and name in state.addresses:
            return run, state.addresses
    console.print("nothing is up; start it with `hoso up` or `make demo`")
    raise typer.Exit(1)
