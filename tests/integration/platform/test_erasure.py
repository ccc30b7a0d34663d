"""After a person was erased nothing of them is left to read, by anyone, anywhere; everybody else is untouched."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from chassis.keyring import KEY_TTL, Keyring, Masters, Unopenable
from chassis.store import Store
from chassis.tokens import tokens
from cli import platform as running_platform
from cli.demo.client import Caller, DemoError, wait_for
from cli.demo.filings import Planned, plan
from cli.demo.journey import Journey, People
from cli.demo.oidc import login
from cli.main import app
from deploy.local import stack
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from deploy.local.probes import until
from deploy.local.stack import SERVICES, Stack, search_key
from law.phones import normalise
from schemas.personal import Personal
from tests.chaos.harness.statistics import differences
from tests.unit.services.files.samples import pdf

from .test_leaks import NAME, documents, files, forms_of, needles_of, private, records

PEOPLE = ("citizen1", "clerk1", "operator1", "specialist1", "leader1", "registrar1")
PARTNERS = ("identity", "payment_gateway", "sms_centre", "mail_sink", "virus_scanner")
OPLOG = "local.oplog.rs"
"""A server's own log of its writes, for replicas: what was in it leaves when it rolls over (docs/privacy)."""
UPSTREAM = "upstream.dossiers.v1"
IN_CLEAR = "what a portal wrote"
CLEAR = "Lò Ẩm Nói Toạc"
"""A name that a portal wrote where none belongs: in its own topic it lies until that topic's 7 days are over."""
SEALED = re.compile(rb"sealed:1:[a-z_]+:[A-Za-z0-9_=-]+")


@dataclass
class Erased:
    """A platform where of two people one was erased, and what was said about it.

    The one had two dossiers: `gone`, taken back, with a `file`; and `result`, with a signed `document`.
    """

    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    operator: Caller
    clerk: Caller
    citizen: Caller
    planned: Planned
    gone: str
    file: str
    result: str
    document: str
    other: Planned
    stays: str
    handed_over: Path
    said: dict[str, tuple[int, str]]
    """By command: exit code and output."""


async def hoso(*words: str) -> tuple[int, str]:
    """Exit code and output of a command about personal data."""
    return await command("privacy", *words)


async def command(*words: str, typed: str = "") -> tuple[int, str]:
    """Exit code and output of a command; `typed`: what it is answered where it asks."""
    runner = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1"})
    done = await asyncio.to_thread(runner.invoke, app, words, input=typed)
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
        patch.setenv("HOSO_JOURNAL", "true")  # as in docker-compose.yml: what was written stays in Kafka for 14 days
        async with Backbone(path) as backbone, httpx.AsyncClient(timeout=30, trust_env=False) as client:
            running = await stack.start(backbone, partners=PARTNERS)
            tokens_ = [await login(running.url("idp"), who, f"{who}-demo-only") for who in PEOPLE]
            callers = [Caller(client, token) for token in tokens_]
            citizen, clerk, operator, *officers = callers
            planned, ended, other = plans()
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
            journey = Journey(running, People((citizen,), clerk, *officers), client, lambda _outcome: None)
            outcome = await journey.run(ended)
            assert outcome.stage == "returned", outcome.error
            result = await clerk.get(f"{running.url('delivery')}/dossiers/{outcome.dossier}/delivery")
            await unreadable(backbone, gone)
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
            theirs = (planned, gone, files_, outcome.dossier, result["document"])
            yield Erased(*place, *theirs, other, stays, out, said)


def plans() -> list[Planned]:
    """A guide card, with an identity number, and a library, of one person; and a library of another."""
    found = plan(6, "erasure")
    card, library = private(found[1]), private(found[5])
    library.filing["applicant"]["phone"] = card.phone
    return [card, library, found[2]]


async def unreadable(backbone: Backbone, dossier: str) -> None:
    """Records that nobody can read are written about the person, as a broken service and a portal in clear would.

    Returns once both are dead letters.
    """
    async with AIOKafkaProducer(bootstrap_servers=backbone.kafka) as producer:
        (sealed, *_) = [
            content async for where, content in records(backbone.kafka)
            if where == "dossier.events.v1" and dossier.encode() in content and SEALED.search(content)
        ]  # fmt: skip
        await producer.send_and_wait(
            "dossier.events.v1", sealed, dossier.encode(), headers=[("ce_specversion", b"1.0")]
        )
        clear = CLEAR.encode()
        headers = [("ce_specversion", b"1.0"), ("ce_subject", clear), ("ce_source", clear), (CLEAR, clear)]
        filing = json.dumps({"applicant": {"name": CLEAR}}, ensure_ascii=False).encode()
        for head in (headers, headers[:3], [(name, clear) for name, _ in headers[:1]]):
            await producer.send_and_wait(UPSTREAM, filing, clear, headers=head)

    async def buried() -> bool:
        found = Counter([where async for where, _ in records(backbone.kafka) if where.endswith(".deadletter.v1")])
        return found["submission.deadletter.v1"] >= 3 and found["payment.deadletter.v1"] >= 1

    await until(buried, 60)


async def test_before_everything_of_the_person_was_handed_over(erased: Erased) -> None:
    code, said = erased.said["export"]
    assert code == 0
    assert "to be answered by 2026-12-01" in said
    assert erased.handed_over.stat().st_mode & 0o777 == 0o600
    handed_over = {dossier["id"]: dossier for dossier in json.loads(erased.handed_over.read_text())["dossiers"]}
    assert set(handed_over) == {erased.gone, erased.result}
    dossier = handed_over[erased.gone]
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
    assert json.loads(said.splitlines()[-1]) == {"erased": 1, "left": 1}, "the other one goes, the one held stays"
    code, said = erased.said["erase"]
    assert (code, json.loads(said.splitlines()[-1])) == (0, {"erased": 1, "left": 0})
    assert "erased" in erased.said["again"][1]


async def everything(erased: Erased) -> list[tuple[str, bytes]]:
    found = [item async for item in records(erased.backbone.kafka)]
    found += [item async for item in documents(erased.backbone.store_url)]
    return found


async def test_nothing_readable_is_left_in_kafka_store_files_dead_letters_or_logs(erased: Erased) -> None:
    """Nor of what a portal wrote in clear, but in its own topic: no dead letter or log repeats a word of it."""
    needles = {**needles_of([erased.planned]), IN_CLEAR: forms_of(CLEAR)}
    places = [*await everything(erased), *files(erased.backbone.run.path)]
    searched = {where for where, _ in places}
    topics = {"dossier.events.v1", "payment.events.v1", "notification.events.v1", "audit.events.v1"}
    letters = {"submission.deadletter.v1", "payment.deadletter.v1"}
    logs = {f"logs/{name}.log" for name in (*SERVICES, "statistics", "audit", "kafka", "store")}
    assert topics | letters | logs | {"hoso_delivery.documents.chunks"} <= searched
    found = {
        (where, what)
        for where, content in places
        for what, forms in needles.items()
        if any(f in content for f in forms)
    }
    assert (UPSTREAM, IN_CLEAR) in found, "the search finds it where it is"
    assert {(where, what) for where, what in found if (what, UPSTREAM in where) != (IN_CLEAR, True)} == set()


async def test_the_signed_result_cannot_be_opened_with_every_key_there_is(erased: Erased) -> None:
    store = Store(erased.backbone.store_url, "hoso_delivery")
    kept = await store.files("documents").get(erased.document)
    store.close()
    assert kept is not None, "what was sealed is still there, and says nothing"
    assert kept[1]["dossier"] == erased.result
    keyring, ring = ring_of(erased)
    await ring.fetch([erased.result])
    with pytest.raises(Unopenable):
        ring.decrypt(erased.result, erased.document, kept[0])
    keyring.close()
    door = f"{erased.stack.url('delivery')}/dossiers/{erased.result}/document"

    async def closed() -> bool:
        try:
            await erased.clerk.content(door)
        except DemoError as error:
            return " 410 " in str(error)
        return False

    await until(closed, 2 * KEY_TTL)


def ring_of(erased: Erased) -> tuple[Store, Keyring]:
    """The keyring as it is now, with its master key."""
    master = base64.b64decode(json.loads((erased.backbone.run.path / "secrets.json").read_text())["master"])
    store = Store(erased.backbone.store_url, "hoso_keyring")
    return store, Keyring(store, Masters({"1": master}))


async def test_no_sealed_value_of_theirs_can_be_opened_with_every_key_there_is(erased: Erased) -> None:
    store, ring = ring_of(erased)
    opened: dict[str, int] = {erased.gone: 0, erased.result: 0, erased.stays: 0}
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
    for dossier in (erased.gone, erased.result):
        assert met[dossier] > 10, "what was sealed is still there, and says nothing"
        assert opened[dossier] == 0
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
    other = token("phone", normalise(erased.other.phone)).encode()
    assert [where for where, content in kept if other in content] == ["hoso_submission.dossiers"]
    kept += [item async for item in records(erased.backbone.kafka)]
    assert any(where == "submission.journal.v1" and erased.gone.encode() in content for where, content in kept)
    assert not any(where.endswith(".journal.v1") and other in content for where, content in kept)
    assert [(where, needle) for where, content in kept for needle in needles if needle.encode() in content] == []
    assert [
        where
        for where, content in kept
        if any(dossier.encode() in content for dossier in (erased.gone, erased.result))
        and account.encode() in content
        and where != "hoso_submission.files"
        and not content.startswith(b"document/files/")
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
    code, said = await command("stats", "verify")
    counted = json.loads(said.splitlines()[-1])
    assert (code, counted["equal"]) == (0, True)
    assert counted["cells"] > 0
