"""``hoso migrate``: makes the stores fit this release, while services of this one and the one before run."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chassis import migrate as rewriting
from chassis.store import StoreUnavailable
from cli.settings import store_settings
from deploy.access.store import MIGRATION
from deploy.local import indexes

console = Console()


def migrate(
    *,
    check: Annotated[bool, typer.Option("--check", help="change nothing; exit 1 if something is to be done")] = False,
    documents: Annotated[
        bool, typer.Option("--documents", help="also write documents of older versions back in this one's")
    ] = False,
) -> None:
    """Build the declared indexes and say which were missing. It may be stopped and run again at any time."""
    settings = store_settings(MIGRATION)
    url, prefix = settings.mongodb_url.get_secret_value(), settings.database_prefix
    try:
        done = asyncio.run(_check(url, prefix, documents) if check else _migrate(url, prefix, documents))
    except StoreUnavailable as error:
        console.print(f"[red]the store does not answer: {str(error)[:200]}")
        raise typer.Exit(1) from error
    raise typer.Exit(0 if done else 1)


async def _check(url: str, prefix: str, documents: bool) -> bool:  # noqa: FBT001 - the command's own switch
    missing = await indexes.missing(url, prefix)
    _say("missing", missing)
    old: dict[str, int] = {}
    if documents:
        async with indexes.targets(url, prefix) as found:
            old = {name: await rewriting.outdated(collection, kind) for name, kind, collection in found}
        for name, count in old.items():
            if count:
                console.print(f"{name}: {count} documents of an older version")
    return not missing and not any(old.values())


async def _migrate(url: str, prefix: str, documents: bool) -> bool:  # noqa: FBT001 - the command's own switch
    _say("built", await indexes.create(url, prefix))
    return not documents or await _rewrite(url, prefix)


async def _rewrite(url: str, prefix: str) -> bool:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    unreadable: dict[str, str] = {}
    async with indexes.targets(url, prefix) as found:
        with Progress(*columns, console=console) as progress:
            for name, kind, collection in found:
                total = await rewriting.outdated(collection, kind)
                if total:
                    task = progress.add_task(name, total=total)
                    result = await rewriting.rewrite(collection, kind, progress=partial(progress.advance, task))
                    console.print(f"{name}: {result.written} documents written back")
                    unreadable |= result.unreadable
    for why in unreadable.values():
        console.print(f"[red]left as it is: {why}")
    return not unreadable


def _say(what: str, found: dict[str, list[str]]) -> None:
    for name, names in found.items():
        console.print(f"{name}: {what} {', '.join(names)}")
    if not found:
        console.print("every declared index is there")


if __name__ == "__main__":
    typer.run(migrate)
