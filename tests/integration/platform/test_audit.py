"""The audit log of a platform that ran: who looked is shown, and whatever is altered on the broker's disk is found."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.record.util import calc_crc32c
from typer.testing import CliRunner

from cli import platform as running_platform
from cli.demo.client import Caller, wait_for
from cli.demo.filings import plan
from cli.demo.oidc import login
from cli.main import app
from deploy.local import stack
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from schemas.audit import RECORDS, SEALS

PEOPLE = ("citizen1", "clerk1", "specialist1", "leader1", "auditor1", "operator1")


@dataclass(frozen=True)
class Ran:
    """A platform that was stopped: its directory, and what it said."""

    path: Path
    citizen: str
    clerk: str
    operator: str
    shown: list[dict[str, Any]]
    refused: int
    printed: tuple[int, str]

    @property
    def keys(self) -> Path:
        return self.path / "jwks.json"

    @property
    def seals(self) -> Path:
        return self.path / "seals.json"


@pytest.fixture(scope="module")
async def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A dossier was decided, people looked at it, the log was sealed, and they looked twice more."""
    path = tmp_path_factory.mktemp("platform")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running_platform, "RUN", path)
        return await play(path)


async def play(path: Path) -> Ran:
    """What the fixture does."""
    async with Backbone(path) as backbone, httpx.AsyncClient(timeout=20, trust_env=False) as client:
        services = ("submission", "tracking", "audit")
        running = await stack.start(backbone, services=services, partners=("identity",))
        callers = [Caller(client, await login(running.url("idp"), who, f"{who}-demo-only")) for who in PEOPLE]
        citizen, clerk, specialist, leader, auditor, operator = callers
        filing = plan(3, "audit")[2].filing
        dossier = (await citizen.post(f"{running.url('submission')}/dossiers", filing))["id"]
        mine = f"{running.url('submission')}/dossiers/{dossier}"

        async def coded() -> str | None:
            code: str | None = (await citizen.get(mine)).get("code")
            return code

        await clerk.post(f"{mine}/accept")
        code = await wait_for("the dossier's code", coded)
        await leader.post(f"{mine}/assign", {"unit": "culture"})
        await specialist.post(f"{mine}/take")
        await specialist.post(f"{mine}/examine", {"proposal": "approve"})
        await leader.post(f"{mine}/decide", {"outcome": "approved"})
        audit = running.url("audit")
        (path / "jwks.json").write_text((await client.get(f"{audit}/.well-known/jwks.json")).text)

        async def look() -> None:
            await operator.post(f"{running.url('submission')}/privacy/export", {"dossier": dossier})
            await clerk.get(f"{running.url('submission')}/search", q=code)
            await clerk.get(f"{running.url('tracking')}/dossiers/{dossier}/timeline")

        await look()
        assert (await hoso("seal"))[0] == 0
        (path / "seals.json").write_text((await client.get(f"{audit}/audit/seals")).text)
        await look()
        await look()

        async def shown() -> list[dict[str, Any]] | None:
            found = await auditor.get(f"{audit}/audit/dossiers/{dossier}")
            records: list[dict[str, Any]] = found["records"]
            return records if sum("/timeline" in line["what"] for line in records) == 3 else None

        told = await wait_for("what was looked at", shown)
        headers = {"authorization": f"Bearer {await login(running.url('idp'), 'clerk1', 'clerk1-demo-only')}"}
        refused = await client.get(f"{audit}/audit/dossiers/{dossier}", headers=headers)
        printed = await hoso("show", dossier)
    return Ran(path, citizen.account, clerk.account, operator.account, told, refused.status_code, printed)


async def hoso(*words: str) -> tuple[int, str]:
    """Exit code and output of a command, beside the running platform."""
    done = await asyncio.to_thread(CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1"}).invoke, app, ["audit", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


async def test_an_auditor_sees_what_was_done_who_looked_and_what_they_opened(ran: Ran) -> None:
    whats = [line["what"] for line in ran.shown]
    assert whats[0].startswith("dossier.submitted")
    acts = {line["what"].partition(".v")[0]: line["by"] for line in ran.shown if line["by"]}
    assert acts["dossier.accepted"] == f"{ran.clerk} (clerk)"
    assert {"dossier.assigned", "dossier.taken", "dossier.examined", "dossier.decided"} <= acts.keys(), acts
    opened = [line for line in ran.shown if line["what"] == "submission: POST /privacy/export"]
    assert [(line["by"], line["opened"]) for line in opened] == [
        (f"{ran.operator} (operator)", ["form", "name", "phone"])
    ] * 3
    assert [line["by"] for line in ran.shown if line["what"].endswith("/search")] == [f"{ran.clerk} (clerk)"] * 3
    assert sorted(line["at"] for line in ran.shown) == [line["at"] for line in ran.shown]


async def test_the_command_prints_it(ran: Ran) -> None:
    code, said = ran.printed
    assert code == 0
    line = next(line for line in said.splitlines() if "POST /privacy/export" in line)
    assert ran.operator in line
    assert "form, name, phone" in line
    assert "dossier.decided.v1" in said


async def test_who_is_no_auditor_sees_nothing_of_it(ran: Ran) -> None:
    assert ran.refused == 403


async def test_no_account_of_an_applicant_is_in_it(ran: Ran) -> None:
    logged = b"".join(path.read_bytes() for path in (ran.path / "kafka/data").glob("audit.events.v1-*/*.log"))
    assert ran.clerk.encode() in logged
    assert ran.citizen.encode() not in logged


async def hoso_audit_verify(ran: Ran, *options: str) -> tuple[int, dict[str, Any], str]:
    """The command on the broker alone, started again on the directory."""
    async with Backbone(ran.path) as backbone:
        done = await asyncio.to_thread(
            subprocess.run,
            [
                sys.executable, "-m", "cli.main", "audit", "verify", "--bootstrap", backbone.kafka,
                "--keys", str(ran.keys), "--known", str(ran.seals), *options,
            ],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


async def test_a_log_nobody_touched_is_whole(ran: Ran) -> None:
    code, found, said = await hoso_audit_verify(ran)
    assert (code, found["whole"], said) == (0, True, "")
    assert found["records"] > found["sealed"] > 10
    assert found["seals"] == 2, "one when it first started, one that was asked for"


def batches(log: bytes) -> Iterator[tuple[int, int]]:
    """Where each record batch (magic 2) of a segment begins and ends."""
    at = 0
    while at + 12 <= len(log):
        end = at + 12 + struct.unpack_from(">i", log, at + 8)[0]
        yield at, end
        at = end


def segment(ran: Ran, topic: str, text: bytes, which: int) -> tuple[Path, int]:
    """The segment of a topic that has `text`, and where: the first (0) or the last but one (-2) time it is there."""
    found = [
        (path, at)
        for path in sorted((ran.path / "kafka" / "data").glob(f"{topic}-*/*.log"))
        for at in occurrences(path.read_bytes(), text)
    ]
    return found[which]


def occurrences(log: bytes, text: bytes) -> Iterator[int]:
    at = log.find(text)
    while at >= 0:
        yield at
        at = log.find(text, at + 1)


@contextmanager
def altered(path: Path, at: int, new: bytes) -> Iterator[None]:
    """Bytes of a segment changed as somebody with the broker's disk would: the checksum fits again."""
    before = path.read_bytes()
    log = bytearray(before)
    log[at : at + len(new)] = new
    begin, end = next((b, e) for b, e in batches(before) if b <= at < e)
    struct.pack_into(">I", log, begin + 17, calc_crc32c(bytes(log[begin + 21 : end])))
    path.write_bytes(log)
    try:
        yield
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize(
    ("topic", "old", "new", "which", "told"),
    [
        ("dossier.events.v1", b'"outcome":"approved"', b'"outcome":"refusedd"', 0, "was altered since"),
        (RECORDS, b'"opened":["form"', b'"opened":["name"', 0, "does not follow the one before it"),
        (RECORDS, b"GET /search", b"GET /inboxx", -2, "does not follow the one before it"),
        (SEALS, b'"n":2,', b'"n":3,', 0, "not signed by a known key"),
    ],
    ids=["an event", "a sealed reading", "a reading not yet sealed", "a seal"],
)
async def test_an_altered_record_is_found(  # noqa: PLR0917 - one column of the table each
    ran: Ran, topic: str, old: bytes, new: bytes, which: int, told: str
) -> None:
    path, at = segment(ran, topic, old, which)
    with altered(path, at, new):
        code, found, said = await hoso_audit_verify(ran)
    assert (code, found["whole"]) == (1, False)
    assert told in said
    if topic != SEALS:
        partition = path.parent.name.rpartition("-")[2]
        assert f"{topic} partition {partition}" in said


async def test_a_root_that_was_published_and_is_not_the_log_s_any_more_is_found(ran: Ran) -> None:
    kept = ran.seals.read_text()
    seals = json.loads(kept)
    seals["seals"][0]["root"] = "f" * 64
    ran.seals.write_text(json.dumps(seals))
    try:
        code, _, said = await hoso_audit_verify(ran)
    finally:
        ran.seals.write_text(kept)
    assert code == 1
    assert said.startswith(f"seal 1: published as {'f' * 64}")


async def test_a_log_sealed_by_somebody_else_is_found(ran: Ran) -> None:
    others = ran.path / "others.json"
    key = json.loads((ran.path / "secrets.json").read_text())["portal"]
    others.write_text(json.dumps({"keys": [{name: key[name] for name in ("kty", "crv", "x", "y")}]}))
    code, _, said = await hoso_audit_verify(ran, "--keys", str(others))
    assert code == 1
    assert said.count("not signed by a known key") == 2
