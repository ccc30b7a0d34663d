"""``hoso keys status|rotate|erase``: the keyring, while services run."""

from __future__ import annotations

import asyncio
import getpass
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from chassis.keyadmin import ERASED, Erasure, Held, KeyAdmin
from chassis.keyring import KEY_TTL, Masters
from chassis.store import Store, StoreUnavailable
from cli.settings import master_settings, store_settings
from deploy.access.store import KEEPER
from schemas.event import to_instant

keys = typer.Typer(no_args_is_help=True, help="Keys of dossiers: what seals their personal data.")
console = Console()
MAX_REASON: Final = 300
T = TypeVar("T")


@keys.command()
def status() -> None:
    """Count the keys by the master key that wraps them, and the dossiers that were erased."""
    counts = _run(_status())
    table = Table("master key", "dossiers")
    for name in sorted(counts, key=lambda name: (name == ERASED, name)):
        table.add_row(name, str(counts[name]))
    console.print(table)


@keys.command()
def rotate() -> None:
    """Wrap every dossier's key by the current master key, which every service must have been given before.

    It may be stopped and run again at any time.
    """
    masters = master_settings().masters
    done = _run(_rotate(masters))
    left = {name: n for name, n in _run(_status()).items() if name not in {masters.current, ERASED}}
    console.print(f"{done} keys are now wrapped by master key {masters.current}")
    if left:
        console.print(f"[red]left: {left}: give every service the current key (HOSO_MASTER_KEY_ID) and run it again")
        raise typer.Exit(1)


@keys.command()
def erase(
    dossier: Annotated[str, typer.Argument(help="the dossier's id (a UUID)", metavar="DOSSIER")],
    reason: Annotated[str, typer.Option(help="why: the request or the rule; no personal data")],
    by: Annotated[str, typer.Option(help="who decided it; your login name if left out")] = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Make all personal data of a dossier unreadable for ever, in every service. It cannot be undone."""
    try:
        known = str(uuid.UUID(dossier))
    except ValueError as error:
        raise typer.BadParameter("must be a UUID such as 0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55") from error
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise typer.BadParameter(f"must be 1 to {MAX_REASON} characters", param_hint="--reason")
    if not yes:
        typer.confirm(f"Nobody will ever read the personal data of {known} again. Go on?", abort=True)
    wanted = Erasure(known, to_instant(datetime.now(UTC)), by or getpass.getuser(), reason.strip())
    try:
        done, record = _run(_erase(wanted))
    except Held as error:
        console.print(f"[red]not erased: {error}")
        raise typer.Exit(1) from error
    if not done and record is not None:
        console.print(f"it was erased before, at {record.at.isoformat()} by {record.by}: {record.reason}")
        return
    console.print(f"erased; services forget the key within {KEY_TTL:g} seconds")


def _run(work: Coroutine[None, None, T]) -> T:
    try:
        return asyncio.run(work)
    except StoreUnavailable as error:
        console.print(f"[red]the keyring cannot be used: {str(error)[:200]}")
        raise typer.Exit(1) from error


async def _status() -> dict[str, int]:
    async with _admin() as admin:
        return await admin.count()


async def _rotate(masters: Masters) -> int:
    async with _admin() as admin:
        counts = await admin.count()
        total = sum(n for name, n in counts.items() if name not in {masters.current, ERASED})
        with Progress(console=console) as progress:
            task = progress.add_task(f"to master key {masters.current}", total=total)
            return await admin.rotate(masters, progress=lambda n: progress.advance(task, n))


async def _erase(erasure: Erasure) -> tuple[bool, Erasure | None]:
    async with _admin() as admin:
        return await admin.erase(erasure), await admin.erasure(erasure.dossier)


@asynccontextmanager
async def _admin() -> AsyncIterator[KeyAdmin]:
    settings = store_settings(KEEPER)
    store = Store(settings.mongodb_url.get_secret_value(), f"{settings.database_prefix}_keyring")
    try:
        yield KeyAdmin(store)
    finally:
        store.close()
