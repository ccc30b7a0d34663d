"""``hoso backup`` and ``hoso restore``: encrypted copies of the services' databases, and of the keyring apart."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from chassis import backup as copies
from chassis.archive import BadArchive
from chassis.groups import in_use, rewind
from chassis.kafka import Bootstrap
from chassis.rereading import LOG_AWAY, Place, committed
from chassis.store import Store, StoreUnavailable
from cli.settings import backup_key, kafka, store_settings
from deploy.access.rights import ADMIN
from deploy.local import indexes
from deploy.local.stack import SERVICES

KEYRING: Final = "keyring"
SUFFIX: Final = ".hoso"
COLUMNS: Final = (TextColumn("{task.description:13}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
console = Console(stderr=True)
T = TypeVar("T")
Folder = Annotated[Path, typer.Argument(help="the folder of the copies: one file a service", metavar="FOLDER")]
Keys = Annotated[bool, typer.Option("--keyring", help="the keyring alone, under HOSO_KEYRING_BACKUP_KEY")]
Kafka = Annotated[str | None, typer.Option("--bootstrap", help="Kafka; without it that of the running platform")]


class Stopped(Exception):
    """What went wrong, and what to do next."""


def backup(folder: Folder, *, keyring: Keys = False, bootstrap: Kafka = None) -> None:
    """Copy every service's database, files included, while services run; each file is read again before it counts.

    The keys of personal data are not in it: `--keyring` copies them, to a folder of another place, under another key.
    """
    key = backup_key(keyring=keyring)
    folder.mkdir(parents=True, exist_ok=True)
    _run(_backup_keyring(folder, key) if keyring else _backup(folder, key, _kafka(bootstrap)))


def restore(
    folder: Folder,
    *,
    keyring: Keys = False,
    check: Annotated[bool, typer.Option("--check", help="read and verify everything, write nothing")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="remove what the databases hold now")] = False,
    bootstrap: Kafka = None,
) -> None:
    """Put copies back: every hash is verified before anything is written, services must be stopped.

    Consumers are put back to where they were when the copy was taken; a service that starts then takes from its journal
    what happened since (docs/backup.md). A keyring is never replaced: keys that are missing are added, and what was
    erased stays erased.
    """
    key = backup_key(keyring=keyring)
    names = (KEYRING,) if keyring else SERVICES
    missing = [name for name in names if not _file(folder, name).exists()]
    if missing:
        console.print(f"[red]{folder} has no copy of {', '.join(missing)}: give the folder that `hoso backup` wrote to")
        raise typer.Exit(1)
    if check:
        for name in names:
            _say(name, _run(_check(_file(folder, name), name, key)))
        console.print("every hash holds")
    elif keyring:
        _run(_restore_keyring(folder, key))
    else:
        _run(_restore(folder, key, _kafka(bootstrap), replace=replace))


async def _backup(folder: Path, key: bytes, broker: Bootstrap) -> None:
    settings = store_settings(ADMIN)
    for service in SERVICES:
        offsets = {f"{topic}/{at}": offset for (topic, at), offset in (await committed(broker, service)).items()}
        store = Store(settings.mongodb_url.get_secret_value(), f"{settings.database_prefix}_{service}")
        try:
            await _take(store, _file(folder, service), service, key, offsets)
        finally:
            store.close()


async def _backup_keyring(folder: Path, key: bytes) -> None:
    if any(_file(folder, service).exists() for service in SERVICES):
        raise Stopped(f"{folder} holds copies of services: keep the keyring's apart from what it opens, elsewhere")
    settings = store_settings(ADMIN)
    store = Store(settings.mongodb_url.get_secret_value(), f"{settings.database_prefix}_{KEYRING}")
    try:
        await _take(store, _file(folder, KEYRING), KEYRING, key, {})
    finally:
        store.close()


async def _take(store: Store, file: Path, what: str, key: bytes, offsets: dict[str, int]) -> None:
    """Beside the old copy, which it replaces once it was read back whole."""
    about = {"what": what, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    part = file.with_suffix(".part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with Progress(*COLUMNS, console=console) as progress, os.fdopen(descriptor, "w+b") as out:
        bar = progress.add_task(what, total=None)
        count = await copies.take(
            store.copying(), out, key, about=about, offsets=offsets, progress=_advances(progress, bar)
        )
        out.flush()
        os.fsync(out.fileno())
        found = copies.check(out, key)
        progress.update(bar, total=progress.tasks[0].completed)
    if found.total != count:
        raise Stopped(f"{part} does not hold what was written to it: is the disk sound? The old copy is as it was")
    part.replace(file)
    _say(what, found)


async def _check(file: Path, what: str, key: bytes) -> copies.Contents:
    with Progress(*COLUMNS, console=console) as progress, file.open("rb") as opened:
        bar = progress.add_task(what, total=None)
        found = copies.check(opened, key, _advances(progress, bar))
    if found.about.get("what") != what:
        raise Stopped(f"{file} is a copy of {found.about.get('what')!r}: give the folder that `hoso backup` wrote to")
    return found


async def _restore(folder: Path, key: bytes, broker: Bootstrap, *, replace: bool) -> None:
    running = await in_use(broker, SERVICES)
    if running:
        raise Stopped(f"{', '.join(running)} still runs: stop every replica, wait 10 s, then restore")
    settings = store_settings(ADMIN)
    url, prefix = settings.mongodb_url.get_secret_value(), settings.database_prefix
    contents = {name: await _check(_file(folder, name), name, key) for name in SERVICES}
    stores = {name: Store(url, f"{prefix}_{name}") for name in SERVICES}
    try:
        full = [] if replace else [name for name, store in stores.items() if not await store.copying().empty()]
        if full:
            raise Stopped(
                f"the databases of {', '.join(full)} are not empty: point MONGODB_URL or HOSO_DATABASE_PREFIX at empty "
                "ones, or add --replace to remove what they hold"
            )
        for name, store in stores.items():
            await _fill(store, _file(folder, name), name, key, replace=replace)
            await rewind(broker, name, _places(contents[name].offsets))
    finally:
        for store in stores.values():
            store.close()
    await indexes.create(url, prefix)
    console.print("restored; consumers are back where they were then. Start the services: each first takes from its")
    console.print("journal what happened since, and says what it could not (docs/backup.md, HosoAggregateBehind)")


async def _restore_keyring(folder: Path, key: bytes) -> None:
    settings = store_settings(ADMIN)
    store = Store(settings.mongodb_url.get_secret_value(), f"{settings.database_prefix}_{KEYRING}")
    try:
        found = await _fill(store, _file(folder, KEYRING), KEYRING, key, merge=True)
    finally:
        store.close()
    at = found.about.get("at")
    console.print(
        f"keys that were missing are back. What was erased after {at} must be erased again: `hoso keys erase`"
    )


async def _fill(store: Store, file: Path, what: str, key: bytes, **how: bool) -> copies.Contents:
    with Progress(*COLUMNS, console=console) as progress, file.open("rb") as opened:
        bar = progress.add_task(what, total=None)
        found = await copies.restore(store.copying(), opened, key, what=what, progress=_advances(progress, bar), **how)
    _say(what, found)
    return found


def _advances(progress: Progress, bar: Any) -> Callable[[int], None]:
    return lambda size: progress.advance(bar, size)


def _places(offsets: Any) -> dict[Place, int]:
    return {(name.rpartition("/")[0], int(name.rpartition("/")[2])): offset for name, offset in offsets.items()}


def _file(folder: Path, what: str) -> Path:
    return folder / f"{what}{SUFFIX}"


def _say(what: str, found: copies.Contents) -> None:
    console.print(f"{what}: {found.total} documents of {found.about.get('at')}")


def _kafka(given: str | None) -> Bootstrap:
    return given or kafka(ADMIN)


def _run(work: Coroutine[None, None, T]) -> T:
    try:
        return asyncio.run(work)
    except BadArchive as error:
        said = f"this copy cannot be used: {error}. Nothing was written; take an older one"
    except copies.NotEmpty:
        said = "the database is not empty: add --replace to remove what it holds"
    except Stopped as error:
        said = str(error)
    except StoreUnavailable as error:
        said = f"the store does not answer: {str(error)[:200]}. What was begun begins anew when it is run again"
    except LOG_AWAY as error:
        said = f"Kafka does not answer: {type(error).__name__} {error}. Run it again when it does"
    except OSError as error:
        said = f"{error}. The copies of before are as they were; run it again when that is mended"
    console.print(said, style="red", markup=False)
    raise typer.Exit(1)
