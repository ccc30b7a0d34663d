"""A person has data put right, or restricted: on the whole platform, by the commands of whoever answers for them."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from chassis.keyring import KEY_TTL
from cli import platform as running_platform
from cli.demo.client import Caller, DemoError, wait_for
from cli.demo.filings import Planned, plan
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.probes import until
from deploy.local.stack import Stack
from tests.unit.services.files.samples import pdf

from .test_erasure import command
from .test_leaks import documents, forms_of, records

PEOPLE = ("citizen1", "clerk1", "leader1", "operator1")
PARTNERS = ("identity", "sms_centre", "mail_sink", "virus_scanner")
RESTRICTED = ' 403 {"type":"about:blank","title":"restricted"'
LIBRARIES = iter((3, 9, 15, 21, 27))
"""Numbers of plans of a library, filed over HTTP."""


@dataclass
class Office:
    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    token: str
    citizen: Caller
    clerk: Caller
    leader: Caller
    operator: Caller

    @property
    def submission(self) -> str:
        return self.stack.url("submission")

    async def files(self, planned: Planned) -> tuple[str, str]:
        """A dossier with a file: the ids of both."""
        file = str(uuid.uuid4())
        headers = {"authorization": f"Bearer {self.token}", "file-name": "don.pdf"}
        put = await self.client.put(f"{self.submission}/files/{file}", content=pdf(file.encode()), headers=headers)
        assert put.status_code == 201, put.text
        filing = {**planned.filing, "files": [{"code": "notification", "file": file}]}
        return (await self.citizen.post(f"{self.submission}/dossiers", filing))["id"], file

    async def found(self, who: Caller, text: str) -> set[str]:
        return {line["id"] for line in (await who.get(f"{self.submission}/search", q=text))["dossiers"]}

    async def exported(self, dossier: str) -> dict[str, Any]:
        (found,) = (await self.operator.post(f"{self.submission}/privacy/export", {"dossier": dossier}))["dossiers"]
        return dict(found)

    async def answers(self, who: Caller, url: str, words: str) -> bool:
        """Whether a look is refused with those words; with none, whether it is shown."""
        try:
            await who.content(url)
        except DemoError as error:
            return bool(words) and words in str(error)
        return not words


@pytest.fixture(scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    path = tmp_path_factory.mktemp("platform")
    with pytest.MonkeyPatch.context() as patch:
        async with Backbone(path) as backbone, httpx.AsyncClient(timeout=30, trust_env=False) as client:
            running = await stack.start(backbone, partners=PARTNERS)
            tokens = [await login(running.url("idp"), who, f"{who}-demo-only") for who in PEOPLE]
            patch.setattr(running_platform, "RUN", path)
            yield Office(backbone, running, client, tokens[0], *(Caller(client, token) for token in tokens))


def planned() -> Planned:
    number = next(LIBRARIES)
    return plan(number, "rights")[-1]


def last(said: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(said.splitlines()[-1])
    return found


async def test_a_number_is_put_right_in_what_is_open_noted_to_what_has_ended_and_used_from_then_on(
    office: Office,
) -> None:
    right, wrong = "+84917000001", (one := planned()).phone
    (living, _), (ended, _) = await office.files(one), await office.files(one)
    await office.citizen.post(f"{office.submission}/dossiers/{ended}/withdraw", {})
    words = ("privacy", "correct", wrong, "--field", "phone", "--reason", "request 1", "--asked", "2026-11-27", "--yes")
    code, said = await command(*words, typed=f"{right}\n")
    assert (code, last(said)) == (0, {"corrected": 1, "noted": 1})
    assert "answered by 2026-12-01" in said
    assert "done by 2026-12-07" in said
    await in_register(office, "correct", {living, ended}, "2026-11-27")
    assert await office.found(office.clerk, right) == {living, ended}
    assert await office.found(office.clerk, wrong) == {ended}, "the record of what has ended is as it was"
    assert (await office.exported(living))["applicant"]["phone"] == right
    record = await office.exported(ended)
    assert record["applicant"]["phone"] == wrong
    assert [note["applicant"]["phone"] for note in record["corrections"]] == [right]
    await office.clerk.post(f"{office.submission}/dossiers/{living}/accept")

    async def told() -> bool | None:
        messages = (await office.client.get(office.stack.url("phone") + "/phone/messages")).text
        return True if right.removeprefix("+") in messages else None

    await wait_for("a message to the right number", told)
    await only_sealed(office, right, "dossier.person_corrected.v1")


async def in_register(office: Office, right: str, dossiers: set[str], asked: str) -> None:
    """It was noted with its days and was answered; it names dossiers, and nobody."""
    done = (await office.operator.get(f"{office.submission}/privacy/requests", answered="true"))["requests"]
    (entry,) = [one for one in done if set(one["dossiers"]) == dossiers]
    assert (entry["right"], entry["asked"], entry["done_by"], entry["outcome"]) == (right, asked, "2026-12-07", "done")
    assert entry["answered_at"] >= entry["noted_at"]


async def only_sealed(office: Office, text: str, event: str) -> None:
    """The event is there, who asked for it is in the audit log, and the text is nowhere in clear."""
    places = [item async for item in records(office.backbone.kafka)]
    assert any(where == "dossier.events.v1" and event.encode() in content for where, content in places)
    assert any(where == "audit.events.v1" and b"POST /privacy/correct" in content for where, content in places)
    places += [item async for item in documents(office.backbone.store_url)]
    forms = forms_of(text)
    assert {where for where, content in places if any(form in content for form in forms)} == set()


async def test_a_name_is_put_right_in_the_dossier_that_is_named(office: Office) -> None:
    one = planned()
    (dossier, _), (other, _) = await office.files(one), await office.files(one)
    fields = ("--field", "name", "--field", "form.founder_name", "--reason", "request 2", "--yes")
    code, said = await command("privacy", "correct", one.phone, *fields, typed="Lò Thị Đúng\nLò Thị Đúng\n")
    assert code == 1
    assert "name the dossier" in said
    code, said = await command("privacy", "correct", dossier, *fields, typed="Lò Thị Đúng\nLò Thị Đúng\n")
    assert (code, last(said)) == (0, {"corrected": 1})
    assert await office.found(office.clerk, "Lò Thị Đúng") == {dossier}
    exported, untouched = await office.exported(dossier), await office.exported(other)
    assert (exported["applicant"]["name"], exported["form"]["founder_name"]) == ("Lò Thị Đúng", "Lò Thị Đúng")
    assert untouched["applicant"]["name"] == one.filing["applicant"]["name"]
    wrong = ("privacy", "correct", dossier, "--field", "form.opening_date", "--reason", "request 3", "--yes")
    code, said = await command(*wrong, typed="never\n")
    assert code == 1
    assert "form.opening_date" in said


@pytest.mark.timeout(240)
async def test_what_is_restricted_is_not_shown_to_officers_in_any_service_and_the_procedure_goes_on(
    office: Office,
) -> None:
    one = planned()
    dossier, file = await office.files(one)
    await office.clerk.post(f"{office.submission}/dossiers/{dossier}/accept")
    content = f"{office.submission}/files/{file}/content"
    doors = (
        content,
        f"{office.stack.url('delivery')}/dossiers/{dossier}/slips/receipt",
        f"{office.submission}/dossiers/{dossier}/content",
    )
    for door in doors:
        await until(partial(office.answers, office.clerk, door, ""), 60)
    entry = (await command("privacy", "ask", one.phone, "--right", "restrict"))[1].splitlines()[-1]
    assert entry in (await command("privacy", "requests"))[1]
    words = ("--reason", "request 4", "--request", entry, "--yes")
    code, said = await command("privacy", "restrict", one.phone, *words)
    assert (code, last(said)) == (0, {"restricted": 1})
    for door in doors:
        await until(partial(office.answers, office.clerk, door, RESTRICTED), 2 * KEY_TTL)
    assert await office.answers(office.citizen, content, ""), "to the person themselves it is"
    assert await office.found(office.clerk, one.phone) == set()
    assert await office.found(office.operator, one.phone) == {dossier}
    assert "restricted" in (await command("privacy", "find", one.phone))[1]
    assert entry not in (await command("privacy", "requests"))[1]
    assert entry in (await command("privacy", "requests", "--answered"))[1]
    shown = await office.clerk.get(f"{office.submission}/dossiers/{dossier}")
    assert (shown["restricted"]["reason"], shown["due_at"] is not None) == ("request 4", True)
    await office.leader.post(f"{office.submission}/dossiers/{dossier}/assign", {"unit": "culture"})
    code, said = await command("privacy", "lift", one.phone, "--reason", "request 5")
    assert (code, last(said)) == (0, {"lifted": 1})
    for door in doors:
        await until(partial(office.answers, office.clerk, door, ""), 2 * KEY_TTL)
    assert await office.found(office.clerk, one.phone) == {dossier}
