"""``hoso privacy find|export|erase|hold|release``: the rights of a person, answered in time and by the text."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from cli import operator
from law import calendar

SERVICE: Final = "submission"
LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
ANSWER_DAYS: Final = 2
"""Working days to answer a person's request (Law 91/2025/QH15 with Decree 356/2025, mark R)."""
PARTS: Final = {
    "timeline": ("tracking", "/dossiers/{}/timeline"),
    "messages": ("notification", "/dossiers/{}/messages"),
    "invoices": ("payment", "/dossiers/{}/invoices"),
    "delivery": ("delivery", "/dossiers/{}/delivery"),
}
"""What other services keep of a dossier; files and documents are taken from their own routes."""
console = Console(stderr=True)
privacy = typer.Typer(no_args_is_help=True, help="Personal data: what there is of a person, and its end.")
Named = Annotated[
    str,
    typer.Argument(help="a phone, an identity number, account:SUB, or a dossier's id; - asks for it", metavar="PERSON"),
]
Reason = Annotated[str, typer.Option(help="the request or the rule; kept for ever, so no personal data")]
Asked = Annotated[str | None, typer.Option(help="day the request came, as 2026-11-30; default today")]


@privacy.command()
def find(person: Named, asked: Asked = None) -> None:
    """A person's dossiers, until when each must be kept, and by which text."""
    _due(asked)
    _table(operator.post(SERVICE, "/privacy/find", named(person))["dossiers"])


@privacy.command()
def export(
    person: Named,
    out: Annotated[Path, typer.Option(help="the file to write; only you can read it")],
    asked: Asked = None,
) -> None:
    """Write everything there is of a person, from every service, as JSON to hand over. Who asked is recorded."""
    _due(asked)
    found = operator.post(SERVICE, "/privacy/export", named(person))["dossiers"]
    for dossier in found:
        dossier["elsewhere"] = {
            name: operator.find(service, path.format(dossier["id"])) for name, (service, path) in PARTS.items()
        }
    out.touch(mode=0o600)
    out.write_text(json.dumps({"person": person, "dossiers": found}, ensure_ascii=False, indent=2))
    console.print(f"{len(found)} dossiers in {out}")


@privacy.command()
def erase(
    person: Named,
    reason: Reason,
    asked: Asked = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Erase a person from each dossier whose term is over and that nobody holds. It cannot be undone.

    The last line is JSON; exit code 1: something must still be kept, and it is said until when and why.
    """
    _due(asked)
    body = named(person)
    if not yes:
        _table(operator.post(SERVICE, "/privacy/find", body)["dossiers"])
        typer.confirm("What is erasable is erased for ever. Go on?", abort=True, err=True)
    found = operator.post(SERVICE, "/privacy/erase", {**body, "reason": reason})["dossiers"]
    _table(found)
    erased = sum(line["standing"] == "erased" for line in found)
    print(json.dumps({"erased": erased, "left": len(found) - erased}))  # noqa: T201 - the result, for programs
    raise typer.Exit(0 if erased == len(found) else 1)


@privacy.command()
def hold(dossier: str, reason: Reason) -> None:
    """Forbid that a dossier be erased: a court, an inspection, a complaint."""
    operator.post(SERVICE, f"/privacy/dossiers/{dossier}/hold", {"reason": reason})
    console.print("held")


@privacy.command()
def release(dossier: str) -> None:
    """End a hold."""
    operator.post(SERVICE, f"/privacy/dossiers/{dossier}/release", {})
    console.print("released")


def named(person: str) -> dict[str, str]:
    """How a person is named: by what they look like. Raises typer.BadParameter."""
    text = typer.prompt("person", hide_input=True, err=True) if person == "-" else person
    if text.startswith("account:"):
        return {"account": text.removeprefix("account:")}
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        return {"dossier": text}
    digits = re.sub(r"[ ().-]", "", text)
    if re.fullmatch(r"\+84\d{8,10}|0\d{9}", digits):
        return {"phone": digits}
    if re.fullmatch(r"\d{9}|\d{12}", digits):
        return {"identity_number": digits}
    raise typer.BadParameter(
        "a phone (+84… or 0…), an identity number (9 or 12 digits), account:SUB, or a dossier's id"
    )


def answer_by(asked: date) -> date:
    """The last day to answer a request that came on a local day: `ANSWER_DAYS` working days later."""
    day = asked
    for _ in range(ANSWER_DAYS):
        day = calendar.default().next_working_day(day)
    return day


def _due(asked: str | None) -> None:
    try:
        day = date.fromisoformat(asked) if asked else today()
    except ValueError as error:
        raise typer.BadParameter("must be a day, as 2026-11-30", param_hint="--asked") from error
    by = answer_by(day)
    late = " [red]- that is past[/]" if by < today() else ""
    console.print(f"asked on {day}: to be answered by {by} (2 working days, Law 91/2025/QH15, mark R){late}")


def today() -> date:
    """The local day."""
    return datetime.now(LOCAL).date()


def _table(found: list[dict[str, Any]]) -> None:
    table = Table("dossier", "code", "standing", "until", "by")
    for line in found:
        source = f"{line['source']} ({line['mark']})" if "mark" in line else line.get("source", "")
        why = line.get("held") or source
        table.add_row(line["dossier"], line["code"] or "", line["standing"], line.get("until", ""), why)
    console.print(table)
    if not found:
        console.print("no dossier of that person is found here")
