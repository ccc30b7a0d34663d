"""Bad input at every door of the running platform: the protocol's answer, and nothing changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cli.demo.client import Caller, wait_for
from cli.demo.filings import plan
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from deploy.local.stack import SERVICES, Stack
from services.payment.domain import vnpay


@dataclass
class Platform:
    stack: Stack
    client: httpx.AsyncClient
    secrets: dict[str, Any]

    async def token(self, username: str) -> dict[str, str]:
        token = await login(self.stack.url("idp"), username, f"{username}-demo-only")
        return {"authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    async with Backbone(tmp_path_factory.mktemp("platform")) as backbone:
        running = await stack.start(backbone)
        secrets = json.loads((backbone.run.path / "secrets.json").read_text())
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            yield Platform(running, client, secrets)


def filing(number: int = 2) -> dict[str, Any]:
    return plan(number, "t")[number - 1].filing


async def test_wrong_fields_are_named_by_path(platform: Platform) -> None:
    url = platform.stack.url("submission") + "/dossiers"
    headers = {**await platform.token("citizen1"), "idempotency-key": uuid.uuid4().hex}
    good = filing()
    answer = await platform.client.post(url, headers=headers, json={**good, "way": "pigeon", "more": 1})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {e["field"] for e in answer.json()["errors"]} == {"way", "more"}
    bad = {
        **good,
        "form": {**good["form"], "birth_date": "yesterday"},
        "applicant": {**good["applicant"], "phone": "1"},
    }
    answer = await platform.client.post(url, headers=headers, json=bad)
    assert {e["field"] for e in answer.json()["errors"]} == {"form.birth_date", "applicant.phone"}


async def test_the_same_key_is_one_dossier_and_another_body_a_conflict(platform: Platform) -> None:
    url = platform.stack.url("submission") + "/dossiers"
    headers = {**await platform.token("citizen1"), "idempotency-key": uuid.uuid4().hex}
    first = await platform.client.post(url, headers=headers, json=filing())
    again = await platform.client.post(url, headers=headers, json=filing())
    assert (first.status_code, again.json()) == (201, first.json())
    other = await platform.client.post(url, headers=headers, json=filing(3))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    other_caller = {**await platform.token("citizen2"), "idempotency-key": headers["idempotency-key"]}
    theirs = await platform.client.post(url, headers=other_caller, json=filing())
    assert theirs.json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    ("username", "status"), [(None, 401), ("leader1", 403), ("clerk1", 200)], ids=["nobody", "leader", "clerk"]
)
async def test_only_a_clerk_accepts(platform: Platform, username: str | None, status: int) -> None:
    submission = platform.stack.url("submission")
    citizen = {**await platform.token("citizen1"), "idempotency-key": uuid.uuid4().hex}
    dossier = (await platform.client.post(f"{submission}/dossiers", headers=citizen, json=filing())).json()["id"]
    token = await platform.token(username) if username else {}
    headers = {"idempotency-key": uuid.uuid4().hex, "if-match": "*", **token}
    answer = await platform.client.post(f"{submission}/dossiers/{dossier}/accept", headers=headers)
    assert answer.status_code == status
    stranger = await platform.token("citizen2")
    assert (await platform.client.get(f"{submission}/dossiers/{dossier}", headers=stranger)).status_code == 404


async def test_an_act_out_of_turn_is_refused(platform: Platform) -> None:
    submission = platform.stack.url("submission")
    citizen = {**await platform.token("citizen1"), "idempotency-key": uuid.uuid4().hex}
    dossier = (await platform.client.post(f"{submission}/dossiers", headers=citizen, json=filing())).json()["id"]
    leader = {**await platform.token("leader1"), "idempotency-key": uuid.uuid4().hex, "if-match": "*"}
    body = {"outcome": "approved"}
    answer = await platform.client.post(f"{submission}/dossiers/{dossier}/decide", headers=leader, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_stage")


async def invoiced(platform: Platform) -> tuple[str, dict[str, str], dict[str, Any]]:
    """A dossier with an open invoice and one attempt; its payment address as fields."""
    submission, payment = platform.stack.url("submission"), platform.stack.url("payment")
    headers = await platform.token("citizen1")
    citizen = Caller(platform.client, headers["authorization"].removeprefix("Bearer "))
    clerk = Caller(platform.client, (await platform.token("clerk1"))["authorization"].removeprefix("Bearer "))
    dossier = (await citizen.post(f"{submission}/dossiers", filing()))["id"]
    await clerk.post(f"{submission}/dossiers/{dossier}/accept")

    async def there() -> dict[str, Any] | None:
        found: dict[str, Any] | None = await citizen.find(f"{payment}/dossiers/{dossier}/invoice")
        return found

    await wait_for("the invoice", there)
    attempt = await citizen.post(f"{payment}/dossiers/{dossier}/payments")
    asked = dict(httpx.URL(attempt["url"]).params)
    told = {
        "vnp_Amount": asked["vnp_Amount"],
        "vnp_TxnRef": asked["vnp_TxnRef"],
        "vnp_ResponseCode": "00",
        "vnp_TransactionStatus": "00",
        "vnp_PayDate": asked["vnp_CreateDate"],
        "vnp_TransactionNo": "99",
        "vnp_TmnCode": asked["vnp_TmnCode"],
        "vnp_OrderInfo": asked["vnp_OrderInfo"],
    }
    return f"{payment}/dossiers/{dossier}/invoice", headers, told


async def test_a_stranger_sees_nothing_of_a_dossier_in_any_service(platform: Platform) -> None:
    invoice, mine, _ = await invoiced(platform)
    dossier = invoice.removesuffix("/invoice").rpartition("/")[2]
    looks = {"payment": ["invoice"], "delivery": ["delivery", "document"], "tracking": ["timeline"]}
    urls = [f"{platform.stack.url(s)}/dossiers/{dossier}/{look}" for s, found in looks.items() for look in found]
    theirs = await platform.token("citizen2")
    assert {(await platform.client.get(url, headers=theirs)).status_code for url in urls} == {404}
    pay = {**theirs, "idempotency-key": uuid.uuid4().hex}
    assert (await platform.client.post(f"{invoice.removesuffix('invoice')}payments", headers=pay)).status_code == 404
    clerk = await platform.token("clerk1")
    for headers in (mine, clerk):
        shown = await platform.client.get(invoice, headers=headers)
        assert (shown.status_code, "owner" in shown.json()) == (200, False)

    async def tracked() -> bool | None:
        return True if (await platform.client.get(urls[-1], headers=mine)).status_code == 200 else None

    assert await wait_for("the timeline for its owner", tracked)


async def test_an_ipn_gets_the_protocol_s_code_and_only_the_right_one_changes_anything(platform: Platform) -> None:
    invoice, headers, told = await invoiced(platform)
    secret = platform.secrets["words"]["vnpay"]

    async def ipn(values: dict[str, str], **changes: str) -> str:
        signed = {**values, vnpay.HASH: vnpay.sign(values, secret), **changes}
        url = platform.stack.url("payment") + "/payments/vnpay/ipn"
        code: str = (await platform.client.get(url, params=signed)).json()["RspCode"]
        return code

    async def status() -> str:
        found: str = (await platform.client.get(invoice, headers=headers)).json()["status"]
        return found

    assert await ipn(told, vnp_SecureHash="0" * 128) == "97"
    assert await ipn(told, vnp_Amount="1") == "97"
    assert await ipn({**told, "vnp_Amount": "100"}) == "04"
    assert await ipn({**told, "vnp_TxnRef": "f" * 32 + "001"}) == "01"
    assert await ipn({**told, "vnp_TxnRef": told["vnp_TxnRef"][:-3] + "009"}) == "01"
    assert await ipn({**told, "vnp_PayDate": "yesterday"}) == "99"
    assert await status() == "open"
    assert await ipn(told) == "00"
    assert await ipn(told) == "02"
    assert await status() == "paid"


async def test_a_lost_ipn_is_found_by_asking(platform: Platform) -> None:
    invoice, headers, told = await invoiced(platform)
    gateway = platform.stack.url("gateway")
    await platform.client.post(f"{gateway}/control/faults", json={"lose_ipn_next": 1})
    _ = told
    dossier = invoice.rpartition("/")[0]
    citizen = Caller(platform.client, headers["authorization"].removeprefix("Bearer "))
    attempt = await citizen.post(f"{dossier}/payments")
    await platform.client.get(attempt["url"])
    asked = dict(httpx.URL(attempt["url"]).params)
    form = f"{gateway}/paymentv2/pay/{asked['vnp_TmnCode']}/{asked['vnp_TxnRef']}"
    answer = await platform.client.post(form, data={"decision": "pay"})
    await platform.client.get(answer.headers["location"])

    async def paid() -> bool | None:
        return True if (await citizen.get(invoice))["status"] == "paid" else None

    assert await wait_for("the query to find the payment", paid)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_without_its_settings_does_not_start_and_names_them(service: str) -> None:
    kept = {name: os.environ[name] for name in ("PATH",)}
    done = subprocess.run(
        [sys.executable, "-m", f"services.{service}.main"],
        cwd=ROOT,
        env={**kept, "HOSO_MASTER_KEY": "short"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    for variable in ("KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URL", "HOSO_MASTER_KEY", f"{service.upper()}_PORT"):
        assert f"setting {variable}:" in done.stderr
