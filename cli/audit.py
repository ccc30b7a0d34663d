"""``hoso audit verify|show|seal``: the log held against its seals, and who did what to a dossier."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from joserfc.jwk import KeySet
from rich.console import Console
from rich.table import Table

from chassis.kafka import Bootstrap
from chassis.rereading import LOG_AWAY
from cli import operator
from cli.platform import address
from cli.settings import kafka
from schemas.audit import LogSealed
from services.audit import log
from services.audit.checking import check_known, check_seals

SERVICE: Final = "audit"
AUDITOR: Final = "auditor1"
SHOWN: Final = 50
console = Console(stderr=True)
audit = typer.Typer(no_args_is_help=True, help="The audit log: who looked, who acted, and whether the log was altered.")


@audit.command()
def verify(
    bootstrap: Annotated[str | None, typer.Option(help="Kafka; without it that of the running platform")] = None,
    keys: Annotated[Path | None, typer.Option(exists=True, help="JWKS of who seals; without it audit's own")] = None,
    known: Annotated[Path | None, typer.Option(exists=True, help="seals copied earlier from /audit/seals")] = None,
    tsa: Annotated[Path | None, typer.Option(exists=True, help="PEM of the authorities whose stamps count")] = None,
) -> None:
    """Read the whole log and hold it against its chains, its seals, their signatures and stamps.

    The last line is JSON; exit code 1: something was altered, and is named.
    """
    jwks: Any = json.loads(keys.read_text()) if keys else _keys(address(SERVICE))
    copied = [(int(one["n"]), str(one["root"])) for one in json.loads(known.read_text())["seals"]] if known else []
    pem = tsa.read_bytes() if tsa else None
    try:
        found, wrong = asyncio.run(_verify(bootstrap or kafka(SERVICE), KeySet.import_key_set(jwks), copied, pem))
    except LOG_AWAY as error:
        console.print(f"[red]the log cannot be read: {type(error).__name__} {error}")
        raise typer.Exit(2) from error
    for line in wrong[:SHOWN]:
        console.print(line, style="red", markup=False, soft_wrap=True)
    print(json.dumps({"whole": not wrong, **found, "findings": len(wrong)}))  # noqa: T201 - the result, for programs
    raise typer.Exit(1 if wrong else 0)


@audit.command()
def show(dossier: Annotated[str, typer.Argument(help="the dossier's id (a UUID)")]) -> None:
    """Everything that happened to a dossier, who acted, who looked, and which personal data they opened.

    That it was asked is recorded too.
    """
    found = operator.get(SERVICE, f"/audit/dossiers/{dossier}", who=AUDITOR)
    table = Table("at", "what", "by", "opened")
    for line in found["records"]:
        refused = f" [{line['status']}]" if line.get("status", 200) >= 400 else ""  # noqa: PLR2004
        table.add_row(line["at"], f"{line['what']}{refused}", line["by"] or "", ", ".join(line["opened"]))
    Console().print(table)


@audit.command()
def seal() -> None:
    """Seal the log now, besides the daily seals."""
    found = operator.post(SERVICE, "/audit/seals", {}, who=AUDITOR)
    print(json.dumps(found))  # noqa: T201 - the result, for programs


def _keys(url: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = (
            httpx.get(f"{url}/.well-known/jwks.json", timeout=10, trust_env=False).raise_for_status().json()
        )
    except httpx.HTTPError as error:
        console.print(f"[red]audit does not answer ({type(error).__name__}): give its keys with --keys")
        raise typer.Exit(2) from error
    return found


async def _verify(
    bootstrap: Bootstrap, keys: KeySet, known: list[tuple[int, str]], tsa: bytes | None
) -> tuple[dict[str, Any], list[str]]:
    seals, wrong = await log.seals(bootstrap)
    wrong += [*check_seals(seals, keys), *check_known(seals, known)]
    stamped, unstamped = await _stamps(seals, tsa)
    records, altered = await log.check(bootstrap, seals)
    sealed = sum(span.end - span.first for one in seals for span in one.spans)
    counts = {"records": records, "sealed": sealed, "seals": len(seals), "stamped": stamped}
    return counts, [*wrong, *unstamped, *altered]


async def _stamps(seals: list[LogSealed], tsa: bytes | None) -> tuple[int, list[str]]:
    """How many seals have a good stamp, and what is wrong. With authorities to trust every seal must have one."""
    # Half a second to import, which every other command would pay.
    from pyhanko.keys import load_certs_from_pemder_data  # noqa: PLC0415

    from services.audit.stamping import stamped_at  # noqa: PLC0415

    roots = list(load_certs_from_pemder_data(tsa)) if tsa else []
    good, wrong = 0, []
    for sealed in seals:
        if sealed.stamp is None:
            wrong += [f"seal {sealed.n} of {sealed.day}: not stamped"] if roots else []
        elif await stamped_at(sealed.stamp, sealed.signature, roots) is None:
            wrong.append(f"seal {sealed.n} of {sealed.day}: its stamp does not hold")
        else:
            good += 1
    return good, wrong
