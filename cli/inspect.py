"""``hoso topics``, ``hoso dossier show``: looking at a running platform."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli import operator
from deploy.local.stack import SOURCE
from schemas.topics import declared

console = Console()
dossier = typer.Typer(no_args_is_help=True, help="Dossiers.")


def topics() -> None:
    """List the declared topics: who writes, who reads, how long they are kept."""
    table = Table("topic", "partitions", "kept", "written by", "read by")
    for topic in declared((SOURCE,)):
        kept = f"{topic.retention.days} days" if topic.retention else "for ever"
        table.add_row(topic.name, str(topic.partitions), kept, ", ".join(topic.producers), ", ".join(topic.consumers))
    console.print(table)


@dossier.command("show")
def show(
    dossier_id: Annotated[str, typer.Argument(help="the dossier's id (a UUID)", metavar="ID")],
) -> None:
    """Show the timeline of one dossier across all services."""
    try:
        known = str(uuid.UUID(dossier_id))
    except ValueError as error:
        raise typer.BadParameter("must be a UUID such as 0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55") from error
    timeline = operator.get("tracking", f"/dossiers/{known}/timeline")
    console.print(f"{timeline['code'] or known}  procedure {timeline['procedure']}  status {timeline['status']}")
    table = Table("at (UTC)", "what", "detail")
    for entry in timeline["entries"]:
        table.add_row(entry["at"], entry["type"], entry["detail"])
    console.print(table)
