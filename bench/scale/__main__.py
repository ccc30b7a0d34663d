"""``python -m bench.scale --rows 1000000``: the same questions with few and with many dossiers, p95 and their ratio.

And how long statistics take to count as many events from the beginning.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
from pymongo import MongoClient
from rich.console import Console
from rich.progress import Progress

from bench.flow.meter import quantile
from bench.scale.rebuild import rebuild
from bench.scale.rows import SUBMISSION, Row, Rows
from chassis.document import AggregateType
from chassis.tokens import tokens
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.stack import Stack, search_key
from schemas.event import to_instant
from services.tracking.handlers import DOSSIERS

FEW: Final = 10_000
BATCH: Final = 1_000
KEPT: Final = 2_000
ASKED: Final = 200
"""Times each question is asked in a round; a question that takes long is asked for `SECONDS` at most."""
SECONDS: Final = 6.0
ROUNDS: Final = 5
WARM_UP: Final = 20
MOST: Final = 1.5
SHOWN: Final = 10
"""Hits a search shows: with more dossiers there are more hits, and to show more of them is no slower search."""
log = Console(stderr=True)
Question = Callable[[], Awaitable[Any]]


def fill(url: str, count: int, token: Callable[[str, str], str]) -> list[Row]:
    """Stores `count` dossiers of both services; returns some of them to ask for."""
    client: MongoClient[dict[str, Any]] = MongoClient(url)
    kept: list[Row] = []
    stores = {"submission": client["hoso_submission"]["dossiers"], "tracking": client["hoso_tracking"]["dossiers"]}
    every = max(1, count // KEPT)
    with Progress(console=log) as progress:
        bar = progress.add_task(f"{count:,} dossiers", total=count)
        rows = iter(Rows(count, to_instant(datetime.now(UTC)), token))
        for number in range(-(-count // BATCH)):
            batch = list(islice(rows, BATCH))
            for name, collection in stores.items():
                collection.insert_many([getattr(row, name) for row in batch], ordered=False)
            kept += [row for at, row in enumerate(batch, number * BATCH) if at % every == 0]
            progress.advance(bar, len(batch))
    client.close()
    return kept


class Asker:
    """Officers and citizens who look at `rows` through the services."""

    def __init__(self, client: httpx.AsyncClient, running: Stack, tokens_by_role: Mapping[str, str]) -> None:
        self._client = client
        self._submission, self._tracking = running.url("submission"), running.url("tracking")
        self._headers = {role: {"authorization": f"Bearer {token}"} for role, token in tokens_by_role.items()}

    async def _get(self, role: str, url: str, **params: Any) -> dict[str, Any]:
        answer = await self._client.get(url, headers=self._headers[role], params=params)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def questions(self, rows: Sequence[Row]) -> Mapping[str, Question]:
        """By name; each time about another dossier."""
        some = list(rows)
        random.Random(1).shuffle(some)  # noqa: S311 - any order will do
        ahead = cycle(some)
        coded = cycle([row for row in some if "code" in row.submission["state"]])
        inbox = f"{self._submission}/inbox"

        def search(text: str) -> Awaitable[dict[str, Any]]:
            return self._get("clerk", f"{self._submission}/search", q=text, limit=SHOWN)

        return {
            "inbox_unit": lambda: self._get("specialist", inbox),
            "inbox_leader": lambda: self._get("leader", inbox),
            "inbox_mine": lambda: self._get("specialist", inbox, box="mine"),
            "list_returned": lambda: self._get("clerk", f"{self._submission}/dossiers", stage="returned"),
            "search_code": lambda: search(next(coded).submission["state"]["code"]),
            "search_phone": lambda: search(next(ahead).phone),
            "search_name": lambda: search(next(ahead).name),
            "search_two_words": lambda: search(_two(next(ahead).name)),
            "search_word": lambda: search(next(ahead).name.split()[0]),
            "track_one": lambda: self._get(
                "clerk", f"{self._tracking}/dossiers/{next(ahead).tracking['_id']}/timeline"
            ),
            "track_status": lambda: self._get("clerk", f"{self._tracking}/dossiers", status=10),
        }


def _two(name: str) -> str:
    words = name.split()
    return f"{words[-1]} {words[0]}"


async def p95(few: Mapping[str, Question], many: Mapping[str, Question]) -> list[dict[str, float]]:
    """Milliseconds by question, for both: the median of `ROUNDS`. Each question is put to both in turn, so that what
    else the machine does slows both."""
    rounds: list[dict[str, list[float]]] = [{name: [] for name in few} for _ in range(2)]
    with Progress(console=log) as progress:
        for _ in progress.track(range(ROUNDS), description="asking"):
            for name in few:
                for found, taken in zip(rounds, await _timed(few[name], many[name]), strict=True):
                    found[name].append(quantile([1000 * seconds for seconds in taken], 95))
    return [{name: round(median(values), 1) for name, values in found.items()} for found in rounds]


async def _timed(*asks: Question) -> list[list[float]]:
    taken: list[list[float]] = [[] for _ in asks]
    began = time.perf_counter()
    for turn in range(-WARM_UP, ASKED):
        if turn >= WARM_UP and time.perf_counter() - began > SECONDS:
            break
        for ask, found in zip(asks, taken, strict=True):
            at = time.perf_counter()
            await ask()
            if turn >= 0:
                found.append(time.perf_counter() - at)
    return taken


def unserved(url: str) -> list[str]:
    """Lists that the store would answer without an index. Asked before it is filled: secantusd-rs 0.5.3 explains by
    loading the collection (24 GB for a million dossiers)."""
    client: MongoClient[dict[str, Any]] = MongoClient(url)
    kinds: tuple[tuple[str, AggregateType[Any]], ...] = (("submission", SUBMISSION), ("tracking", DOSSIERS))
    scanned = []
    for service, kind in kinds:
        collection = client[f"hoso_{service}"][kind.name]
        for fields in kind.indexes:
            plan = collection.find({f"view.{fields[0]}": "anything"}).explain()["queryPlanner"]["winningPlan"]
            if "IXSCAN" not in str(plan):
                scanned.append(f"{service} by {fields[0]}")
    client.close()
    return scanned


@asynccontextmanager
async def filled(count: int) -> AsyncIterator[Mapping[str, Question]]:
    """A platform of its own with `count` dossiers stored, to be asked. Raises RuntimeError where no index serves."""
    async with (
        Backbone(Path(RUNS) / f"scale-{os.getpid()}-{count}", keep=False) as backbone,
        httpx.AsyncClient(timeout=60, trust_env=False) as client,
    ):
        running = await stack.start(backbone, services=("submission", "tracking"), partners=("identity",))
        token = tokens(base64.b64decode(search_key(backbone.run.path)))
        if scans := unserved(backbone.store_url):
            raise RuntimeError(f"no index serves {', '.join(scans)}")
        rows = await asyncio.to_thread(fill, backbone.store_url, count, token)
        roles = ("clerk", "specialist", "leader")
        known = {role: await login(running.url("idp"), f"{role}1", f"{role}1-demo-only") for role in roles}
        yield Asker(client, running, known).questions(rows)


async def main(rows: int, events: int) -> None:
    """The last line is the summary."""
    rebuilt = await rebuild(events)
    log.print(rebuilt)
    async with filled(FEW) as of_few, filled(rows) as of_many:
        few, many = await p95(of_few, of_many)
    ratio = {name: round(many[name] / few[name], 2) for name in few}
    worst = max(ratio.values())
    result = {
        "rows": rows,
        "p95_ms": {"few": few, "many": many},
        "ratio": ratio,
        "worst": worst,
        "ok": worst <= MOST,
        "rebuilt": rebuilt,
    }
    print(json.dumps(result))  # noqa: T201 - the result, for programs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=1_000_000, help="counted anew by statistics")
    given = parser.parse_args()
    asyncio.run(main(given.rows, given.events))
