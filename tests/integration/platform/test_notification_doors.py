"""Notification over HTTP, on a real Kafka, store, SMS centre and mail server: what people, machines, partners ask."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from typer.testing import CliRunner

from bench.notify.events import Events, phone
from chassis.store import Store
from cli.demo.client import wait_for
from cli.demo.oidc import login
from cli.examples import example
from cli.main import app
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.ports import free_ports
from deploy.local.stack import Stack
from schemas.event import DossierEvent
from schemas.topics import CATALOGUES
from simulators.sms_gateway import __main__ as sms_gateway
from simulators.sms_gateway.__main__ import Gateway
from tests.chaos.harness.witness import Log
from tests.unit.services.notification.returned import returned

PARTNERS = ("identity", "sms_centre", "mail_sink")
MACHINE = ("portal", "portal-demo-only-secret")
SECRET = "s" * 20
SIMULATED = {"+84912000001": "sent", "+84912000002": "refused", "+84912000003": "unknown"}


@dataclass
class Town:
    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    events: Events
    store: Store
    gateway: Gateway
    numbers: int = 0

    @property
    def url(self) -> str:
        return self.stack.url("notification")

    async def person(self, name: str) -> dict[str, str]:
        token = await login(self.stack.url("idp"), name, f"{name}-demo-only")
        return {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex}

    async def machine(self) -> dict[str, str]:
        form = {"grant_type": "client_credentials", "resource": "urn:hoso-api"}
        answer = await self.client.post(f"{self.stack.url('idp')}/token", data=form, auth=MACHINE)
        token = answer.json()["access_token"]
        return {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex}

    async def filed(self, to: str | None = None, **more: Any) -> tuple[str, str]:
        """A dossier of which the submission is told to that phone, or to one of its own."""
        self.numbers += 1
        to = to or phone(8, self.numbers)
        dossier = str(uuid.uuid4())
        async for _ in self.events.each([dossier]):
            self.events.submitted(dossier, to, **more)
        self.events.flush()
        return dossier, to

    def say(self, dossier: str, stream: str, name: str, sequence: int, **changes: Any) -> None:
        event: Any = example(CATALOGUES[stream].types[f"{stream}.{name}.v1"])
        assert isinstance(event, DossierEvent)
        self.events.publish(stream, event.model_copy(update={"dossier_id": dossier, **changes}), sequence)
        self.events.flush()

    async def messages(self, dossier: str) -> dict[str, dict[str, Any]]:
        """By the last parts of their ids."""
        headers = await self.person("clerk1")
        answer = await self.client.get(f"{self.url}/dossiers/{dossier}/messages", headers=headers)
        found = answer.json()["messages"] if answer.is_success else []
        return {m["id"].partition("/")[2]: m for m in found}

    async def until(self, dossier: str, message: str, *statuses: str) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            found = (await self.messages(dossier)).get(message)
            return found if found is not None and found["status"] in statuses else None

        return await wait_for(f"{message} {statuses}", there, patience=60)

    async def texts(self, to: str) -> list[str]:
        found = (await self.client.get(f"{self.stack.url('phone')}/phone/messages", params={"to": to})).json()
        return [m["text"] for m in found]

    async def mails(self, to: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            await self.client.get(f"{self.stack.url('mailbox')}/messages", params={"to": to})
        ).json()
        return found

    async def faults(self, **faults: Any) -> None:
        (await self.client.post(f"{self.stack.url('phone')}/control/faults", json=faults)).raise_for_status()


@pytest.fixture(autouse=True)
async def untroubled(town: Town) -> None:
    """No test begins with the faults that another asked for."""
    await town.faults()
    town.gateway.faults.unavailable_next = 0


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    (port,) = free_ports(1)
    gateway = Gateway()
    provider = {
        "kind": "esms", "name": "gate", "sender": "SVHTTDL", "url": f"http://127.0.0.1:{port}", "api_key": "k",
        "secret_key": "s", "receipts": SECRET, "price": 650, "weight": 0.001,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NOTIFICATION_PROVIDERS", json.dumps([provider]))
        environment.setenv("NOTIFICATION_SIMULATED_PHONES", json.dumps(SIMULATED))
        environment.setenv("NOTIFICATION_SMPP_PRICE", "700")
        settings = sms_gateway.Settings(port=port, api_key="k", secret_key="s")
        server = uvicorn.Server(
            uvicorn.Config(sms_gateway.create_app(gateway, settings), port=port, log_level="warning")
        )
        serving = asyncio.create_task(server.serve())
        async with Backbone(tmp_path_factory.mktemp("doors")) as backbone:
            running = await stack.start(backbone, services=("notification",), partners=PARTNERS)
            environment.setattr("cli.platform.RUN", backbone.run.path)
            master = base64.b64decode(json.loads((backbone.run.path / "secrets.json").read_text())["master"])
            events = Events(backbone.kafka, backbone.store_url, master)
            store = Store(backbone.store_url, "hoso_notification")
            async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
                yield Town(backbone, running, client, events, store, gateway)
            events.close()
            store.close()
        server.should_exit = True
        await serving


async def hoso(*words: str) -> str:
    done = await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, app, ["notify", *words])
    assert done.exit_code == 0, done.output
    return done.output


async def test_simulated_recipients_have_the_outcome_their_name_asks_for_and_nothing_leaves(town: Town) -> None:
    sent, refused, unknown = [
        (await town.filed(to, email="anyone@hoso.invalid" if wish == "refused" else None))[0]
        for to, wish in SIMULATED.items()
    ]
    real, to = await town.filed()
    assert (await town.until(sent, "submitted/sms", "sent"))["provider"] == "simulated"
    failed = await town.until(refused, "submitted/sms", "failed")
    assert (failed["provider"], failed["cost"]) == ("simulated", 0)
    assert (await town.until(refused, "submitted/email", "sent"))["provider"] == "simulated"
    assert (await town.until(unknown, "submitted/sms", "unknown"))["provider"] == "simulated"
    await town.until(real, "submitted/sms", "delivered")
    assert len(await town.texts(to)) == 1
    assert [await town.texts(number) for number in SIMULATED] == [[], [], []]
    assert await town.mails("anyone@hoso.invalid") == []
    assert not {s["to"] for s in town.gateway.sent.values()} & {number.lstrip("+") for number in SIMULATED}
    assert unknown in await hoso("attention")


async def test_a_mail_that_comes_back_fails_its_message_and_no_other_mail_does(town: Town) -> None:
    to = f"{uuid.uuid4().hex}@example.vn"
    dossier, _ = await town.filed(email=to)
    town.say(dossier, "dossier", "rejected", 2, owner=None)
    await town.until(dossier, "rejected/email", "sent")
    (mail,) = await town.mails(to)
    url, machine = f"{town.url}/mail/bounces", await town.machine()

    async def bounce(content: bytes, headers: dict[str, str] = machine) -> int:
        return (await town.client.post(url, content=content, headers=headers)).status_code

    dsn = returned(mail["id"])
    assert await bounce(dsn, await town.person("clerk1")) == 403
    assert await bounce(dsn, {}) == 401
    assert await bounce(b"x" * 300_000) == 413
    assert await bounce(returned(mail["id"], action="delayed", status="4.4.1")) == 204
    assert await bounce(returned("<somebody@elsewhere.vn>")) == 204
    gone = mail["id"].replace(dossier, str(uuid.uuid4()))
    assert await bounce(returned(gone)) == 204
    assert (await town.messages(dossier))["rejected/email"]["status"] == "sent"
    assert [await bounce(dsn), await bounce(dsn)] == [204, 204]
    failed = await town.until(dossier, "rejected/email", "failed")
    assert failed["code"] == "5.1.1"


async def test_a_gateways_report_counts_by_its_secret_alone_and_once(town: Town) -> None:
    await town.faults(reject_next=1, reject_status=0x58 + 0x300)
    dossier, to = await town.filed()
    sent = await town.until(dossier, "submitted/sms", "sent")
    (taken,) = [s["SMSID"] for s in town.gateway.sent.values() if s["to"] == to.lstrip("+")]
    assert (sent["provider"], sent["cost"], sent["parts"]) == ("gate", 650, [taken])
    good = {"SMSID": sent["parts"][0], "SendStatus": "5"}

    async def report(secret: str, provider: str = "gate", **values: str) -> int:
        url = f"{town.url}/sms/{provider}/{secret}"
        return (await town.client.get(url, params={**good, **values})).status_code

    assert await report("t" * 20) == 404
    assert await report(SECRET, provider="centre") == 404
    assert [await report(SECRET, SendStatus="1"), await report(SECRET, SMSID="")] == [200, 200]
    assert await report(SECRET, SMSID="99999999") == 200
    assert (await town.messages(dossier))["submitted/sms"]["status"] == "sent"
    assert [await report(SECRET), await report(SECRET)] == [200, 200]
    delivered = await town.until(dossier, "submitted/sms", "delivered")
    assert (delivered["code"], delivered["arrived"]) == ("SendStatus 5", sent["parts"])
    assert await town.texts(to) == []
    assert "gate" in await hoso("providers")


async def test_a_pay_now_that_waited_until_it_was_paid_is_not_sent(town: Town) -> None:
    dossier, to = await town.filed()
    await town.until(dossier, "submitted/sms", "delivered")
    await town.faults(throttle_next=10_000)
    town.gateway.faults.unavailable_next = 10_000
    town.say(dossier, "payment", "invoice_opened", 1, purpose=None)
    await town.until(dossier, "invoice/sms", "accepted")
    town.say(dossier, "payment", "received", 2, purpose=None)

    async def moot() -> bool | None:
        return (await town.messages(dossier))["invoice/sms"]["moot"] or None

    await wait_for("the invoice is no longer true", moot)
    await town.faults()
    town.gateway.faults.unavailable_next = 0
    await town.until(dossier, "invoice/sms", "suppressed")
    assert len(await town.texts(to)) == 1

    async def recovered() -> bool | None:
        other, _ = await town.filed()
        return (await town.until(other, "submitted/sms", "sent", "delivered"))["provider"] == "centre" or None

    await wait_for("the centre is used again", recovered)


async def test_an_applicant_says_how_they_are_told_and_a_stranger_learns_nothing(town: Town) -> None:
    me, stranger = await town.person("citizen1"), await town.person("citizen2")
    to = f"{uuid.uuid4().hex}@example.vn"
    dossier, _ = await town.filed(email=to, owner=_sub(me))
    await town.until(dossier, "submitted/sms", "delivered")
    url = f"{town.url}/dossiers/{dossier}/preferences"
    assert (await town.client.get(url, headers=stranger)).status_code == 404
    assert (await town.client.put(url, headers=stranger, json={"language": "en"})).status_code == 404
    wrong = await town.client.put(url, headers=me, json={"language": "fr"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "language")
    wanted = {"language": "en", "channel": "email", "optional": False}
    assert (await town.client.put(url, headers=me, json=wanted)).json() == wanted
    assert (await town.client.get(url, headers=me)).json() == wanted
    town.say(dossier, "dossier", "withdrawn", 2, owner=None)
    await town.until(dossier, "withdrawn/email", "sent")
    assert "withdrawn" in (await town.mails(to))[-1]["subject"]
    assert "withdrawn/sms" not in await town.messages(dossier)


async def test_a_representative_is_told_once_the_code_came_back(town: Town) -> None:
    me = await town.person("citizen1")
    dossier, _ = await town.filed(owner=_sub(me))
    await town.until(dossier, "submitted/sms", "delivered")
    url, old, new = f"{town.url}/dossiers/{dossier}/representative", "0123 900 0001", "+84839000001"
    bad = await town.client.post(url, headers=me, json={"phone": "0215 123456"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "phone")
    headers = {**me, "idempotency-key": uuid.uuid4().hex}
    assert (await town.client.post(url, headers=headers, json={"phone": old})).status_code == 202

    async def came() -> str | None:
        return next((text for text in await town.texts(new) if "Ma xac nhan" in text), None)

    code = _code(await wait_for("the code", came))
    confirm = f"{url}/confirm"
    key = {**me, "idempotency-key": uuid.uuid4().hex}
    assert (await town.client.post(confirm, headers=key, json={"code": _other(code)})).status_code == 409
    key = {**me, "idempotency-key": uuid.uuid4().hex}
    assert (await town.client.post(confirm, headers=key, json={"code": code})).json() == {"verified": True}
    town.say(dossier, "dossier", "withdrawn", 2, owner=None)
    await town.until(dossier, "withdrawn/sms.r", "delivered")
    shown = await hoso("show", dossier)
    assert "representative: SMS, verified" in shown
    assert "applicant: SMS, not verified" in shown
    assert "0x00000000" in shown or "DELIVRD" in shown


async def test_codes_answer_alike_whether_or_not_there_is_a_dossier(town: Town) -> None:
    dossier, to = await town.filed()
    await town.until(dossier, "submitted/sms", "delivered")
    machine = await town.machine()

    async def ask(of: str, address: str, purpose: str = "lookup", **headers: str) -> httpx.Response:
        body = {"dossier": of, "purpose": purpose, "address": address}
        mine = {**machine, "idempotency-key": uuid.uuid4().hex, **headers}
        return await town.client.post(f"{town.url}/codes", headers=mine, json=body)

    async def verify(of: str, code: str, purpose: str = "lookup") -> bool:
        body = {"dossier": of, "purpose": purpose, "code": code}
        mine = {**machine, "idempotency-key": uuid.uuid4().hex}
        return bool((await town.client.post(f"{town.url}/codes/verify", headers=mine, json=body)).json()["valid"])

    async def codes(many: int) -> list[str] | None:
        found = [_code(text) for text in await town.texts(to) if "Ma xac nhan" in text]
        return found if len(found) >= many else None

    assert (await ask(dossier, "192.0.2.1", **await town.person("clerk1"))).status_code == 403
    there, not_there = await ask(dossier, "192.0.2.1"), await ask(str(uuid.uuid4()), "192.0.2.1")
    assert (there.status_code, there.json()) == (not_there.status_code, not_there.json()) == (202, {"expires_in": 300})
    assert set(there.headers) == set(not_there.headers)
    (code,) = await wait_for("the code", lambda: codes(1))
    stored = str(await town.store.collection("codes").load([dossier]))
    assert "'digest': '" in stored
    assert code not in stored
    assert [await verify(dossier, code, "collect"), await verify(str(uuid.uuid4()), code)] == [False, False]
    assert [await verify(dossier, _other(code)), await verify(dossier, code), await verify(dossier, code)] == [
        False, True, False,
    ]  # fmt: skip
    for _ in range(5):
        assert (await ask(dossier, "192.0.2.2")).json() == {"expires_in": 300}
    assert len(await wait_for("the codes that are allowed an hour", lambda: codes(5))) == 5
    answers = [await ask(str(uuid.uuid4()), "192.0.2.3") for _ in range(31)]
    assert [a.status_code for a in answers] == [202] * 30 + [429]
    assert answers[-1].headers["retry-after"] == "3600"
    assert (await ask(dossier, "192.0.2.4")).status_code == 202
    log = Log(town.backbone.kafka)
    await log.read()
    log.close()
    about = [r for r in log.records if r["key"] == dossier and r["topic"] == "notification.events.v1"]
    assert {json.loads(r["value"])["subject"] for r in about} == {"submitted"}
    assert not any(code in r["value"] for r in about)


def _sub(headers: dict[str, str]) -> str:
    body = headers["authorization"].split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return str(claims["sub"])


def _code(text: str) -> str:
    return text.partition("la ")[2][:6]


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"
