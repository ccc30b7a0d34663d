"""``hoso privacy find|export|correct|restrict|erase …``: the rights of a person, answered in time and by the text."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from cli import operator
from law import calendar, requests
from law.requests import RIGHTS, Due, Right

SERVICE: Final = "submission"
LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
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
Ref = Annotated[str | None, typer.Option("--request", help="the entry of the register this answers; else a new one")]
Asked = Annotated[str | None, typer.Option(help="day the request came, as 2026-11-30; default today")]


@privacy.command()
def find(person: Named, asked: Asked = None) -> None:
    """A person's dossiers, until when each must be kept, and by which text."""
    _due(asked, "see")
    _table(operator.post(SERVICE, "/privacy/find", named(person))["dossiers"])


@privacy.command()
def export(
    person: Named,
    out: Annotated[Path, typer.Option(help="the file to write; only you can read it")],
    asked: Asked = None,
    request: Ref = None,
) -> None:
    """Write everything there is of a person, from every service, as JSON to hand over. Who asked is recorded."""
    _due(asked, "see")
    entry = request or _noted("see", named(person), asked)
    found = operator.post(SERVICE, "/privacy/export", named(person))["dossiers"]
    for dossier in found:
        dossier["elsewhere"] = {
            name: operator.find(service, path.format(dossier["id"])) for name, (service, path) in PARTS.items()
        }
    out.touch(mode=0o600)
    out.write_text(json.dumps({"person": person, "dossiers": found}, ensure_ascii=False, indent=2))
    console.print(f"{len(found)} dossiers in {out}")
    _answered(entry, "done")


@privacy.command()
def erase(
    person: Named,
    reason: Reason,
    asked: Asked = None,
    request: Ref = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Erase a person from each dossier whose term is over and that nobody holds. It cannot be undone.

    The last line is JSON; exit code 1: something must still be kept, and it is said until when and why.
    """
    _due(asked, "erase")
    body = named(person)
    _sure(body, "What is erasable is erased for ever.", yes=yes)
    entry = request or _noted("erase", body, asked)
    found = operator.post(SERVICE, "/privacy/erase", {**body, "reason": reason})["dossiers"]
    _table(found)
    erased = sum(line["standing"] == "erased" for line in found)
    _answered(entry, _outcome(erased, len(found)))
    print(json.dumps({"erased": erased, "left": len(found) - erased}))  # noqa: T201 - the result, for programs
    raise typer.Exit(0 if erased == len(found) else 1)


@privacy.command()
def correct(
    person: Named,
    reason: Reason,
    field: Annotated[
        list[str],
        typer.Option(
            help="what is put right; may be repeated: name, phone, email, "
            "identity_number, address.province, address.commune, address.detail, form.FIELD"
        ),
    ],
    asked: Asked = None,
    request: Ref = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Put a person's data right. What is right is asked for, so that it is in no shell history.

    Phone, e-mail and address are put right in all their dossiers; name, identity number and the form in the one dossier
    that PERSON names. To what has ended it is attached as a note. Receipts and results that were issued stay as they
    are: replace them by their own commands. The last line is JSON; exit code 1: something was refused.
    """
    _due(asked, "correct")
    body = {**named(person), "reason": reason, "right": _right(field)}
    _sure(named(person), "This is put right in all of these.", yes=yes)
    entry = request or _noted("correct", named(person), asked)
    _told(operator.post(SERVICE, "/privacy/correct", body)["dossiers"], entry)


@privacy.command()
def restrict(
    person: Named,
    reason: Reason,
    asked: Asked = None,
    request: Ref = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Have nothing done with a person's data but what the law asks for, until it is lifted.

    Officers are not shown them, nor find the person by a search; the person is told only what they must act on. Legal
    terms go on. The last line is JSON; exit code 1: something was refused.
    """
    _due(asked, "restrict")
    _sure(named(person), "Officers will not be shown these any more.", yes=yes)
    entry = request or _noted("restrict", named(person), asked)
    _told(operator.post(SERVICE, "/privacy/restrict", {**named(person), "reason": reason})["dossiers"], entry)


@privacy.command()
def lift(person: Named, reason: Reason) -> None:
    """End a restriction."""
    _told(operator.post(SERVICE, "/privacy/lift", {**named(person), "reason": reason})["dossiers"])


@privacy.command()
def ask(
    person: Named,
    right: Annotated[str, typer.Option(help=f"what is asked for: {', '.join(RIGHTS)}")],
    asked: Asked = None,
) -> None:
    """Note in the register that a person asked, to be answered later. Prints the entry's id, for --request."""
    known: Right | None = next((one for one in RIGHTS if one == right), None)
    if known is None:
        raise typer.BadParameter(f"must be one of {', '.join(RIGHTS)}", param_hint="--right")
    _due(asked, known)
    print(_noted(known, named(person), asked))  # noqa: T201 - the result, for programs


@privacy.command("requests")
def listed(
    *, answered: Annotated[bool, typer.Option("--answered", help="those that were answered instead")] = False
) -> None:
    """What persons asked and was not answered yet, due first. Exit code 1: one of them is late."""
    table = Table("request", "asked for", "on", "answer by", "done by", "dossiers", "outcome", "answered")
    late, after = False, None
    while True:
        page = operator.get(SERVICE, "/privacy/requests", {"answered": answered, "after": after})
        for one in page["requests"]:
            done_by = date.fromisoformat(one["done_by"])
            missed = not answered and done_by < today()
            late = late or missed
            count = f"{len(one['dossiers'])}{'+' if one['more'] else ''}"
            dates = (one["asked"], one["answer_by"], f"{done_by}{' [red]late[/]' if missed else ''}")
            table.add_row(one["id"], one["right"], *dates, count, one.get("outcome", ""), one.get("answered_at", ""))
        after = page["next"]
        if after is None:
            break
    console.print(table)
    raise typer.Exit(1 if late else 0)


@privacy.command()
def answer(
    request: Annotated[str, typer.Argument(metavar="REQUEST")],
    outcome: Annotated[str, typer.Option(help="done, partly or refused")],
    note: Annotated[str | None, typer.Option(help="why; no personal data")] = None,
) -> None:
    """Say in the register what became of a request that no command here answered."""
    operator.post(SERVICE, f"/privacy/requests/{request}/answer", {"outcome": outcome, "note": note})
    console.print("answered")


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


def _right(fields: list[str]) -> dict[str, Any]:
    """What is right, asked for one by one."""
    right: dict[str, Any] = {}
    for field in fields:
        part, _, name = field.partition(".")
        value = typer.prompt(field, err=True)
        if name:
            right.setdefault(part, {})[name] = value
        else:
            right[part] = value
    return right


def _sure(person: dict[str, str], what: str, *, yes: bool) -> None:
    if not yes:
        _table(operator.post(SERVICE, "/privacy/find", person)["dossiers"])
        typer.confirm(f"{what} Go on?", abort=True, err=True)


def _noted(right: Right, person: dict[str, str], asked: str | None) -> str:
    """A new entry of the register: its id."""
    entry = operator.post(SERVICE, "/privacy/requests", {**person, "right": right, "asked": asked})
    return str(entry["request"])


def _answered(entry: str, outcome: str) -> None:
    operator.post(SERVICE, f"/privacy/requests/{entry}/answer", {"outcome": outcome})
    console.print(f"request {entry}: {outcome}")


def _outcome(done: int, of: int) -> str:
    return "done" if done == of else "partly" if done else "refused"


def _told(found: list[dict[str, Any]], entry: str | None = None) -> None:
    """What became of each, and with that of the request; ends the command."""
    _table(found)
    if entry is not None:
        _answered(entry, _outcome(sum(line["result"] != "refused" for line in found), len(found)))
    print(json.dumps(Counter(line["result"] for line in found)))  # noqa: T201 - the result, for programs
    raise typer.Exit(1 if any(line["result"] == "refused" for line in found) else 0)


def _due(asked: str | None, right: Right) -> Due:
    try:
        day = date.fromisoformat(asked) if asked else today()
    except ValueError as error:
        raise typer.BadParameter("must be a day, as 2026-11-30", param_hint="--asked") from error
    due = requests.due(right, day, calendar.default())
    console.print(
        f"asked on {day}: to be answered by {due.answer_by} (mark {due.answer_mark}){_late(due.answer_by)}, "
        f"done by {due.done_by} ({due.source}, mark {due.mark}){_late(due.done_by)}"
    )
    return due


def _late(by: date) -> str:
    return " [red]- that is past[/]" if by < today() else ""


def today() -> date:
    """The local day."""
    return datetime.now(LOCAL).date()


def _table(found: list[dict[str, Any]]) -> None:
    table = Table("dossier", "code", "standing", "until", "result", "why")
    for line in found:
        source = f"{line['source']} ({line['mark']})" if "mark" in line else line.get("source", "")
        why = line.get("why") or line.get("held") or source
        standing = line["standing"] + (", restricted" if "restricted" in line else "")
        result = line.get("result", "")
        table.add_row(line["dossier"], line["code"] or "", standing, line.get("until", ""), result, why)
    console.print(table)
    if not found:
        console.print("no dossier of that person is found here")
