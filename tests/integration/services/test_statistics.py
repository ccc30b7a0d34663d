"""Statistics as a process on a real broker: killed, repeated, counted anew, and held against the log."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from bench.tracking.site import next_generation
from chassis.relay import Publisher
from cli import platform as running_platform
from cli.demo.oidc import login
from cli.main import app
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.probes import until
from deploy.local.stack import STATISTICS, Stack
from schemas.envelope import Envelope
from schemas.event import DossierEvent
from schemas.topics import STREAMS
from services.tracking.statistics.log import ends
from services.tracking.statistics.verify import Compared, compare
from tests.unit.services.populations import BEGIN, golden

STORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("dossier.submitted", {"procedure": "1.000953"}),
    ("dossier.accepted", {"total": 0}),
    ("notification.sent", {}),
    ("dossier.assigned", {"unit": "culture"}),
    ("payment.received", {"amount": 5}),
    ("dossier.decided", {"outcome": "approved"}),
    ("delivery.result_delivered", {"way": "post"}),
    ("notification.delivered", {}),
)
PATIENCE = 150.0
"""Room for a Faust that stands still after a restart, and is ended for it."""


@dataclass
class Counting:
    """Statistics, and somebody who says things about dossiers."""

    backbone: Backbone
    platform: Stack
    client: httpx.AsyncClient
    publisher: Publisher

    async def tell(self, dossiers: Iterable[str], upto: int = len(STORY), *, again: bool = False) -> None:
        """Says the first events of each dossier's story; `again`: half of them twice, as after its owner's crash."""
        records: dict[str, list[Any]] = {}
        for dossier in dossiers:
            last: dict[str, int] = {}
            for name, changes in STORY[:upto]:
                stream = name.partition(".")[0]
                last[stream] = last.get(stream, 0) + 1
                event = golden(name, dossier_id=dossier, **changes)
                record = (dossier, event.dump_json(), _envelope(event, dossier, last[stream]).headers())
                records.setdefault(stream, []).extend([record] * (2 if again and sum(last.values()) % 2 else 1))
        for stream, told in records.items():
            await self.publisher.publish(STREAMS[stream].name, told)

    async def get(self, path: str, who: str = "operator1", url: str | None = None) -> Any:
        token = await login(self.platform.url("idp"), who, f"{who}-demo-only")
        base = url or self.platform.url(STATISTICS)
        answer = await self.client.get(base + path, headers={"authorization": f"Bearer {token}"})
        return answer.raise_for_status().json()

    async def caught_up(self, url: str | None = None) -> Any:
        """The running totals once they count all of the log."""
        wanted = await ends(self.backbone.kafka)
        found: Any = {}

        async def there() -> bool:
            nonlocal found
            try:
                found = await self.get("/statistics/cells", url=url)
            except httpx.HTTPError:
                return False
            at = found["positions"]
            return bool(found["live"]) and all(at[t][str(p)] >= end for (t, p), end in wanted.items())

        await until(there, PATIENCE)
        return found

    async def verified(self, url: str | None = None) -> Compared:
        return await compare(self.backbone.kafka, await self.caught_up(url))


def _envelope(event: DossierEvent, dossier: str, sequence: int) -> Envelope:
    name = f"{event.STREAM}/{dossier}/{sequence}"
    return Envelope(name, "/test", event.type_name(), dossier, BEGIN, sequence)


def some(number: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(number)]


async def started(backbone: Backbone, module: str | None = None) -> Counting:
    modules = {STATISTICS: module} if module else {}
    platform = await stack.start(backbone, services=(STATISTICS,), partners=("identity",), modules=modules)
    client = httpx.AsyncClient(timeout=20, trust_env=False)
    return Counting(backbone, platform, client, Publisher(backbone.kafka, "test", "1"))


@pytest.fixture(scope="module")
async def counting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counting]:
    async with Backbone(tmp_path_factory.mktemp("statistics")) as backbone:
        found = await started(backbone)
        yield found
        await found.publisher.close()
        await found.client.aclose()


def total(running: Any, measure: str) -> int:
    return sum(number for *_, name, number in running["cells"] if name == measure)


@pytest.mark.timeout(600)
async def test_repeats_and_kills_lose_and_double_nothing(counting: Counting) -> None:
    before = total(await counting.caught_up(), "delivered.post")
    supervisor = counting.backbone.supervisor
    dossiers = some(400)
    for kill in range(4):
        await counting.tell(dossiers[kill * 100 : (kill + 1) * 100], again=True)
        restarts = supervisor.restarts(STATISTICS)
        supervisor.kill(STATISTICS)
        await counting.tell(dossiers[: kill * 100 : 3], again=True)  # their owner died as well and says it all again
        await supervisor.wait_restarted(STATISTICS, restarts + 1, seconds=PATIENCE)
    running = await counting.caught_up()
    assert total(running, "delivered.post") - before == 400
    found = await compare(counting.backbone.kafka, running)
    assert found.differences == ()
    assert found.cells > 0


async def test_an_operator_verifies_and_reports_while_dossiers_flow(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_platform, "RUN", counting.backbone.run.path)
    flow = asyncio.create_task(counting.tell(some(200)))
    await counting.caught_up()
    for words, expected in ((("stats", "verify"), '"equal": true'), (("stats", "report"), "received_total")):
        result = await asyncio.to_thread(CliRunner().invoke, app, words)
        assert result.exit_code == 0, result.output
        assert expected in result.output
    await flow


async def test_a_record_nobody_can_read_stops_nothing(counting: Counting) -> None:
    dossier = some(1)[0]
    headers = _envelope(golden("dossier.submitted"), dossier, 1).headers()
    await counting.publisher.publish("dossier.events.v1", [(dossier, b"\xff{", headers), (dossier, b"?", [])])
    await counting.tell(some(3))
    assert (await counting.verified()).equal


async def test_while_it_comes_back_the_last_good_totals_are_shown(counting: Counting) -> None:
    await counting.tell(some(10))
    await counting.caught_up()
    shown = await counting.get("/open-data/statistics.json")
    assert shown["live"]
    supervisor = counting.backbone.supervisor
    restarts = supervisor.restarts(STATISTICS)
    supervisor.kill(STATISTICS, signal.SIGTERM)  # a clean end keeps them
    await supervisor.wait_restarted(STATISTICS, restarts + 1, seconds=PATIENCE)
    first = await counting.get("/statistics/report-06a", who="leader1")
    assert not first["live"]
    assert first["at"] is not None
    await counting.caught_up()
    now = await counting.get("/statistics/report-06a", who="leader1")
    assert now["live"]
    assert now["rows"] == first["rows"]


async def test_a_new_generation_counts_everything_anew_behind_the_old_view(counting: Counting) -> None:
    old = await counting.caught_up()
    again, url = next_generation(counting.backbone, counting.platform)
    await counting.backbone.start([again])
    new = await counting.caught_up(url)
    assert new["cells"] == old["cells"]
    assert (await counting.verified(url)).equal


@pytest.mark.parametrize(("who", "status"), [("citizen1", 403), ("clerk1", 403), ("auditor1", 200)])
async def test_every_cell_is_for_those_who_verify(counting: Counting, who: str, status: int) -> None:
    token = await login(counting.platform.url("idp"), who, f"{who}-demo-only")
    url = counting.platform.url(STATISTICS) + "/statistics/cells"
    assert (await counting.client.get(url, headers={"authorization": f"Bearer {token}"})).status_code == status


async def test_a_planted_bug_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with Backbone(tmp_path_factory.mktemp("broken")) as backbone:
        counting = await started(backbone, "tests.chaos.broken_statistics")
        await asyncio.gather(counting.tell(some(7)))
        found = await counting.verified()
        await counting.publisher.close()
        await counting.client.aclose()
    assert not found.equal
    assert all(line.startswith("delivered.post on ") for line in found.differences)
    assert "running 0, from the log 7" in found.differences[0]
