"""``hoso notify``: what applicants are told, how it looks on a phone, and whether it arrived."""

from __future__ import annotations

import uuid
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from cli import operator
from cli.examples import example
from schemas.event import Event
from services.notification.domain import catalogue
from services.notification.domain.catalogue import BadTemplate
from services.notification.domain.forms import Language
from services.notification.domain.segments import segments
from services.notification.domain.templates import Template, named, said

console = Console()
notify = typer.Typer(no_args_is_help=True, help="Messages: previews, checks, what became of them.")
CODE = "000.00.12.H18-261124-0001"
Folder = Annotated[Path | None, typer.Option("--templates", help="a folder of templates instead of the packaged ones")]


@notify.command()
def preview(
    kind: Annotated[str | None, typer.Argument(help="as `accepted`; none: list them all")] = None,
    language: Annotated[str, typer.Option(help="vi or en")] = "vi",
    folder: Folder = None,
) -> None:
    """Show the texts of a kind of message for an example event, with the segments the SMS costs."""
    if language not in catalogue.LANGUAGES:
        raise typer.BadParameter(f"must be one of {', '.join(catalogue.LANGUAGES)}", param_hint="--language")
    chosen: Language = "vi" if language == "vi" else "en"
    try:
        templates = {name: t for name, t in catalogue.read(_folder(folder)) if kind in {None, t.kind, name}}
    except BadTemplate as error:
        _fail(str(error))
    if kind is None:
        _list(templates)
        return
    if not templates:
        _fail(f"there is no template {kind!r}; `hoso notify preview` lists them")
    for name, template in templates.items():
        texts = said(template, example_of(template.event), chosen)
        console.print(f"{name}  on {template.event}, to {template.to}, {template.lane}", style="bold", markup=False)
        if texts.sms is not None:
            sms = named(texts.sms, CODE)
            console.print(f"SMS, {len(segments(sms, 'm'))} segment(s), {len(sms)} characters", style="dim")
            console.print(sms, markup=False)
        console.print("e-mail", style="dim")
        console.print(f"{named(texts.title, CODE)}\n\n{named(texts.email, CODE)}", markup=False)


@notify.command()
def check(folder: Annotated[Path | None, typer.Argument(metavar="[DIR]")] = None) -> None:
    """Check templates against the fields of their events, the length of an SMS, and what carriers registered."""
    place = _folder(folder)
    try:
        found = list(catalogue.read(place))
        events = {t.event: example_of(t.event) for _, t in found if t.event in catalogue.EVENTS}
        wrong = catalogue.findings(place, events)
    except BadTemplate as error:
        _fail(str(error))
    for finding in wrong:
        typer.echo(finding)
    if wrong:
        _fail(f"{len(wrong)} to correct before these templates can be used")
    typer.echo(f"{len(found)} templates, nothing to correct")


@notify.command()
def show(dossier: Annotated[str, typer.Argument(help="the dossier's id (a UUID)", metavar="DOSSIER")]) -> None:
    """Show who is told about a dossier, and every message: its way, what became of it, in whose words, at what cost."""
    found = operator.get("notification", f"/dossiers/{_known(dossier)}/messages")
    table = Table("at (UTC)", "kind", "to", "channel", "status", "provider", "its word", "segments", "VND")
    for m in found["messages"]:
        table.add_row(
            m["at"], m["kind"], m["to"], m["channel"], m["status"], m["provider"] or "", m["code"] or "",
            str(m["segments"]), str(m["cost"]),
        )  # fmt: skip
    console.print(table)
    for contact in found["contacts"]:
        ways = "SMS and e-mail" if contact["email"] else "SMS"
        console.print(f"{contact['who']}: {ways}, {'verified' if contact['verified'] else 'not verified'}")
    if found["waiting"]:
        console.print(f"waits for the morning, or for the applicant: {', '.join(found['waiting'])}")


@notify.command()
def attention() -> None:
    """List messages that did not arrive by any way, or of which nobody can tell."""
    after: str | None = None
    table = Table("dossier", "kind", "channel", "status", "its word", "at (UTC)")
    while True:
        page = operator.get("notification", "/attention", {"after": after})
        for item in page["items"]:
            for m in item["messages"]:
                table.add_row(item["dossier"], m["kind"], m["channel"], m["status"], m["code"] or "", m["at"])
        after = page["next"]
        if after is None:
            break
    console.print(table if table.row_count else "every message arrived, or is on its way")


@notify.command()
def providers() -> None:
    """List the providers of SMS: weight, sessions, and for how many seconds one is left alone."""
    table = Table("name", "weight", "sessions", "left alone (s)")
    for found in operator.get("notification", "/providers")["providers"]:
        sessions = "" if found["sessions"] is None else str(found["sessions"])
        table.add_row(found["name"], str(found["weight"]), sessions, str(found["left_alone"]))
    console.print(table)


def example_of(event: str) -> Event:
    """One full example of an event type."""
    return example(catalogue.EVENTS[event])


def _list(templates: dict[str, Template]) -> None:
    table = Table("template", "event", "to", "lane", "e-mail", "optional")
    for name, template in templates.items():
        optional = "yes" if template.optional else ""
        table.add_row(name, template.event, template.to, template.lane, template.email_policy, optional)
    console.print(table)


def _folder(path: Path | None) -> Traversable:
    return catalogue.FOLDER if path is None else path


def _known(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise typer.BadParameter("must be a UUID such as 0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55") from error


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)
