"""After a person was erased nothing of them is left to read, by anyone, anywhere; everybody else is untouched."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from chassis.keyring import KEY_TTL, Keyring, Masters, Unopenable
from chassis.store import Store
from chassis.tokens import tokens
from cli import platform as running_platform
from cli.demo.client import Caller, DemoError, wait_for
from cli.demo.filings import Planned, plan
from cli.demo.oidc import login
from cli.main import app
from deploy.local import stack
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from deploy.local.probes import until
from deploy.local.stack import Stack, search_key
from law.phones import normalise
from schemas.personal import Personal
from tests.chaos.harness.statistics import differences
from tests.unit.services.files.samples import pdf

from .test_leaks import NAME, documents, files, needles_of, private, records

PEOPLE = ("citizen1", "clerk1", "operator1")
PARTNERS = ("identity", "payment_gateway", "sms_centre", "mail_sink", "virus_scanner")
OPLOG = "local.oplog.rs"
"""A server's own log of its writes, for replicas: what was in it leaves when it rolls over (docs/privacy)."""
SEALED = re.compile(rb"sealed:1:[a-z_]+:[A-Za-z0-9_=-]+")


@dataclass
class Erased:
    """A platform where of two people one was erased, and what was said about it."""

    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    operator: Caller
    clerk: Caller
    citizen: Caller
    planned: Planned
    gone: str
    file: str
    other: Planned
    stays: str
    handed_over: Path
    said: dict[str, tuple[int, str]]
    """By command: exit code and output."""


async def hoso(*words: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    done = await asyncio.to_thread(CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1"}).invoke, app, ["privacy", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def without_terms(folder: Path) -> Path:
    """The law's data with a retention of no days: what has ended may go."""
    data = folder / "law"
    shutil.copytree(ROOT / "law/data", data)
    file = data / "retention/2018.json"
    terms = json.loads(file.read_text())
    for rule in terms["rules"]:
        rule["term"] |= {"value": {"amount": 0, "unit": "days"}, "source": "@own-choice"}
    file.write_text(json.dumps(terms))
    return data


@pytest.fixture(scope="module")
async def erased(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Erased]:
    path = tmp_path_factory.mktemp("platform")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOSO_LAW_DATA", str(without_terms(tmp_path_factory.mktemp("law"))))
        async with Backbone(path) as backbone, httpx.AsyncClient(timeout=30, trust_env=False) as client:
            running = await stack.start(backbone, partners=PARTNERS)
            tokens_ = [await login(running.url("idp"), who, f"{who}-demo-only") for who in PEOPLE]
            callers = [Caller(client, token) for token in tokens_]
            citizen, clerk, operator = callers
            planned, other = plans()
            submission, files_ = running.url("submission"), str(uuid.uuid4())
            headers = {"authorization": f"Bearer {tokens_[0]}", "file-name": "don.pdf"}
            put = await client.put(f"{submission}/files/{files_}", content=pdf(NAME.encode()), headers=headers)
            assert put.status_code == 201, put.text
            attached = [{"code": "application", "file": files_}]
            gone = (await citizen.post(f"{submission}/dossiers", {**planned.filing, "files": attached}))["id"]
            stays = (await citizen.post(f"{submission}/dossiers", other.filing))["id"]
            for dossier in (gone, stays):
                await clerk.post(f"{submission}/dossiers/{dossier}/accept")

            async def told() -> bool | None:
                """The applicant was sent an SMS, and owes a fee: notification and payment have their part."""
                invoice = await citizen.find(f"{running.url('payment')}/dossiers/{gone}/invoice")
                messages = await operator.find(f"{running.url('notification')}/dossiers/{gone}/messages")
                return True if invoice and messages and messages["messages"] else None

            await wait_for("what the applicant is told", told)
            await citizen.post(f"{submission}/dossiers/{gone}/withdraw", {})
            patch.setattr(running_platform, "RUN", path)
            phone, out = planned.phone, tmp_path_factory.mktemp("out") / "person.json"
            erasing = ("erase", phone, "--reason", "request 7 of the test", "--yes")
            said = {"export": await hoso("export", phone, "--out", str(out), "--asked", "2026-11-27")}
            said["hold"] = await hoso("hold", gone, "--reason", "inspection")
            said["refused"] = await hoso(*erasing)
            said["release"] = await hoso("release", gone)
            said["erase"] = await hoso(*erasing)
            said["again"] = await hoso("find", gone)
            place = (backbone, running, client, operator, clerk, citizen)
            yield Erased(*place, planned, gone, files_, other, stays, out, said)


def plans() -> list[Planned]:
    """A guide card, with an identity number, and a library: of two people."""
    found = plan(3, "erasure")
    return [private(found[1]), found[2]]


async def test_before_everything_of_the_person_was_handed_over(erased: Erased) -> None:
    code, said = erased.said["export"]
    assert code == 0
    assert "to be answered by 2026-12-01" in said
    assert erased.handed_over.stat().st_mode & 0o777 == 0o600
    (dossier,) = json.loads(erased.handed_over.read_text())["dossiers"]
    filed = erased.planned.filing
    assert dossier["id"] == erased.gone
    assert dossier["applicant"]["name"] == filed["applicant"]["name"]
    assert dossier["applicant"]["phone"] == erased.planned.phone
    assert dossier["form"]["identity_number"] == filed["form"]["identity_number"]
    elsewhere = dossier["elsewhere"]
    assert elsewhere["timeline"]["entries"]
    assert elsewhere["messages"]["messages"]
    assert elsewhere["invoices"]["invoices"]


async def test_a_hold_forbids_it_and_its_end_allows_it(erased: Erased) -> None:
    assert [erased.said[name][0] for name in ("hold", "release")] == [0, 0]
    code, said = erased.said["refused"]
    assert code == 1
    assert "inspection" in said
    assert json.loads(said.splitlines()[-1]) == {"erased": 0, "left": 1}
    code, said = erased.said["erase"]
    assert (code, json.loads(said.splitlines()[-1])) == (0, {"erased": 1, "left": 0})
    assert "erased" in erased.said["again"][1]


async def everything(erased: Erased) -> list[tuple[str, bytes]]:
    found = [item async for item in records(erased.backbone.kafka)]
    found += [item async for item in documents(erased.backbone.store_url)]
    return found


async def test_nothing_readable_is_left_in_kafka_store_files_dead_letters_or_logs(erased: Erased) -> None:
    needles = needles_of([erased.planned])
    places = [*await everything(erased), *files(erased.backbone.run.path)]
    topics = {where for where, _ in places}
    assert {"dossier.events.v1", "payment.events.v1", "notification.events.v1", "audit.events.v1"} <= topics
    assert [
        (where, what)
        for where, content in places
        for what, forms in needles.items()
        if any(f in content for f in forms)
    ] == []


async def test_no_sealed_value_of_theirs_can_be_opened_with_every_key_there_is(erased: Erased) -> None:
    master = base64.b64decode(json.loads((erased.backbone.run.path / "secrets.json").read_text())["master"])
    store = Store(erased.backbone.store_url, "hoso_keyring")
    ring = Keyring(store, Masters({"1": master}))
    opened: dict[str, int] = {erased.gone: 0, erased.stays: 0}
    met = dict(opened)
    for _, content in await everything(erased):
        for dossier in opened:
            if dossier.encode() in content:
                for token in set(SEALED.findall(content)):
                    met[dossier] += 1
                    try:
                        await ring.open(dossier, Personal(token=token.decode()))
                    except Unopenable:
                        continue
                    opened[dossier] += 1
    store.close()
    assert met[erased.gone] > 10, "what was sealed is still there, and says nothing"
    assert opened[erased.gone] == 0
    assert opened[erased.stays] > 10


async def test_neither_their_account_nor_a_token_finds_them(erased: Erased) -> None:
    token = tokens(base64.b64decode(search_key(erased.backbone.run.path)))
    filed = erased.planned.filing
    account = erased.citizen.account
    needles = {
        token("phone", normalise(erased.planned.phone)),
        token("identity_number", filed["form"]["identity_number"]),
    }
    kept = [(where, d) async for where, d in documents(erased.backbone.store_url) if where != OPLOG]
    assert [(where, needle) for where, content in kept for needle in needles if needle.encode() in content] == []
    assert [
        where
        for where, content in kept
        if erased.gone.encode() in content and account.encode() in content and where != "hoso_submission.files"
    ] == [], "whose files they were is the files' own record (docs/privacy)"
    search = f"{erased.stack.url('submission')}/search"
    assert (await erased.clerk.get(search, q=erased.planned.phone))["dossiers"] == []
    (other,) = (await erased.clerk.get(search, q=erased.other.phone))["dossiers"]
    assert other["id"] == erased.stays
    again = {"phone": erased.planned.phone, "reason": "once more"}
    assert (await erased.operator.post(f"{erased.stack.url('submission')}/privacy/erase", again))["dossiers"] == []


async def test_no_door_shows_them_and_the_others_are_untouched(erased: Erased) -> None:
    submission = erased.stack.url("submission")
    doors = [
        f"{erased.stack.url(service)}/dossiers/{erased.gone}{path}"
        for service, path in (("submission", ""), ("tracking", "/timeline"), ("payment", "/invoice"))
    ]

    async def closed() -> bool:
        return [await erased.citizen.find(door) for door in doors] == [None] * len(doors)

    await until(closed, 2 * KEY_TTL)  # a copy of the key lives that long at most
    with pytest.raises(DemoError, match=r" (404|410) "):
        await erased.clerk.content(f"{submission}/files/{erased.file}/content")
    assert await erased.citizen.find(f"{submission}/dossiers/{erased.stays}") is not None
    for dossier, name in ((erased.gone, None), (erased.stays, erased.other.filing["applicant"]["name"])):
        (left,) = (await erased.operator.post(f"{submission}/privacy/export", {"dossier": dossier}))["dossiers"]
        assert left.get("applicant", {}).get("name") == name
        assert left["code"]


@pytest.mark.timeout(200)
async def test_the_statistics_still_add_up(erased: Erased) -> None:
    assert await differences(erased.stack, erased.client, erased.backbone.kafka) == []
