"""``hoso payment``: what the accountant sees to: refunds, cases, the daily reconciliation, the books."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import httpx
import typer
from rich.console import Console
from rich.table import Table

from cli import operator
from cli.platform import address

SERVICE: Final = "payment"
LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
console = Console()
payment = typer.Typer(no_args_is_help=True, help="Refunds, cases, the daily reconciliation, the books.")
Dossier = Annotated[str, typer.Argument(help="the dossier's id")]
As = Annotated[str, typer.Option("--as", help="the account that acts: a refund needs another one than asked for it")]
Day = Annotated[str | None, typer.Option("--day", help="local day, as 2026-11-24; default today")]


@payment.command()
def show(dossier: Dossier) -> None:
    """Print a dossier's invoices: what is due, what came, what goes back, as JSON."""
    console.print_json(data=operator.get(SERVICE, f"/dossiers/{dossier}/invoices"))


@payment.command()
def work(
    waits: Annotated[
        str, typer.Argument(help="requested, failed, treasury, by_hand, case, unanswered or untransmitted")
    ] = "requested",
) -> None:
    """List what waits for a person."""
    table = Table("dossier", "code", "what", "VND", "why", "since")
    for invoice in _pages("/work", "invoices", waits=waits):
        for row in _waiting(invoice, waits):
            table.add_row(invoice["dossier_id"], invoice["number"], *row)
    console.print(table)


def _pages(path: str, name: str, **given: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = operator.get(SERVICE, path, {**given, "after": after or ""}, who="accountant1")
        found += page[name]
        after = page["next"]
        if after is None:
            return found


def _waiting(invoice: dict[str, Any], waits: str) -> list[tuple[str, str, str, str]]:
    if waits == "case":
        open_ = [c for c in invoice["cases"] if "closed_at" not in c]
        return [(c["id"], "", f"{c['kind']}: {c['detail']}", c["opened_at"]) for c in open_]
    if waits == "unanswered":
        asked = [a for a in invoice["attempts"] if a["status"] == "open"]
        return [(a["id"], "", f"asked {a['asked']} times", a["created_at"]) for a in asked]
    if waits == "untransmitted":
        unsent = [r for r in invoice["receipts"] if ("number" in r and "sent_at" not in r) or "cancelled_at" in r]
        return [(r["number"], f"{r['amount']:,}", r["status"], r["issued_at"]) for r in unsent]
    refunds = [r for r in invoice["refunds"] if r["status"] == waits]
    return [(r["id"], f"{r['amount']:,}", f"{r['reason']}: {r['ground']}", r["requested_at"]) for r in refunds]


@payment.command()
def approve(
    dossier: Dossier,
    refund: Annotated[str, typer.Argument(help="as R1")],
    *,
    by_hand: Annotated[bool, typer.Option("--by-hand", help="not by the gateway")] = False,
    who: As = "leader1",
) -> None:
    """Let a refund go."""
    path = f"/dossiers/{dossier}/refunds/{refund}/approve"
    answer = operator.post(SERVICE, path, {"by_hand": by_hand}, who=who)
    console.print(f"{refund} goes back: {answer['way']}")


@payment.command()
def transmit(dossier: Dossier, number: Annotated[str, typer.Argument(help="as BL26P-0000001")]) -> None:
    """Hand a receipt that the tax office does not have to it once more."""
    operator.post(SERVICE, f"/dossiers/{dossier}/receipts/{number}/transmit", {}, who="accountant1")
    console.print(f"{number} goes to the tax office again")


@payment.command()
def reconcile(
    *,
    day: Day = None,
    file: Annotated[Path | None, typer.Option(help="the gateway's report; default: the simulated gateway's")] = None,
) -> None:
    """Hold a gateway's daily report against the ledger and the dossiers; exit code 1 while differences wait."""
    on = _day(day)
    text = file.read_text() if file else asyncio.run(_report(on))
    answer = operator.post(SERVICE, f"/reconciliations/vnpay/{on.isoformat()}", text, who="accountant1")
    console.print(f"{on.isoformat()}: {answer['new']} new differences, {answer['open']} wait")
    raise typer.Exit(1 if answer["open"] or answer["more"] else 0)


async def _report(day: date) -> str:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        found = await client.get(f"{address('gateway')}/control/report/{day:%Y%m%d}")
        return found.raise_for_status().text


@payment.command()
def differences(
    day: Day = None,
    method: Annotated[str, typer.Option(help="vnpay or vietqr")] = "vnpay",
    *,
    csv: Annotated[bool, typer.Option("--csv", help="of one day, all of them, as CSV")] = False,
) -> None:
    """List the differences that wait, by day; or one day's as CSV."""
    if csv:
        path = f"/reconciliations/{method}/{_day(day).isoformat()}/csv"
        typer.echo(operator.text(SERVICE, path, who="accountant1"), nl=False)
        return
    table = Table("method", "day", "what", "ref", "ours", "theirs", "days")
    for found in _pages("/discrepancies", "days"):
        for one in found["discrepancies"]:
            if "resolved_at" not in one or one["resolved_at"] is None:
                sums = [str(one.get(side, "")) for side in ("ours", "theirs")]
                table.add_row(found["method"], found["day"], one["kind"], one["ref"], *sums, str(one["age_days"]))
    console.print(table)


@payment.command()
def resolve(
    key: Annotated[str, typer.Argument(help="kind:ref, as `differences --csv` has them")],
    because: Annotated[str, typer.Option(help="what became of it")],
    day: Day = None,
    method: Annotated[str, typer.Option(help="vnpay or vietqr")] = "vnpay",
) -> None:
    """Close a difference, with a reason."""
    path = f"/reconciliations/{method}/{_day(day).isoformat()}/resolve"
    answer = operator.post(SERVICE, path, {"key": key, "resolution": because}, who="accountant1")
    console.print(f"resolved; {answer['open']} wait on that day")


@payment.command()
def statement(file: Annotated[Path, typer.Argument(help="CSV: entry,time,amount,description")]) -> None:
    """Import a bank's statement: each credit goes to the invoice that it names."""
    answer = operator.post(SERVICE, "/statements", file.read_text(), who="accountant1")
    console.print(f"{answer['matched']} matched ({answer['repeated']} known before), {answer['unmatched']} name none")


@payment.command()
def ledger(day: Day = None) -> None:
    """Print the balances of the invoices that money came for on a day."""
    found = operator.get(SERVICE, "/ledger", {"day": _day(day).isoformat()}, who="accountant1")
    table = Table("account", "VND")
    for account, amount in found["balances"].items():
        table.add_row(account, f"{amount:,}")
    console.print(table)
    console.print("balanced" if found["balanced"] else "[red]not balanced")


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(LOCAL).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: write a day as 2026-11-24", param_hint="--day") from error
