"""After a person was erased nothing of them is left to read, by anyone, anywhere; everybody else is untouched."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
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
from cli.demo.client import Caller, DemoError
from cli.demo.filings import Planned, plan
from cli.demo.journey import Journey, Outcome, People
from cli.demo.oidc import login
from cli.main import app
from deploy.local import stack
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from deploy.local.stack import Stack, search_key
from law.phones import normalise
from schemas.personal import Personal
from tests.chaos.harness.statistics import differences

from .test_leaks import documents, files, needles_of, private, records

PEOPLE = ("citizen1", "citizen2", "citizen3", "clerk1", "specialist1", "leader1", "registrar1", "operator1")
PARTNERS = ("identity", "payment_gateway", "sms_centre", "mail_sink", "virus_scanner")
SEALED = re.compile(rb"sealed:1:[a-z_]+:[A-Za-z0-9_=-]+")


@dataclass
class Erased:
    """A platform where of two people one was erased, and what was said about it."""

    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    operator: Caller
    clerk: Caller
    citizens: dict[str, Caller]
    gone: Outcome
    stays: Outcome
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
            callers = [Caller(client, await login(running.url("idp"), who, f"{who}-demo-only")) for who in PEOPLE]
            *citizens, clerk, specialist, leader, registrar, operator = callers
            people = People(tuple(citizens), clerk, specialist, leader, registrar)
            journey = Journey(running, people, client, lambda _outcome: None)
            gone, stays = [await journey.run(one) for one in plans()]
            assert (gone.stage, stays.stage) == ("returned", "returned"), (gone, stays)
            patch.setattr(running_platform, "RUN", path)
            phone, out = gone.planned.phone, tmp_path_factory.mktemp("out") / "person.json"
            erasing = ("erase", phone, "--reason", "request 7 of the test", "--yes")
            said = {"export": await hoso("export", phone, "--out", str(out), "--asked", "2026-11-27")}
            said["hold"] = await hoso("hold", gone.dossier, "--reason", "inspection")
            said["refused"] = await hoso(*erasing)
            said["release"] = await hoso("release", gone.dossier)
            said["erase"] = await hoso(*erasing)
            said["again"] = await hoso("find", gone.dossier)
            await asyncio.sleep(KEY_TTL + 1)  # the promise itself: within that time no process has a copy of the key
            own = {one.dossier: citizens[one.planned.number % len(citizens)] for one in (gone, stays)}
            yield Erased(backbone, running, client, operator, clerk, own, gone, stays, out, said)


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
    filed = erased.gone.planned.filing
    assert dossier["id"] == erased.gone.dossier
    assert dossier["applicant"]["name"] == filed["applicant"]["name"]
    assert dossier["applicant"]["phone"] == erased.gone.planned.phone
    assert dossier["form"]["identity_number"] == filed["form"]["identity_number"]
    elsewhere = dossier["elsewhere"]
    assert elsewhere["timeline"]["entries"]
    assert elsewhere["messages"]["messages"]
    assert elsewhere["invoices"]["invoices"]
    assert elsewhere["delivery"]["status"] == "delivered"


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
    needles = needles_of([erased.gone.planned])
    places = [*await everything(erased), *files(erased.backbone.run.path)]
    topics = {where for where, _ in places}
    assert {"dossier.events.v1", "payment.events.v1", "delivery.events.v1", "audit.events.v1"} <= topics
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
    opened: dict[str, int] = {erased.gone.dossier: 0, erased.stays.dossier: 0}
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
    assert met[erased.gone.dossier] > 20, "what was sealed is still there, and says nothing"
    assert opened[erased.gone.dossier] == 0
    assert opened[erased.stays.dossier] > 20


async def test_neither_their_account_nor_a_token_finds_them(erased: Erased) -> None:
    token = tokens(base64.b64decode(search_key(erased.backbone.run.path)))
    filed = erased.gone.planned.filing
    account = erased.citizens[erased.gone.dossier].account
    needles = {
        token("phone", normalise(erased.gone.planned.phone)),
        token("identity_number", filed["form"]["identity_number"]),
    }
    assert [
        (where, needle)
        async for where, content in documents(erased.backbone.store_url)
        for needle in needles
        if needle.encode() in content
    ] == []
    assert [
        where
        async for where, content in documents(erased.backbone.store_url)
        if erased.gone.dossier.encode() in content and account.encode() in content
    ] == []
    search = f"{erased.stack.url('submission')}/search"
    assert (await erased.clerk.get(search, q=erased.gone.planned.phone))["dossiers"] == []
    (other,) = (await erased.clerk.get(search, q=erased.stays.planned.phone))["dossiers"]
    assert other["id"] == erased.stays.dossier
    again = {"phone": erased.gone.planned.phone, "reason": "once more"}
    assert (await erased.operator.post(f"{erased.stack.url('submission')}/privacy/erase", again))["dossiers"] == []


async def test_no_door_shows_them_and_the_others_are_untouched(erased: Erased) -> None:
    delivery = erased.stack.url("delivery")
    with pytest.raises(DemoError, match="410"):
        await erased.clerk.content(f"{delivery}/dossiers/{erased.gone.dossier}/document")
    mine = f"{erased.stack.url('submission')}/dossiers"
    assert await erased.citizens[erased.gone.dossier].find(f"{mine}/{erased.gone.dossier}") is None
    assert await erased.citizens[erased.stays.dossier].find(f"{mine}/{erased.stays.dossier}") is not None
    assert (await erased.clerk.content(f"{delivery}/dossiers/{erased.stays.dossier}/document")).startswith(b"%PDF")
    about = {"dossier": erased.gone.dossier}
    (left,) = (await erased.operator.post(f"{erased.stack.url('submission')}/privacy/export", about))["dossiers"]
    assert "applicant" not in left
    assert left["code"] == erased.gone.code


@pytest.mark.timeout(200)
async def test_the_statistics_still_add_up(erased: Erased) -> None:
    assert await differences(erased.stack, erased.client, erased.backbone.kafka) == []
