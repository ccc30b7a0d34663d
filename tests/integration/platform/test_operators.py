"""The operators' commands on the running platform, as a person types them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from cli import platform as running_platform
from cli.demo.oidc import login
from cli.main import app
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.probes import until
from deploy.local.stack import Stack
from schemas.dossier import DossierRejected
from schemas.envelope import Envelope
from schemas.topics import STREAMS

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass
class Platform:
    stack: Stack
    kafka: str

    async def hoso(self, *words: str) -> tuple[int, str]:
        """Exit code and output of a command."""
        runner = CliRunner(env={"COLUMNS": "400", "NO_COLOR": "1"})
        result = await asyncio.to_thread(runner.invoke, app, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    async def says(self, *words: str, expected: str) -> str:
        """Waits until the output of a command has `expected`."""
        output = ""

        async def there() -> bool:
            nonlocal output
            _, output = await self.hoso(*words)
            return expected in output

        await until(there, 30)
        return output

    async def say(self, dossier: str, sequence: int, type_: str = "dossier.rejected.v1") -> None:
        """Publishes an event of the dossier stream, as submission would."""
        event = DossierRejected(dossier_id=dossier, reason="incomplete", rejected_at=NOW)
        envelope = Envelope(f"dossier/{dossier}/{sequence}", "/test", type_, dossier, NOW, sequence)
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all")
        await producer.start()
        try:
            topic = STREAMS["dossier"].name
            await producer.send_and_wait(topic, event.dump_json(), key=dossier.encode(), headers=envelope.headers())
        finally:
            await producer.stop()


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    async with Backbone(tmp_path_factory.mktemp("operators")) as backbone:
        running = await stack.start(backbone)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(running_platform, "RUN", backbone.run.path)
            yield Platform(running, backbone.kafka)


async def test_a_record_of_a_release_to_come_is_listed_shown_replayed_and_dropped(platform: Platform) -> None:
    dossier = str(uuid.uuid4())
    first = f"dossier/{dossier}/1"
    await platform.say(dossier, 1, "dossier.rejected.v2")
    await platform.say(dossier, 2)
    listed = await platform.says("dlq", "list", "--service", "tracking", "--aggregate", dossier, expected="blocked")
    assert "future_version" in listed
    assert listed.count(">") >= 1
    code, shown = await platform.hoso("dlq", "show", "tracking", first)
    assert (code, '"ce_type": "dossier.rejected.v2"' in shown, "incomplete" in shown) == (0, True, True)
    _, replayed = await platform.hoso("dlq", "replay", "tracking", "--reason", "future_version", "--dry-run")
    assert "would be" in replayed
    assert "newer than version 1" in replayed
    words = ("dlq", "drop", "tracking", "--aggregate", dossier, "--reason", "future_version")
    code, refused = await platform.hoso(*words)
    assert (code, "--because" in refused) == (2, True)
    _, dry = await platform.hoso(*words, "--because", "sent by mistake", "--dry-run")
    assert "dropped" in dry
    assert (await platform.hoso("dlq", "show", "tracking", first))[0] == 0
    await platform.hoso(*words, "--because", "sent by mistake")
    code, gone = await platform.hoso("dlq", "show", "tracking", first)
    assert (code, "may have been handled" in gone) == (1, True)
    code, timeline = await platform.hoso("dossier", "show", dossier)
    assert (code, "dossier.rejected" in timeline) == (0, True)


async def test_a_gap_that_kafka_cannot_close_names_what_to_do_next(platform: Platform) -> None:
    dossier = str(uuid.uuid4())
    await platform.say(dossier, 3)
    await platform.says("dlq", "list", "--service", "tracking", "--aggregate", dossier, expected="gap")
    code, said = await platform.hoso("gap", "repair", "tracking", "--aggregate", dossier)
    assert code == 1
    assert f"hoso dlq drop tracking --id dossier/{dossier}/1 --missing" in said
    events = [word for n in (1, 2) for word in ("--id", f"dossier/{dossier}/{n}")]
    code, dropped = await platform.hoso("dlq", "drop", "tracking", *events, "--missing", "--because", "a test's")
    assert (code, "dropped" in dropped) == (0, True)
    assert (await platform.hoso("gap", "repair", "tracking", "--aggregate", dossier))[1].strip() == "there is no gap"
    assert "dossier.rejected" in (await platform.hoso("dossier", "show", dossier))[1]


async def test_a_record_nobody_can_read_is_among_the_copies(platform: Platform) -> None:
    await platform.say(str(uuid.uuid4()), 0)
    copies = await platform.says("dlq", "list", "--copies", "--service", "tracking", expected="unidentifiable")
    row = next(line for line in copies.splitlines() if "unidentifiable" in line)
    place = row.split()[3]
    code, shown = await platform.hoso("dlq", "show", "tracking", place)
    assert (code, "ce_sequence must be a whole number" in shown) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dlq", "list", "--service", "taxes"), "must be one of submission"),
        (("dlq", "replay", "tracking", "--reason", "boredom"), "must be one of undecodable"),
        (("dlq", "show", "tracking", "nonsense"), "as `hoso dlq list` shows it"),
        (("dlq", "drop", "tracking", "--because", "all of it"), "name what to drop"),
        (("dlq", "drop", "tracking", "--because", "x", "--id", "dossier/a/1"), "because: String should have"),
        (("dlq", "replay", "tracking", "--aggregate", "nobody"), "nothing is parked that fits"),
        (("dlq", "drop", "tracking", "--because", "it was", "--id", "payment/a/1"), "never came"),
    ],
)
async def test_a_wrong_command_says_what_would_be_right(platform: Platform, words: tuple[str, ...], said: str) -> None:
    _, output = await platform.hoso(*words)
    assert said in " ".join(output.split())


async def test_only_an_operator_may_act_and_an_auditor_may_look(platform: Platform) -> None:
    url = platform.stack.url("tracking") + "/operations"
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        for user, looks, acts in (
            ("citizen1", 403, 403),
            ("clerk1", 403, 403),
            (None, 401, 401),
            ("operator1", 200, 200),
        ):
            token = await login(platform.stack.url("idp"), user, f"{user}-demo-only") if user else ""
            headers = {"authorization": f"Bearer {token}"} if user else {}
            assert (await client.get(f"{url}/parked", headers=headers)).status_code == looks
            answer = await client.post(f"{url}/replay", headers=headers, json={"aggregate": "nobody"})
            assert answer.status_code == acts
