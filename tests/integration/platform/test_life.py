"""The life of a dossier through HTTP on the running platform: supplement, withdrawal, extension, two officers."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from cli.demo.client import wait_for
from cli.demo.filings import plan
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.stack import Stack
from law.text import unaccent

LIBRARY, GUIDE = 3, 2


@dataclass
class Platform:
    stack: Stack
    client: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        who: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        match: str = "*",
        service: str = "submission",
    ) -> httpx.Response:
        """One request; officers' POSTs carry ``If-Match: *`` unless `match` says otherwise ("" for none)."""
        if who not in self.tokens:
            self.tokens[who] = await login(self.stack.url("idp"), who, f"{who}-demo-only")
        headers = {"authorization": f"Bearer {self.tokens[who]}", "idempotency-key": uuid.uuid4().hex}
        if match:
            headers["if-match"] = match
        return await self.client.request(method, self.stack.url(service) + path, headers=headers, json=body)

    async def post(self, who: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        answer = await self.ask(who, "POST", path, body, **options)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, who: str, path: str, **options: Any) -> dict[str, Any]:
        answer = await self.ask(who, "GET", path, **options)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def file(self, kind: int = LIBRARY) -> str:
        """The path of a new dossier."""
        return f"/dossiers/{(await self.post('citizen1', '/dossiers', plan(kind, 't')[kind - 1].filing))['id']}"

    async def stage(self, path: str, stage: str) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            found = await self.get("clerk1", path)
            return found if found["stage"] == stage else None

        return await wait_for(stage, there)

    async def examining(self) -> str:
        """The path of a dossier in the inbox of the culture unit."""
        path = await self.file()
        await self.post("clerk1", f"{path}/accept")
        await self.stage(path, "assigning")
        await self.post("leader1", f"{path}/assign", {"unit": "culture"})
        return path

    async def told(self, path: str, kind: str) -> dict[str, Any]:
        """The message of that kind."""

        async def there() -> dict[str, Any] | None:
            answer = await self.ask("operator1", "GET", f"{path}/messages", service="notification")
            found = answer.json()["messages"] if answer.is_success else []
            return next((m for m in found if m["kind"] == kind), None)

        return await wait_for(f"the message {kind}", there)

    async def tracked(self, path: str, status: int) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            answer = await self.ask("citizen1", "GET", f"{path}/timeline", service="tracking")
            return answer.json() if answer.is_success and answer.json()["status"] == status else None

        return await wait_for(f"status {status}", there)

    async def entry(self, path: str, kind: str) -> dict[str, Any]:
        """The entry of that type in the timeline."""

        async def there() -> dict[str, Any] | None:
            answer = await self.ask("citizen1", "GET", f"{path}/timeline", service="tracking")
            entries = answer.json()["entries"] if answer.is_success else []
            return next((e for e in entries if e["type"] == kind), None)

        return await wait_for(f"{kind} in the timeline", there)


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    async with Backbone(tmp_path_factory.mktemp("life")) as backbone:
        running = await stack.start(backbone)
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            yield Platform(running, client)


async def test_a_supplement_there_and_back(platform: Platform) -> None:
    path = await platform.examining()
    await platform.post("specialist1", f"{path}/take")
    due = (await platform.get("citizen1", path))["due_at"]
    items = [
        {"kind": "field", "name": "address", "why": "thiếu số nhà"},
        {"kind": "document", "name": "proof_of_conditions", "why": "mờ"},
    ]
    await platform.post("specialist1", f"{path}/supplement", {"items": items})
    asked = await platform.get("citizen1", path)
    assert (asked["status"], asked["step"], "due_at" in asked) == (5, None, False)
    assert asked["supplement"]["items"][0]["label"]["vi"] == "Địa chỉ thư viện"
    await platform.told(path, "supplement")
    await platform.tracked(path, 5)
    half = await platform.ask("citizen1", "POST", f"{path}/supplement-answer", {"form": {"address": "Số 7, tổ 1"}})
    assert (half.status_code, half.json()["errors"][0]["field"]) == (422, "documents.proof_of_conditions")
    wrong = {"form": {"address": "Số 7", "book_count": -1}, "documents": ["proof_of_conditions"]}
    bad = await platform.ask("citizen1", "POST", f"{path}/supplement-answer", wrong)
    assert [e["field"] for e in bad.json()["errors"]] == ["form.book_count"]
    stranger = await platform.ask("citizen2", "POST", f"{path}/supplement-answer", wrong)
    assert stranger.status_code == 404
    right = {"form": {"address": "Số 7, tổ 1"}, "documents": ["proof_of_conditions"]}
    await platform.post("citizen1", f"{path}/supplement-answer", right)
    back = await platform.stage(path, "examining")
    assert (back["holder"], back["status"]) == ("specialist1", 4)
    assert back["due_at"] >= due
    timeline = await platform.tracked(path, 4)
    assert timeline["due_at"].startswith(back["due_at"][:19])
    again = await platform.ask("specialist1", "POST", f"{path}/supplement", {"items": items})
    assert (again.status_code, again.json()["code"]) == (409, "already_asked")


async def test_officers_find_a_dossier_by_what_they_know_of_its_applicant(platform: Platform) -> None:
    path = await platform.examining()
    dossier = path.removeprefix("/dossiers/")
    code = (await platform.get("clerk1", path))["code"]
    filed = plan(LIBRARY, "t")[LIBRARY - 1]
    name = filed.filing["applicant"]["name"]
    for text in (code, filed.phone, f"0{filed.phone[3:]}", unaccent(name), name.split()[-1], name.upper()):
        found = await platform.get("clerk1", f"/search?{urlencode({'q': text, 'limit': 200})}")
        assert dossier in [d["id"] for d in found["dossiers"]], text
        assert not {"applicant", "tokens"} & set(found["dossiers"][0])
    assert (await platform.get("clerk1", "/search?q=kh%C3%B4ng+ai+c%E1%BA%A3"))["dossiers"] == []
    assert (await platform.ask("citizen1", "GET", "/search?q=a")).status_code == 403


async def test_papers_are_for_their_owner_and_officers_and_stay_the_same(platform: Platform) -> None:
    path = await platform.examining()
    await platform.post("leader1", f"{path}/extend", {"days": 5, "reason": "chờ ý kiến"})

    async def there() -> list[dict[str, Any]] | None:
        answer = await platform.ask("citizen1", "GET", f"{path}/slips", service="delivery")
        found: list[dict[str, Any]] = answer.json().get("slips", [])
        return found if len(found) == 2 else None

    found = await wait_for("both papers", there)
    assert [(slip["kind"], slip["form"]) for slip in found] == [("receipt", "01"), ("apology", "04")]
    first = await platform.ask("citizen1", "GET", f"{path}/slips/receipt", service="delivery")
    again = await platform.ask("specialist1", "GET", f"{path}/slips/receipt", service="delivery")
    assert first.content.startswith(b"%PDF-")
    assert again.content == first.content
    for who, kind in (("citizen2", "receipt"), ("citizen1", "stop")):
        assert (await platform.ask(who, "GET", f"{path}/slips/{kind}", service="delivery")).status_code == 404


async def test_a_withdrawal_cancels_what_is_not_paid(platform: Platform) -> None:
    path = await platform.file(GUIDE)
    await platform.post("clerk1", f"{path}/accept")
    await platform.stage(path, "awaiting_fee")

    async def invoice(status: str) -> bool | None:
        answer = await platform.ask("citizen1", "GET", f"{path}/invoice", service="payment")
        return True if answer.is_success and answer.json()["status"] == status else None

    await wait_for("the invoice", lambda: invoice("open"))
    assert (await platform.ask("citizen2", "POST", f"{path}/withdraw", {})).status_code == 404
    await platform.post("citizen1", f"{path}/withdraw", {"reason": "nộp nhầm"})
    await wait_for("the invoice to be cancelled", lambda: invoice("cancelled"))
    pay = await platform.ask("citizen1", "POST", f"{path}/payments", service="payment")
    assert (pay.status_code, pay.json()["code"]) == (409, "not_payable")
    await platform.told(path, "withdrawn")
    await platform.tracked(path, 7)
    await platform.entry(path, "payment.invoice_cancelled")
    late = await platform.ask("leader1", "POST", f"{path}/assign", {"unit": "culture"})
    assert (late.status_code, late.json()["code"]) == (409, "wrong_stage")


async def test_an_extension_is_told_with_its_reason_and_both_dates(platform: Platform) -> None:
    path = await platform.examining()
    before = await platform.get("clerk1", path)
    await platform.post("leader1", f"{path}/extend", {"days": 7, "reason": "chờ ý kiến"})
    after = await platform.get("clerk1", path)
    assert after["due_at"] > before["due_at"]
    await platform.told(path, "extended")
    entry = await platform.entry(path, "dossier.extended")
    assert (entry["by"]["officer"], entry["detail"]) == ("leader1", "chờ ý kiến")
    again = await platform.ask("leader1", "POST", f"{path}/extend", {"days": 7, "reason": "r"})
    assert (again.status_code, again.json()["code"]) == (409, "already_extended")


async def test_of_two_officers_who_take_at_once_one_is_told(platform: Platform) -> None:
    path = await platform.examining()
    seen = (await platform.ask("specialist1", "GET", path)).headers["etag"]
    officers = ("specialist1", "specialist2")
    answers = await asyncio.gather(*(platform.ask(o, "POST", f"{path}/take", match=seen) for o in officers))
    assert sorted(a.status_code for a in answers) == [200, 412]
    lost = next(a for a in answers if a.status_code == 412)
    assert (lost.json()["code"], lost.headers["content-type"]) == ("stale", "application/problem+json")
    won = next(a for a in answers if a.status_code == 200)
    assert won.headers["etag"] != seen
    assert (await platform.ask("specialist1", "POST", f"{path}/take", match="")).status_code == 428
    assert (await platform.ask("specialist1", "POST", f"{path}/take", match="W/x")).status_code == 400
    other = await platform.ask("specialist3", "POST", f"{path}/take")
    assert (other.status_code, other.json()["code"]) == (403, "forbidden")


async def test_inboxes_hold_a_unit_s_dossiers_due_first_page_by_page(platform: Platform) -> None:
    first, second = await platform.examining(), await platform.examining()
    await platform.post("specialist2", f"{second}/take")
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = await platform.get("specialist1", f"/inbox?limit=1{after}")
        found += page["dossiers"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    ids = [f"/dossiers/{d['id']}" for d in found]
    assert {first, second} <= set(ids)
    assert len(ids) == len(set(ids))
    assert [d["due_at"] for d in found] == sorted(d["due_at"] for d in found)
    mine = await platform.get("specialist2", "/inbox?box=mine")
    assert second in [f"/dossiers/{d['id']}" for d in mine["dossiers"]]
    assert (await platform.get("specialist3", "/inbox"))["dossiers"] == []
    assert (await platform.ask("specialist1", "GET", "/inbox?role=leader")).status_code == 403


async def test_a_deputy_acts_in_absence_and_only_then(platform: Platform) -> None:
    path = await platform.examining()
    await platform.post("specialist1", f"{path}/take")
    step = f"{path}/steps?on_behalf_of=specialist1"
    assert (await platform.ask("specialist2", "POST", step, {})).status_code == 403
    body = {"to": "specialist2", "role": "specialist", "until": "2099-01-01T00:00:00Z"}
    too_long = await platform.ask("specialist1", "POST", "/delegation", body)
    assert too_long.json()["errors"][0]["field"] == "until"
    since, until = "2026-11-01T00:00:00Z", "2027-01-15T00:00:00Z"
    await platform.post("specialist1", "/delegation", {**body, "since": since, "until": until})
    line = {"officer": "specialist1", "to": "specialist2", "role": "specialist", "unit": "culture"}
    own, others = [await platform.get(who, "/delegation") for who in ("specialist1", "specialist2")]
    assert line.items() <= own["own"].items()
    assert [line.items() <= one.items() for one in others["for_others"]] == [True]
    assert others["own"] is None
    commands = (await platform.get("specialist2", f"{path}/commands?on_behalf_of=specialist1"))["commands"]
    assert {one["name"] for one in commands if "refused" not in one} >= {"PassStep", "ExamineDossier", "HandOver"}
    held = (await platform.get("specialist2", f"{path}/commands"))["commands"]
    assert {one["refused"]["code"] for one in held if one["name"] == "ExamineDossier"} == {"not_holder"}
    await platform.post("specialist2", step, {"note": "đủ"})
    await platform.post("specialist1", "/delegation/end")
    assert (await platform.get("specialist2", "/delegation"))["for_others"] == []
    assert (await platform.ask("specialist2", "POST", step, {})).status_code == 403


async def test_a_refusal_a_rating_and_a_complaint(platform: Platform) -> None:
    path = await platform.examining()
    await platform.post("specialist1", f"{path}/take")
    await platform.post("specialist1", f"{path}/examine", {"proposal": "refuse", "note": "thiếu điều kiện"})
    bare = await platform.ask("leader1", "POST", f"{path}/decide", {"outcome": "refused"})
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "reason")
    refused = {"outcome": "refused", "reason": "không đủ điều kiện", "ground": "Luật Thư viện, Điều 18"}
    await platform.post("leader1", f"{path}/decide", refused)
    await platform.post("registrar1", f"{path}/issue")
    await platform.stage(path, "returned")
    await platform.told(path, "refused")
    await platform.post("citizen1", f"{path}/rating", {"score": 2, "comment": "chậm"})
    await platform.post("citizen1", f"{path}/complaint", {"text": "tôi không đồng ý"})
    assert (await platform.ask("citizen2", "GET", f"{path}/complaint")).status_code == 404
    await platform.post("leader1", f"{path}/complaint/answer", {"answer": "giữ nguyên", "upheld": False})
    shown = await platform.get("citizen1", f"{path}/complaint")
    assert (shown["text"], shown["answer"], shown["upheld"]) == ("tôi không đồng ý", "giữ nguyên", False)


async def test_the_catalogue_is_public_and_cached(platform: Platform) -> None:
    url = platform.stack.url("submission")
    found = await platform.client.get(f"{url}/procedures", params={"q": "huong dan vien tai diem"})
    assert [p["code"] for p in found.json()["procedures"]][:1] == ["1.001440"]
    one = await platform.client.get(f"{url}/procedures/1.001440")
    assert one.json()["names"]["value"]["vi"].startswith("Cấp thẻ hướng dẫn viên")
    again = await platform.client.get(f"{url}/procedures/1.001440", headers={"if-none-match": one.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await platform.client.get(f"{url}/procedures/9.999999")).status_code == 404


async def machine(platform: Platform) -> None:
    form = {"grant_type": "client_credentials", "resource": "urn:hoso-api"}
    secret = ("portal", "portal-demo-only-secret")
    answer = await platform.client.post(f"{platform.stack.url('idp')}/token", data=form, auth=secret)
    platform.tokens["portal"] = answer.json()["access_token"]


async def code_on(platform: Platform, phone: str) -> str:
    """The code in the latest SMS with one."""

    async def there() -> str | None:
        found = await platform.client.get(f"{platform.stack.url('phone')}/phone/messages", params={"to": phone})
        codes = [m["text"] for m in found.json() if "Ma xac nhan" in m["text"]]
        return re.findall(r"\d{6}", codes[-1])[0] if codes else None

    return await wait_for("a code on the phone", there)


async def test_a_code_proves_who_has_the_phone_and_tells_nothing_about_dossiers(platform: Platform) -> None:
    await machine(platform)
    path = await platform.file()
    await platform.told(path, "submitted")
    dossier = path.rpartition("/")[2]
    wanted = {"dossier": dossier, "purpose": "lookup", "address": "203.0.113.7"}
    phone = plan(LIBRARY, "t")[LIBRARY - 1].phone
    first = await platform.post("portal", "/codes", wanted, service="notification")
    nobody = {**wanted, "dossier": str(uuid.uuid4())}
    assert await platform.post("portal", "/codes", nobody, service="notification") == first == {"expires_in": 300}
    code = await code_on(platform, phone)
    given = {"dossier": dossier, "purpose": "lookup", "code": code}
    other = {**given, "purpose": "collect"}
    said = [
        (await platform.post("portal", "/codes/verify", body, service="notification"))["valid"]
        for body in (other, {**given, "dossier": nobody["dossier"]}, given, given)
    ]
    assert said == [False, False, True, False]
    assert (await platform.ask("citizen1", "POST", "/codes", wanted, service="notification")).status_code == 403


async def test_an_applicant_says_how_and_whom_else_to_tell(platform: Platform) -> None:
    path = await platform.file()
    await platform.told(path, "submitted")
    wanted = {"language": "en", "channel": "auto", "optional": False}
    put = await platform.ask("citizen1", "PUT", f"{path}/preferences", wanted, service="notification")
    assert put.json() == wanted
    assert await platform.get("citizen1", f"{path}/preferences", service="notification") == wanted
    assert (await platform.ask("citizen2", "GET", f"{path}/preferences", service="notification")).status_code == 404
    named = {"phone": "0168 765 4321", "email": None}
    await platform.post("citizen1", f"{path}/representative", named, service="notification")
    phone = "+84387654321"
    texts = f"{platform.stack.url('phone')}/phone/messages"

    async def english() -> str | None:
        found = (await platform.client.get(texts, params={"to": phone})).json()
        return next((re.findall(r"\d{6}", m["text"])[0] for m in found if "Your code is" in m["text"]), None)

    code = await wait_for("the code of the representative", english)
    wrong = {"code": f"{(int(code) + 1) % 1_000_000:06d}"}
    confirm = f"{path}/representative/confirm"
    assert (await platform.ask("citizen1", "POST", confirm, wrong, service="notification")).status_code == 409
    await platform.post("citizen1", confirm, {"code": code}, service="notification")
    await platform.post("citizen1", f"{path}/withdraw", {})

    async def both() -> bool | None:
        found = (await platform.get("operator1", f"{path}/messages", service="notification"))["messages"]
        arrived = {m["to"] for m in found if m["kind"] == "withdrawn" and m["status"] == "delivered"}
        return True if arrived == {"applicant", "representative"} else None

    await wait_for("both to be told", both)
    told = (await platform.client.get(texts, params={"to": phone})).json()
    assert told[-1]["text"].endswith("was withdrawn as you asked.")
    listed = await platform.get("operator1", "/providers", service="notification")
    assert [(p["name"], p["weight"], p["sessions"]) for p in listed["providers"]] == [("centre", 1.0, 2)]
    assert (await platform.get("operator1", "/attention", service="notification"))["next"] is None
