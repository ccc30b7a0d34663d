"""``hoso stats``: statistics held against the log."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from cli import operator
from cli.settings import kafka
from services.tracking.statistics.verify import compare

SERVICE: Final = "statistics"
SHOWN: Final = 20
console = Console(stderr=True)
stats = typer.Typer(no_args_is_help=True, help="Statistics, held against the log.")


@stats.command()
def verify(
    bootstrap: Annotated[str | None, typer.Option(help="Kafka; without it that of the running platform")] = None,
) -> None:
    """Recount every figure from the log and compare it with the running totals: equal, or the difference is named.

    Both count up to the same records, so it may run while dossiers flow. The last line is JSON; exit code 1: not equal.
    """
    running = operator.get(SERVICE, "/statistics/cells")
    if not running["live"]:
        console.print("the totals are being counted again just now: try again in a minute", style="yellow")
        raise typer.Exit(2)
    found = asyncio.run(compare(bootstrap or kafka(SERVICE), running))
    for line in found.differences[:SHOWN]:
        console.print(line, style="red", markup=False)
    print(json.dumps(found.summary))  # noqa: T201 - the result, for programs
    raise typer.Exit(0 if found.equal else 1)


@stats.command()
def report(
    start: Annotated[str | None, typer.Option(help="local day, as 2026-11-01; default the present month")] = None,
    end: Annotated[str | None, typer.Option(help="local day, included")] = None,
    by: Annotated[str, typer.Option(help="unit or procedure")] = "unit",
) -> None:
    """Print report II.06a of a period as CSV."""
    given: dict[str, Any] = {"start": start, "end": end, "by": by, "form": "csv"}
    query = "&".join(f"{name}={value}" for name, value in given.items() if value)
    print(operator.text(SERVICE, f"/statistics/report-06a?{query}"))  # noqa: T201 - the result
