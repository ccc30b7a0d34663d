"""``python -m bench.scale --rows 1000000``: the same questions with few and with many dossiers, p95 and their ratio."""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import httpx
from pymongo import MongoClient
from rich.console import Console
from rich.progress import Progress

from bench.flow.meter import quantile
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
"""Times each question is asked; a question that takes long is asked for `SECONDS` at most."""
SECONDS: Final = 20.0
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

    async def p95(self, questions: Mapping[str, Question]) -> dict[str, float]:
        """Milliseconds by question."""
        found = {}
        with Progress(console=log) as progress:
            bar = progress.add_task("asking", total=len(questions))
            for name, ask in questions.items():
                found[name] = quantile([1000 * seconds for seconds in await _timed(ask)], 95)
                progress.advance(bar)
        return found


def _two(name: str) -> str:
    words = name.split()
    return f"{words[-1]} {words[0]}"


async def _timed(ask: Question) -> list[float]:
    for _ in range(WARM_UP):
        await ask()
    began = time.perf_counter()
    taken: list[float] = []
    while len(taken) < ASKED and (len(taken) < WARM_UP or time.perf_counter() - began < SECONDS):
        at = time.perf_counter()
        await ask()
        taken.append(time.perf_counter() - at)
    return taken


def unserved(url: str) -> list[str]:
    """Lists that the store would answer without an index."""
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


async def measured(count: int) -> dict[str, float]:
    """p95 of every question with `count` dossiers stored. Raises RuntimeError where an index serves nothing."""
    async with Backbone(Path(RUNS) / f"scale-{os.getpid()}-{count}", keep=False) as backbone:
        log.print(f"[bold]{count:,} dossiers")
        running = await stack.start(backbone, services=("submission", "tracking"), partners=("identity",))
        token = tokens(base64.b64decode(search_key(backbone.run.path)))
        rows = await asyncio.to_thread(fill, backbone.store_url, count, token)
        if scans := unserved(backbone.store_url):
            raise RuntimeError(f"no index serves {', '.join(scans)}")
        roles = ("clerk", "specialist", "leader")
        known = {role: await login(running.url("idp"), f"{role}1", f"{role}1-demo-only") for role in roles}
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            asker = Asker(client, running, known)
            found = await asker.p95(asker.questions(rows))
    log.print({name: f"{ms:.1f} ms" for name, ms in found.items()})
    return found


async def main(rows: int) -> None:
    """The last line is the summary."""
    few, many = await measured(FEW), await measured(rows)
    ratio = {name: round(many[name] / few[name], 2) for name in few}
    worst = max(ratio.values())
    result = {"rows": rows, "p95_ms": {"few": few, "many": many}, "ratio": ratio, "worst": worst, "ok": worst <= MOST}
    print(json.dumps(result))  # noqa: T201 - the result, for programs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asyncio.run(main(parser.parse_args().rows))
