"""``hoso``: the platform from the command line."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from cli import backup, dlq, inspect, law, payment, platform
from cli.audit import audit
from cli.demo.run import Demo, Job
from cli.kafka import kafka
from cli.keys import keys
from cli.migrate import migrate
from cli.notify import notify
from cli.privacy import privacy
from cli.stats import stats
from cli.store import store
from cli.verify import verify
from deploy.local.errors import LocalError
from deploy.local.stack import SERVICES

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


app.command()(platform.up)
app.command()(platform.down)
app.command()(platform.status)
app.command()(migrate)
app.command()(verify)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(inspect.topics)
app.add_typer(inspect.dossier, name="dossier")
app.add_typer(audit, name="audit")
app.add_typer(dlq.dlq, name="dlq")
app.add_typer(dlq.gap, name="gap")
app.add_typer(kafka, name="kafka")
app.add_typer(keys, name="keys")
app.add_typer(law.law, name="law")
app.add_typer(payment.payment, name="payment")
app.add_typer(notify, name="notify")
app.add_typer(privacy, name="privacy")
app.add_typer(stats, name="stats")
app.add_typer(store, name="store")


@app.callback()
def hoso() -> None:
    """Online public services: the whole platform on this machine."""


@app.command()
def demo(
    *,
    dossiers: Annotated[int, typer.Option(min=1, max=500, help="how many dossiers")] = 20,
    once: Annotated[bool, typer.Option("--once", help="end by itself; the last line is JSON")] = False,
    locked: Annotated[bool, typer.Option("--locked", help="TLS, names and rights on Kafka and in the store")] = False,
    kill: Annotated[str | None, typer.Option(help=f"kill -9 one service midway: {', '.join(SERVICES)}")] = None,
) -> None:
    """Run the main job on real parts: Kafka, a store, every service and every partner as a process of its own."""
    if kill is not None and kill not in SERVICES:
        raise typer.BadParameter(f"must be one of {', '.join(SERVICES)}", param_hint="--kill")
    console = Console(stderr=once)
    try:
        good = asyncio.run(Demo(Job(dossiers, once, kill, locked), console).run())
    except LocalError as error:
        console.print(f"[red]{error}")
        raise typer.Exit(1) from error
    raise typer.Exit(0 if good else 1)


if __name__ == "__main__":
    app()
