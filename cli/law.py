"""``hoso law``: due dates, fees and procedures as the law in code computes them, and its data checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.progress import Progress

from cli import operator
from law import _data, calendar, clock, dataset, fees, procedures
from law.errors import CalendarMissing, FeeInputError, LawDataError, LawError, UnknownProcedure
from law.lint import check as findings_of
from law.procedures import AdministrativeLevel, Procedure
from law.search import search as find
from law.terms import SupplementPolicy, Term, TermUnit

law = typer.Typer(no_args_is_help=True, help="Due dates, fees, procedures; law data checked.")
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="local day, as 2021-06-16; default today")]
Code = Annotated[str, typer.Argument(help="as 1.001440 or 1.001440.000.00.00.H18")]


@law.callback()
def data(
    folder: Annotated[
        Path | None, typer.Option("--data", envvar="HOSO_LAW_DATA", help="folder of reviewed data instead of our own")
    ] = None,
) -> None:
    """Computed from the packaged data, or from a reviewed folder."""
    with _told():
        dataset.use(folder)


@law.command()
def due(
    *,
    filed: Annotated[str, typer.Option(help="local time, as 2026-02-13T16:00")],
    term: Annotated[int, typer.Option(min=1, max=3660, help="number of days")],
    unit: Annotated[TermUnit, typer.Option(help="working: ngày làm việc; calendar: ngày")],
    pause: Annotated[list[str] | None, typer.Option(metavar="FROM/TO", help="TO empty: still open; repeatable")] = None,
    policy: Annotated[SupplementPolicy, typer.Option(help="what the term does after each pause")] = "resume",
    extend: Annotated[int, typer.Option(min=0, max=3660, help="days more, granted last")] = 0,
) -> None:
    """Print when a dossier is due, as JSON with local dates; `due` is null while a pause is open."""
    start = _instant(filed, "--filed")
    pauses = [_pause(text, policy) for text in pause or ()]
    last = max([start, *(instant for one in pauses for instant in (one.requested, one.answered) if instant)])
    granted = [clock.Extension(amount=extend, granted=last + timedelta(milliseconds=1))] if extend else []
    with _told():
        found = clock.due_date(Term(amount=term, unit=unit), start, pauses, granted)
    _print({
        "due": found.day and found.day.isoformat(),
        "term_start": found.term_start.isoformat(),
        "paused_days": found.paused_days,
    })  # fmt: skip


@law.command()
def fee(
    code: Code,
    on: On = None,
    given: Annotated[list[str] | None, typer.Option("--input", metavar="NAME=VALUE", help="repeatable")] = None,
) -> None:
    """Print what a filing costs, as JSON: the lines of phí and lệ phí and their total in VND."""
    day = _day(on)
    pairs = dict(_pair(text) for text in given or ())
    with _told():
        procedure = procedures.find(code, day)
        found = fees.assess(procedure, day, fees.inputs_of_text(procedure, pairs)).model_dump(mode="json")
    _print({"total": found["total"], "lines": found["lines"], "exemptions": found["exemptions"]})


@law.command()
def show(code: Code, on: On = None) -> None:
    """Print one procedure as it is in force on a day, each value with its mark and source, as JSON."""
    with _told():
        found = procedures.find(code, _day(on))
    _print(found.model_dump(mode="json", exclude_none=True), indent=2)


@law.command()
def search(
    words: Annotated[list[str] | None, typer.Argument(help="with or without diacritics; none: all")] = None,
    on: On = None,
    field: Annotated[str, typer.Option(help="as `du lich` or `tourism`")] = "",
    level: Annotated[AdministrativeLevel | None, typer.Option(help="who decides")] = None,
) -> None:
    """List the procedures whose names, code or field hold words that begin so, best first."""
    hits = find(procedures.all(_day(on)), " ".join(words or ()), field=field, level=level)
    for hit in hits:
        typer.echo(_line(hit.procedure))
    if not hits:
        _fail("nothing found; use fewer words or their beginnings")


@law.command()
def check(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="default: the data in use")] = None,
) -> None:
    """Check law data; every finding says where and what would be right."""
    with _told():
        texts = _data.packaged() if folder is None else _data.read(folder)
    found = findings_of(texts, _data.packaged())
    for finding in found:
        typer.echo(str(finding))
    if found:
        _fail(f"{len(found)} to correct before this data can be used")
    typer.echo(f"{len(texts)} files, nothing to correct")


@law.command()
def recount() -> None:
    """Have the running submission count everything that is due again, after its calendar was changed."""
    body: dict[str, Any] = {}
    looked_at = moved = 0
    with Progress(transient=True) as progress:
        bar = progress.add_task("dossiers", total=None)
        while True:
            page = operator.post("submission", "/calendar/recount", body)
            looked_at, moved = looked_at + page["looked_at"], moved + page["moved"]
            progress.update(bar, completed=looked_at)
            if page["next"] is None:
                break
            body = {"calendar": page["calendar"], "cursor": page["next"]}
    typer.echo(f"{looked_at} dossiers counted by the calendar {page['calendar']}, {moved} due dates moved")


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the law refuses into a message that says what to do next."""
    try:
        yield
    except FeeInputError as error:
        _fail(f"{error}; give it as --input {error.name}=VALUE")
    except UnknownProcedure as error:
        _fail(f"{error}; `hoso law search WORDS` lists codes, --on DATE another day")
    except CalendarMissing as error:
        years = ", ".join(map(str, calendar.default().years))
        _fail(f"{error} (there are {years}); add calendar/{error.year}.json to a reviewed folder and give --data DIR")
    except LawDataError as error:
        _fail(f"{error}; `hoso law check DIR` lists what to correct")
    except LawError as error:
        _fail(str(error))


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _print(value: dict[str, Any], indent: int | None = None) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=indent))


def _line(procedure: Procedure) -> str:
    term = procedure.term
    return f"{procedure.code}  {term.amount} {term.unit} days  {procedure.name_vi} / {procedure.name_en}"


def _pause(text: str, policy: Literal["resume", "restart"]) -> clock.Pause:
    begin, slash, end = text.partition("/")
    if not slash:
        raise typer.BadParameter(f"{text!r}: write FROM/TO, as 2026-02-24T09:00/2026-02-26T10:00", param_hint="--pause")
    answered = _instant(end, "--pause") if end else None
    return clock.Pause(kind="supplement", requested=_instant(begin, "--pause"), answered=answered, policy=policy)


def _instant(text: str, option: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: write local time as 2026-02-13T16:00", param_hint=option) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=clock.ZONE)


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(clock.ZONE).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: write a day as 2021-06-16", param_hint="--on") from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise typer.BadParameter(f"{text!r}: write NAME=VALUE, as units=2", param_hint="--input")
    return name, value
