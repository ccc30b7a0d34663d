"""A calendar that was reviewed: a running service takes it up, and an operator has open dossiers counted again."""

from __future__ import annotations

import asyncio
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer
from typer.testing import CliRunner

from cli import platform as running_platform
from cli.demo.client import wait_for
from cli.demo.filings import plan
from cli.demo.oidc import login
from cli.main import app
from deploy.local import stack
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from law.clock import ZONE

LIBRARY = 3


@contextmanager
def dossiers(bootstrap: str) -> Iterator[Consumer]:
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    client.subscribe(["dossier.events.v1"])
    try:
        yield client
    finally:
        client.close()


def retimed(bootstrap: str, count: int) -> list[dict[str, Any]]:
    """The first `count` events that say a date moved, read by an independent client."""
    found: list[dict[str, Any]] = []
    with dossiers(bootstrap) as client:
        while len(found) < count:
            message = client.poll(20)
            assert message is not None, f"{len(found)} of {count} events"
            if dict(message.headers() or []).get("ce_type") == b"dossier.retimed.v1":
                found.append(json.loads(message.value() or b""))
    return found


def take_off(data: Path, instants: list[str]) -> None:
    """Makes the local days of `instants` days off, in a new version of their years' tables."""
    for day in {datetime.fromisoformat(instant).astimezone(ZONE).date() for instant in instants}:
        path = data / f"calendar/{day.year}.json"
        table = json.loads(path.read_text())
        off = {"day": day.isoformat(), "name_vi": "Nghỉ", "name_en": "Off", "source": "announced today", "mark": "V"}
        off_days = [*table["days_off"], {**off, "kind": "holiday"}]
        path.write_text(json.dumps({**table, "version": f"{table['version']}-again", "days_off": off_days}))


async def test_open_dossiers_are_counted_again_and_both_dates_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "law"
    shutil.copytree(ROOT / "law/data", data)
    monkeypatch.setenv("HOSO_LAW_DATA", str(data))
    async with (
        Backbone(tmp_path / "run") as backbone,
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        running = await stack.start(backbone, services=("submission",), partners=("identity",))
        monkeypatch.setattr(running_platform, "RUN", backbone.run.path)
        url = f"{running.url('submission')}/dossiers"
        tokens = {who: await login(running.url("idp"), who, f"{who}-demo-only") for who in ("citizen1", "clerk1")}

        async def ask(who: str, method: str, path: str = "", body: Any = None) -> dict[str, Any]:
            key = {"idempotency-key": uuid.uuid4().hex, "if-match": "*", "authorization": f"Bearer {tokens[who]}"}
            answer = await client.request(method, f"{url}{path}", json=body, headers=key)
            found: dict[str, Any] = answer.raise_for_status().json()
            return found

        async def shown(path: str, field: str) -> dict[str, Any]:
            async def there() -> dict[str, Any] | None:
                found = await ask("clerk1", "GET", path)
                return found if found.get(field) else None

            return await wait_for(field, there)

        filed, received = [
            f"/{(await ask('citizen1', 'POST', '', plan(LIBRARY, 't')[-1].filing))['id']}" for _ in range(2)
        ]
        await ask("clerk1", "POST", f"{received}/accept")
        before = {"first_answer": (await shown(filed, "answer_by"))["answer_by"]}
        before["term"] = (await shown(received, "due_at"))["due_at"]
        take_off(data, list(before.values()))
        backbone.supervisor.kill("submission")
        await backbone.supervisor.wait_restarted("submission", 1)
        monkeypatch.delenv("HOSO_LAW_DATA")  # else the command below reads it too, in this process

        async def recount() -> str:
            result = await asyncio.to_thread(CliRunner().invoke, app, ["law", "recount"])
            assert result.exit_code == 0, result.output
            return result.output

        assert "2 due dates moved" in await recount()
        said = {e["matter"]: e for e in await asyncio.to_thread(retimed, backbone.kafka, 2)}
        after = {"first_answer": (await shown(filed, "answer_by"))["answer_by"]}
        after["term"] = (await shown(received, "due_at"))["due_at"]
        for matter, event in said.items():
            assert event["was_due"] == before[matter] < event["due_at"] == after[matter]
            assert "-again" in event["calendar"]
        again = await recount()
        assert "2 dossiers" in again
        assert "0 due dates moved" in again
