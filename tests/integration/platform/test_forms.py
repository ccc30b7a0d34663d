"""Forms and drafts over HTTP on the running platform.

What is wrong is named in both languages; a draft is never submitted by itself, filed once, told of, removed; who files
for somebody else is kept with the dossier, sealed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from confluent_kafka import Consumer, Message
from pymongo import AsyncMongoClient

from cli.demo.client import wait_for
from cli.demo.filings import plan
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.stack import Stack
from tests.unit.services.files.samples import pdf

LIFE: Final = 40
WARNING: Final = 37
PHONE: Final = "+84910000777"
SECRET: Final = "Thư viện Kín Như Bưng"


@dataclass
class Platform:
    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    tokens: dict[str, str]

    async def ask(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        if who not in self.tokens:
            self.tokens[who] = await login(self.stack.url("idp"), who, f"{who}-demo-only")
        every = {
            "authorization": f"Bearer {self.tokens[who]}",
            "idempotency-key": uuid.uuid4().hex,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await self.client.request(method, self.stack.url("submission") + path, headers=every, json=body)

    async def saved(self, who: str = "citizen1", body: Any = None) -> str:
        """The path of a new draft."""
        path = f"/drafts/{uuid.uuid4()}"
        answer = await self.ask(who, "PUT", path, body or whole())
        assert answer.status_code == 200, answer.text
        return path

    async def clear(self, who: str) -> None:
        for draft in (await self.ask(who, "GET", "/drafts")).json()["drafts"]:
            await self.ask(who, "DELETE", f"/drafts/{draft['id']}")


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUBMISSION_DRAFT_LIFE", f"PT{LIFE}S")
        patch.setenv("SUBMISSION_DRAFT_WARNING", f"PT{WARNING}S")
        patch.setenv("SUBMISSION_DRAFTS", "4")
        async with Backbone(tmp_path_factory.mktemp("drafts")) as backbone:
            running = await stack.start(
                backbone, services=("submission", "notification"), partners=("identity", "sms_centre", "mail_sink")
            )
            async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
                yield Platform(backbone, running, client, {})


def whole() -> dict[str, Any]:
    filing = plan(3, "t")[2].filing
    return {**filing, "form": {**filing["form"], "library_name": SECRET}}


async def with_file(platform: Platform, who: str) -> dict[str, Any]:
    """A draft's content, with a file of theirs."""
    file = str(uuid.uuid4())
    await platform.ask(who, "GET", "/files")  # signs in
    headers = {"authorization": f"Bearer {platform.tokens[who]}", "file-name": "don.pdf"}
    put = await platform.client.put(
        f"{platform.stack.url('submission')}/files/{file}", content=pdf(b"x"), headers=headers
    )
    assert put.status_code == 201, put.text
    return {**whole(), "files": [{"code": "notification", "file": file}]}


async def files_of(platform: Platform, who: str, dossier: str) -> list[str]:
    found = (await platform.ask(who, "GET", f"/dossiers/{dossier}/files")).json()
    return [one["file"] for one in found["files"]]


def events(bootstrap: str, topic: str, key: str, count: int) -> list[Message]:
    """The first `count` records of that key, read with an independent client."""
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    client.subscribe([topic])
    found: list[Message] = []
    try:
        while len(found) < count:
            message = client.poll(20)
            assert message is not None, f"only {len(found)} of {count} records of {key} in {topic}"
            if message.error() is None and message.key() == key.encode():
                found.append(message)
    finally:
        client.close()
    return found


async def test_a_wrong_field_is_named_with_what_would_be_right_in_both_languages(platform: Platform) -> None:
    guide = plan(2, "t")[1].filing
    broken = {
        **guide,
        "form": {**guide["form"], "identity_number": "003090000001", "address_commune": "03130"},
        "way": "post",
        "address": {"province": "99", "commune": "03127", "detail": "Tổ 1"},
    }
    answer = await platform.ask("citizen1", "POST", "/dossiers", broken)
    assert answer.status_code == 422
    faults = {fault["field"]: fault for fault in answer.json()["errors"]}
    assert faults.keys() == {"form.identity_number", "form.address_commune", "address.province"}
    assert all(fault["problem"] != fault["problem_vi"] for fault in faults.values())
    assert "003090000001" not in answer.text


async def test_a_draft_is_kept_as_it_is_and_says_that_it_is_not_submitted(platform: Platform) -> None:
    await platform.clear("citizen1")
    begun = {"procedure": "1.008895", "form": {"library_name": SECRET, "area_m2": None}, "applicant": {"phone": "09"}}
    path = await platform.saved(body=begun)
    found = (await platform.ask("citizen1", "GET", path)).json()
    assert (found["submitted"], found["content"]["form"]) == (False, begun["form"])
    assert found["expires_at"] > found["saved_at"]
    faults = {fault["field"]: fault for fault in found["errors"]}
    assert {"way", "applicant.name"} <= faults.keys()
    assert faults["way"]["problem_vi"] == "bắt buộc nhập"
    refused = await platform.ask("citizen1", "POST", f"{path}/file")
    assert (refused.status_code, {e["field"] for e in refused.json()["errors"]}) == (422, set(faults))
    listed = (await platform.ask("citizen1", "GET", "/drafts")).json()["drafts"]
    assert [(draft["id"], draft["submitted"]) for draft in listed] == [(path.rpartition("/")[2], False)]
    assert "content" not in listed[0]


async def test_each_sees_their_own_and_no_other_s(platform: Platform) -> None:
    path = await platform.saved("citizen2")
    assert (await platform.ask("citizen1", "GET", path)).status_code == 404
    assert (await platform.ask("citizen1", "POST", f"{path}/file")).status_code == 404
    assert (await platform.ask("clerk1", "GET", path)).status_code == 403
    assert (await platform.ask("citizen1", "DELETE", path)).status_code == 204
    assert (await platform.ask("citizen2", "GET", path)).json()["submitted"] is False


async def test_who_edits_what_another_window_changed_is_told(platform: Platform) -> None:
    await platform.clear("citizen1")
    path = await platform.saved()
    seen = (await platform.ask("citizen1", "GET", path)).headers["etag"]
    assert (await platform.ask("citizen1", "PUT", path, whole(), if_match=seen)).status_code == 200
    stale = await platform.ask("citizen1", "PUT", path, whole(), if_match=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")


async def test_there_are_bounds(platform: Platform) -> None:
    await platform.clear("citizen3")
    for _ in range(4):
        await platform.saved("citizen3")
    more = await platform.ask("citizen3", "PUT", f"/drafts/{uuid.uuid4()}", whole())
    assert (more.status_code, more.json()["code"]) == (409, "too_many_drafts")
    await platform.clear("citizen3")
    long = {"procedure": "1.008895", "form": {f"f{n}": "x" * 4000 for n in range(5)}}
    large = await platform.ask("citizen3", "PUT", f"/drafts/{uuid.uuid4()}", long)
    assert (large.status_code, large.json()["code"]) == (409, "too_large")
    deep = {"procedure": "1.008895", "form": {"x": {"y": "z"}}}
    assert (await platform.ask("citizen3", "PUT", f"/drafts/{uuid.uuid4()}", deep)).status_code == 422


async def test_what_would_be_due_is_said_before_it_is_filed(platform: Platform) -> None:
    await platform.clear("citizen1")
    karaoke = {"procedure": "1.001029", "form": {}}
    path = await platform.saved(body=karaoke)
    unknown = (await platform.ask("citizen1", "GET", f"{path}/fee")).json()
    assert (unknown["total"], unknown["lines"]) == (None, [])
    assert unknown["depends_on"]
    assert (await platform.ask("citizen2", "GET", f"{path}/fee")).status_code == 404
    free = (await platform.ask("citizen1", "GET", f"{await platform.saved()}/fee")).json()
    assert (free["total"], free["lines"]) == (0, [])
    guide = plan(2, "t")[1].filing
    due = (await platform.ask("citizen1", "GET", f"{await platform.saved(body=guide)}/fee")).json()
    dossier = (await platform.ask("citizen1", "POST", "/dossiers", guide)).json()["id"]
    assert due["total"] == sum(line["amount"] for line in due["lines"]) == 100_000
    assert due["due"] in {"before_acceptance", "after_acceptance", "before_result"}
    assert (await platform.ask("citizen1", "GET", f"/drafts/{dossier}/fee")).status_code == 404


async def test_its_owner_alone_gets_a_copy_of_what_was_sent(platform: Platform) -> None:
    dossier = (await platform.ask("citizen1", "POST", "/dossiers", whole())).json()["id"]
    copy = await platform.ask("citizen1", "GET", f"/dossiers/{dossier}/copy?language=en")
    assert (copy.status_code, copy.headers["content-type"], copy.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert "no-store" in copy.headers["cache-control"]
    for who, status in (("citizen2", 404), ("clerk1", 403)):
        assert (await platform.ask(who, "GET", f"/dossiers/{dossier}/copy")).status_code == status
    assert (await platform.ask("citizen1", "GET", f"/dossiers/{dossier}/copy?language=fr")).status_code == 422


async def test_two_clicks_are_one_dossier(platform: Platform) -> None:
    await platform.clear("citizen1")
    content = await with_file(platform, "citizen1")
    path = await platform.saved(body=content)
    clicks = await asyncio.gather(*(platform.ask("citizen1", "POST", f"{path}/file") for _ in range(5)))
    assert {click.status_code for click in clicks} == {201}
    (dossier,) = {click.json()["id"] for click in clicks}

    async def removed() -> dict[str, Any] | None:
        found: dict[str, Any] = (await platform.ask("citizen1", "GET", "/drafts")).json()
        return found if found["drafts"] == [] else None

    await wait_for("the draft is removed", removed)
    shown = (await platform.ask("citizen1", "GET", path)).json()
    assert (shown["submitted"], shown["dossier"]) == (True, dossier)
    assert (await platform.ask("citizen1", "POST", f"{path}/file")).json() == clicks[0].json()
    late = await platform.ask("citizen1", "PUT", path, whole())
    assert (late.status_code, late.json()["code"]) == (409, "already_filed")
    assert (await platform.ask("citizen1", "GET", f"/dossiers/{dossier}")).json()["stage"] == "filed"
    assert await files_of(platform, "citizen1", dossier) == [content["files"][0]["file"]]
    said = await asyncio.to_thread(events, platform.backbone.kafka, "dossier.events.v1", dossier, 1)
    assert dict(said[0].headers() or [])["ce_type"] == b"dossier.submitted.v1"


async def test_a_filing_that_a_crash_cut_off_is_finished_without_another_click(platform: Platform) -> None:
    for attempt, pause in enumerate((0.002, 0.006, 0.01, 0.016)):
        await platform.clear("citizen2")
        content = await with_file(platform, "citizen2")
        path = await platform.saved("citizen2", content)
        click = asyncio.create_task(platform.ask("citizen2", "POST", f"{path}/file"))
        await asyncio.sleep(pause)  # not to wait for anything: it varies where the process dies
        platform.backbone.supervisor.kill("submission")
        with contextlib.suppress(httpx.HTTPError):
            await click
        await platform.backbone.supervisor.wait_restarted("submission", attempt + 1)

        async def settled(path: str = path, content: Any = content) -> dict[str, Any] | None:
            """Either it was never begun, and is a draft as before, or it is a dossier and no draft any more."""
            with contextlib.suppress(httpx.HTTPError):
                found: dict[str, Any] = (await platform.ask("citizen2", "GET", path)).json()
                if found.get("submitted") is True and "expires_at" not in found:
                    return found
                edited = await platform.ask("citizen2", "PUT", path, content)
                if edited.status_code == 200:
                    return {"dossier": (await platform.ask("citizen2", "POST", f"{path}/file")).json()["id"]}
            return None

        dossier = (await wait_for("the filing is settled", settled))["dossier"]
        assert (await platform.ask("citizen2", "GET", f"/dossiers/{dossier}")).json()["stage"] == "filed"
        assert await files_of(platform, "citizen2", dossier) == [content["files"][0]["file"]]
        again = await platform.ask("citizen2", "POST", f"{path}/file")
        assert (again.status_code, again.json()["id"]) == (201, dossier)


async def test_its_owner_is_told_before_it_expires_and_then_it_is_removed(platform: Platform) -> None:
    await platform.clear("citizen3")
    body = whole()
    body["applicant"]["phone"] = PHONE
    path = await platform.saved("citizen3", body)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(platform.backbone.store_url)
    stored = [doc async for doc in client["hoso_submission"]["drafts"].find({})]
    await client.close()
    drawer = next(doc["_id"] for doc in stored if path.rpartition("/")[2] in doc["state"]["drafts"])
    assert SECRET not in repr(stored)
    assert base64.b64encode(SECRET.encode()).decode() not in repr(stored)
    event = (await asyncio.to_thread(events, platform.backbone.kafka, "draft.events.v1", drawer, 1))[0]
    assert dict(event.headers() or [])["ce_type"] == b"draft.expiring.v1"
    value = (event.value() or b"").decode()
    assert path.rpartition("/")[2] in value
    assert PHONE not in value
    assert "citizen3" not in value
    assert (await platform.ask("citizen3", "GET", path)).json()["submitted"] is False

    async def told() -> list[str] | None:
        answer = await platform.client.get(f"{platform.stack.url('phone')}/phone/messages", params={"to": PHONE})
        return [message["text"] for message in answer.json()] or None

    (text,) = await wait_for("the SMS about the draft", told)
    assert "CHUA NOP" in text

    async def removed() -> bool | None:
        return True if (await platform.ask("citizen3", "GET", path)).status_code == 404 else None

    await wait_for("the draft is removed", removed)


async def test_who_files_for_somebody_else_is_kept_with_the_dossier_and_sealed(platform: Platform) -> None:
    proxy = {"basis": "authorisation", "name": "Tòng Văn Thay Mặt", "paper": "Giấy ủy quyền số 12, UBND xã Thanh An"}
    wrong = await platform.ask("citizen1", "POST", "/dossiers", {**whole(), "agent": {**proxy, "phone": "12"}})
    assert [fault["field"] for fault in wrong.json()["errors"]] == ["agent.phone"]
    filed = await platform.ask("citizen1", "POST", "/dossiers", {**whole(), "agent": proxy})
    dossier = filed.json()["id"]
    assert "agent" not in (await platform.ask("citizen1", "GET", f"/dossiers/{dossier}")).json()
    event = (await asyncio.to_thread(events, platform.backbone.kafka, "dossier.events.v1", dossier, 1))[0]
    value = (event.value() or b"").decode()
    assert '"basis":"authorisation"' in value
    assert not any(words in value for words in (proxy["name"], "Thanh An"))


async def test_a_clerk_files_for_an_applicant_who_agreed(platform: Platform) -> None:
    body = {"filing": whole(), "consent": "on_paper", "consented_at": "2026-01-05T02:00:00Z", "account": "citizen2"}
    assert (await platform.ask("citizen1", "POST", "/dossiers/assisted", body)).status_code == 403
    early = await platform.ask("clerk1", "POST", "/dossiers/assisted", {**body, "consented_at": "2999-01-01T00:00:00Z"})
    assert [fault["field"] for fault in early.json()["errors"]] == ["consented_at"]
    broken = {**body, "filing": {**whole(), "form": {**whole()["form"], "opening_date": "soon"}}}
    refused = await platform.ask("clerk1", "POST", "/dossiers/assisted", broken)
    assert [fault["field"] for fault in refused.json()["errors"]] == ["filing.form.opening_date"]
    filed = await platform.ask("clerk1", "POST", "/dossiers/assisted", body)
    assert filed.status_code == 201, filed.text
    dossier = filed.json()["id"]
    shown = (await platform.ask("citizen2", "GET", f"/dossiers/{dossier}")).json()
    assert shown["assistance"]["consent"] == "on_paper"
    assert shown["assistance"]["consented_at"] == "2026-01-05T02:00:00.000Z"
    event = (await asyncio.to_thread(events, platform.backbone.kafka, "dossier.events.v1", dossier, 1))[0]
    assert shown["assistance"]["officer"] in (event.value() or b"").decode()
    assert (await platform.ask("citizen1", "GET", f"/dossiers/{dossier}")).status_code == 404


async def test_a_draft_with_a_file_that_is_not_theirs_is_not_filed_and_says_which(platform: Platform) -> None:
    await platform.clear("citizen1")
    another = await with_file(platform, "citizen2")
    path = await platform.saved(body=another)
    answer = await platform.ask("citizen1", "POST", f"{path}/file")
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, ["files.0.file"])
    assert (await platform.ask("citizen1", "GET", path)).json()["submitted"] is False
