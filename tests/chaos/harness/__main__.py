"""``python -m tests.chaos.harness --minutes 3 --seed 1``: one run; exit code 0 only if the verdict is good."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from deploy.local.errors import LocalError
from tests.chaos.harness import payments
from tests.chaos.harness.run import Job, Run
from tests.chaos.harness.schedule import KINDS


def main(
    *,
    minutes: Annotated[float, typer.Option(min=0.1, help="how long strokes fall")] = 3.0,
    seed: Annotated[int, typer.Option(help="the same seed, the same schedule")] = 1,
    rate: Annotated[float, typer.Option(min=0.05, help="dossiers a second")] = 1.0,
    drain: Annotated[float, typer.Option(min=1, max=300, help="seconds, at most, for what was accepted to end")] = 300,
    brokers: Annotated[int, typer.Option(help="1 or 3; of three, leaders of partitions are killed")] = 1,
    replicas: Annotated[int, typer.Option(min=1, max=2)] = 2,
    kind: Annotated[list[str] | None, typer.Option(help=f"what to hit: {', '.join(KINDS)} (default: all)")] = None,
    kills: Annotated[float, typer.Option(help="kills a minute")] = len(KINDS),
    module: Annotated[list[str] | None, typer.Option(help="SERVICE=MODULE runs another module")] = None,
    work: Annotated[str, typer.Option(help="dossiers, or payments alone")] = "dossiers",
    count: Annotated[int, typer.Option(min=1, help="payments, with --work payments")] = 10_000,
    keep: Annotated[bool, typer.Option("--keep", help="keep the run directory of a green run too")] = False,
) -> None:
    """Chaos: processes die and freeze while dossiers flow; nothing may be lost, doubled, reordered or stuck."""
    modules = dict(pair.split("=", 1) for pair in module or ())
    console = Console(stderr=True)
    run: Run | payments.Run
    if work == "payments":
        run = payments.Run(payments.Job(minutes, seed, count, drain, replicas, keep), console)
    else:
        kinds = tuple(kind or KINDS)
        run = Run(Job(minutes, seed, rate, drain, brokers, replicas, kinds, kills, modules, keep), console)
    try:
        good = asyncio.run(run.run())
    except (LocalError, TimeoutError) as error:
        console.print(f"[red]{error}")
        raise typer.Exit(1) from error
    except asyncio.CancelledError as error:
        raise typer.Exit(130) from error
    raise typer.Exit(0 if good else 1)


if __name__ == "__main__":
    typer.run(main)
