"""What a person sees of the demo."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Console
from rich.table import Table

from cli.demo.journey import Outcome
from deploy.local.stack import Stack

SMS_SHOWN: Final = 12


def tables(console: Console, outcomes: list[Outcome], messages: list[dict[str, Any]]) -> None:
    """The dossiers with their times, then the messages as they arrived."""
    table = Table(
        "code", "procedure", "route", "way", "filed", "accepted", "paid", "decided", "returned", title="Dossiers"
    )
    for outcome in outcomes:
        steps = [f"{outcome.steps[s]:.1f} s" if s in outcome.steps else "–" for s in _STEPS]
        planned = outcome.planned
        table.add_row(outcome.code or outcome.dossier, planned.filing["procedure"], planned.route, planned.way, *steps)
        if outcome.error:
            table.add_row("", f"[red]{outcome.error[:200]}")
    console.print(table)
    phone = Table("phone", "message", title=f"SMS on the simulated phones ({len(messages)}; the last {SMS_SHOWN})")
    for message in messages[-SMS_SHOWN:]:
        phone.add_row(message["to"], message["text"])
    console.print(phone)


_STEPS: Final = ("filed", "accepted", "paid", "decided", "returned")


def unsettled(console: Console, messages: list[dict[str, Any]]) -> None:
    """Messages nothing certain is known of."""
    table = Table("message", "kind", "status", "reason", title=f"SMS not settled ({len(messages)})")
    for message in messages[:SMS_SHOWN]:
        table.add_row(message["id"], message["kind"], message["status"], message.get("reason") or "")
    console.print(table)


def addresses(console: Console, stack: Stack, prometheus: str | None) -> None:
    """Where to look while it stays up."""
    table = Table("what", "address", title="Up until Ctrl-C")
    for name, url in stack.addresses.items():
        table.add_row(name, url)
    if prometheus is not None:
        table.add_row("prometheus", prometheus)
    console.print(table)
