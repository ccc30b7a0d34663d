"""``hoso dlq list|show|replay|drop``: what a service could not handle; ``hoso gap repair``: what never came to it."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any, Final, get_args

import typer
from rich.console import Console
from rich.table import Table

from chassis.decision import ParkReason
from chassis.http.operations import MAX_EVENTS
from cli import letters, operator
from deploy.local.stack import SERVICES

console = Console()
dlq = typer.Typer(no_args_is_help=True, help="Records a service could not handle.")
gap = typer.Typer(no_args_is_help=True, help="Records that wait for one that never came.")
REASONS: Final = get_args(ParkReason)
SHOWN: Final = 100

Service = Annotated[str, typer.Argument(help=", ".join(SERVICES), callback=operator.known)]
Reason = Annotated[str | None, typer.Option(help=", ".join(REASONS))]
Stream = Annotated[str | None, typer.Option(help="dossier, payment, delivery or notification")]
Aggregate = Annotated[str | None, typer.Option(help="the dossier's id")]
Type = Annotated[str | None, typer.Option("--type", help="such as dossier.accepted.v1")]
Since = Annotated[datetime | None, typer.Option(help="first parked at or after (UTC)", formats=["%Y-%m-%dT%H:%M:%S"])]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would happen, write nothing")]


@dlq.command("list")
def list_parked(
    *,
    service: Annotated[str | None, typer.Option(help=", ".join(SERVICES))] = None,
    reason: Reason = None,
    stream: Stream = None,
    aggregate: Aggregate = None,
    type_: Type = None,
    since: Since = None,
    copies: Annotated[bool, typer.Option("--copies", help="the copies in the dead-letter topics instead")] = False,
) -> None:
    """List what is parked; `>` marks what is next in its stream: replay or drop that first."""
    services = (operator.known(service),) if service else SERVICES
    if copies:
        letters.show_all(services)
        return
    table = Table("service", "", "id", "type", "reason", "detail", "tries", "since", "bytes")
    for name in services:
        for p in _parked(name, _filters(reason, stream, aggregate, type_, since)):
            mark = ">" if p["next"] else ""
            tries, size = str(p["attempts"]), str(p["bytes"])
            table.add_row(name, mark, p["id"], p["type"], p["reason"], p["detail"], tries, p["since"], size)
    console.print(table)


@dlq.command("show")
def show(
    service: Service,
    record: Annotated[str, typer.Argument(metavar="ID", help="STREAM/DOSSIER/SEQUENCE; a copy: PARTITION/OFFSET")],
) -> None:
    """Show one record: its headers and its bytes (they hold sealed fields or a hash only)."""
    if record.count("/") == 1:
        letters.show_one(service, record)
        return
    stream, aggregate, sequence = _event(record)
    found = operator.get(service, f"/operations/parked/{stream}/{aggregate}/{sequence}")
    value = base64.b64decode(found.pop("value")).decode(errors="replace")
    console.print_json(data=found)
    console.print(value or "(the bytes were too many to keep: `hoso gap repair` reads them again)", markup=False)


@dlq.command("replay")
def replay(
    service: Service,
    *,
    reason: Reason = None,
    stream: Stream = None,
    aggregate: Aggregate = None,
    type_: Type = None,
    since: Since = None,
    dry_run: DryRun = False,
) -> None:
    """Try parked records again, in order; what follows them is handled with them, what fails stays parked."""
    body = {**_filters(reason, stream, aggregate, type_, since), "dry_run": dry_run}
    done = operator.post(service, "/operations/replay", body, seconds=None)
    _report(done["reports"], dry_run=dry_run)
    if sum(done["counts"].values()) > len(done["reports"]):
        console.print("of all: " + ", ".join(f"{count} {result}" for result, count in done["counts"].items()))


@dlq.command("drop")
def drop(
    service: Service,
    *,
    because: Annotated[str, typer.Option(help="why; kept for ever with the dossier")],
    event: Annotated[list[str] | None, typer.Option("--id", help="STREAM/DOSSIER/SEQUENCE, may be repeated")] = None,
    reason: Reason = None,
    stream: Stream = None,
    aggregate: Aggregate = None,
    type_: Type = None,
    since: Since = None,
    missing: Annotated[bool, typer.Option("--missing", help="with --id: also events that never came")] = False,
    dry_run: DryRun = False,
) -> None:
    """Give up parked records: the service goes on as if they had not been said, and handles what follows them."""
    filters = _filters(reason, stream, aggregate, type_, since)
    if bool(event) == bool(filters):
        raise typer.BadParameter("name what to drop: --id, or filters such as --reason and --aggregate, not both")
    if missing and not event:
        raise typer.BadParameter("--missing needs --id: an event that never came cannot be found by a filter")
    names = [_event(name) for name in event or ()] or [
        (p["stream"], p["aggregate"], p["sequence"])
        for p in _parked(service, filters)
        if p["reason"] not in {"gap", "blocked"} or p["reason"] == reason
    ]
    if not names:
        console.print("nothing is parked that fits; `hoso dlq list` shows what is")
        return
    if len(names) > MAX_EVENTS:
        raise typer.BadParameter(f"{len(names)} records fit, at most {MAX_EVENTS} at once: narrow the filters")
    events = [{"stream": s, "aggregate": a, "sequence": n} for s, a, n in names]
    body = {"events": events, "because": because, "missing": missing, "dry_run": dry_run}
    _report(operator.post(service, "/operations/drop", body, seconds=None)["reports"], dry_run=dry_run)


@gap.command("repair")
def repair(
    service: Service,
    *,
    stream: Stream = None,
    aggregate: Aggregate = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="read from here (UTC), not from the beginning", formats=["%Y-%m-%dT%H:%M:%S"]),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Read the partitions of dossiers with gaps again and hand over what is missing, in order."""
    body = {"stream": stream, "aggregate": aggregate, "since": _instant(since), "dry_run": dry_run}
    done = operator.post(service, "/operations/repair", body, seconds=None)["repaired"]
    table = Table("stream", "aggregate", "gaps", "found in Kafka", "would be missing" if dry_run else "still missing")
    for r in done:
        table.add_row(r["stream"], r["aggregate"], _spans(r["gaps"]), str(r["found"]), _spans(r["missing"]))
    console.print(table if done else "there is no gap")
    left = [f"{r['stream']}/{r['aggregate']}/{r['missing'][0][0]}" for r in done if r["missing"]]
    if left and not dry_run:
        console.print(
            f"what Kafka has was handed over: see `hoso dlq list --service {service}` for what failed. Without --since "
            f"all is read. An event lost for ever: hoso dlq drop {service} --id {left[0]} --missing --because '…'",
            markup=False,
        )
        raise typer.Exit(1)


def _parked(service: str, filters: dict[str, Any]) -> list[dict[str, Any]]:
    found = operator.get(service, "/operations/parked", filters)
    if found["more"]:
        console.print(f"{service} has more than one look shows: narrow the filters", style="yellow")
    parked: list[dict[str, Any]] = found["parked"]
    return parked


def _filters(
    reason: str | None, stream: str | None, aggregate: str | None, type_: str | None, since: datetime | None
) -> dict[str, Any]:
    if reason is not None and reason not in REASONS:
        raise typer.BadParameter(f"--reason must be one of {', '.join(REASONS)}")
    named = {"reason": reason, "stream": stream, "aggregate": aggregate, "type": type_, "since": _instant(since)}
    return {name: value for name, value in named.items() if value is not None}


def _instant(value: datetime | None) -> str | None:
    return None if value is None else f"{value.isoformat()}Z"


def _event(name: str) -> tuple[str, str, int]:
    stream, _, rest = name.partition("/")
    aggregate, _, sequence = rest.rpartition("/")
    if not (stream and aggregate and sequence.isdigit()):
        raise typer.BadParameter(f"{name} must be STREAM/DOSSIER/SEQUENCE as `hoso dlq list` shows it")
    return stream, aggregate, int(sequence)


def _report(reports: list[dict[str, Any]], *, dry_run: bool) -> None:
    table = Table("stream", "aggregate", "would be" if dry_run else "is", "dropped", "handled", "seen", "why")
    for r in reports:
        seen = "" if r["seen"] is None else str(r["seen"])
        counts = (str(r["dropped"]), str(r["handled"]))
        table.add_row(r["stream"], r["aggregate"], r["result"], *counts, seen, r["detail"])
    console.print(table if reports else "nothing is parked that fits; `hoso dlq list` shows what is")
    if any(r["result"] in {"parked", "refused"} for r in reports):
        console.print("what stays parked waits for a fix (then replay), a `hoso gap repair`, or a drop of what is next")


def _spans(spans: list[list[int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
