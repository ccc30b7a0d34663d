"""What the adapters of notification make of a partner's errors, each against its simulator on a real socket.

Retryable: certainly not executed. An outcome: the partner's own word. Anything else: nobody can tell.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import SecretStr

from chassis.runner import NotSent, Retryable
from chassis.store import Store
from deploy.local.platform import Backbone
from deploy.local.ports import free_ports
from schemas.personal import Personal
from services.notification.domain.balance import Balance
from services.notification.domain.codes import CodeSettled, SendCode
from services.notification.domain.pace import Numbers
from services.notification.effects.esms import EsmsProvider, receipt_of
from services.notification.effects.moot import Moot
from services.notification.effects.parts import Parts, Receipt
from services.notification.effects.session import Account
from services.notification.effects.simulated import Simulated
from services.notification.effects.smpp import SmppProvider
from services.notification.effects.sms import SendsCode, SendsSms, Texting
from services.notification.messages import InformSms, PartReceipt, SendSms, SmsSettled
from services.notification.settings import EsmsSettings
from simulators.sms_centre import __main__ as sms_centre
from simulators.sms_centre.centre import Centre
from simulators.sms_gateway import __main__ as sms_gateway
from simulators.sms_gateway.__main__ import Gateway

from .partners import ID, call, eventually, serving, until

PHONE = "+84912345678"
NOBODY = Simulated({})


def sms(text: str = "Ho so da duoc tiep nhan.", **more: Any) -> SendSms:
    return SendSms(message=f"{ID}/accepted/sms", to=Personal.of(PHONE), text=text, **more)


@dataclass
class Side:
    """One or more centres, our providers with them, and what was handed on to the dossiers."""

    centres: list[Centre]
    providers: list[SmppProvider]
    parts: Parts
    store: Store
    platform: Any
    heard: list[PartReceipt] = field(default_factory=list)

    @property
    def centre(self) -> Centre:
        return self.centres[0]

    @property
    def adapter(self) -> SendsSms:
        balance = Balance({provider.name: 1.0 for provider in self.providers})
        return SendsSms(Texting(self.providers, balance, self.parts, NOBODY), Moot(self.platform))


class _Dossiers:
    def __init__(self, store: Store) -> None:
        self.heard: list[PartReceipt] = []
        self.collection = store.collection("dossiers")

    async def handle(self, delivery: Any) -> None:
        self.heard.append(delivery.message)


@asynccontextmanager
async def side(backbone: Backbone, centres: int = 1, binds: int = 2) -> AsyncIterator[Side]:
    store = Store(backbone.store_url, f"sms_{uuid.uuid4().hex[:8]}")
    dossiers = _Dossiers(store)
    platform: Any = SimpleNamespace(store=store, engine=lambda _name: dossiers)
    parts = Parts(platform, b"k" * 16, patience=timedelta(0))
    ports = free_ports(2 * centres)
    made = [Centre() for _ in range(centres)]
    providers = [
        SmppProvider(
            f"c{n}", Account("127.0.0.1", ports[2 * n], "dienbien", "x"), "SVHTTDL DB", parts.receipt, binds=binds
        )
        for n in range(centres)
    ]
    async with asyncio.TaskGroup() as group:
        stacks = [
            serving(sms_centre.create_app(c, sms_centre.Settings(port=p, http_port=h)), h)
            for c, p, h in zip(made, ports[::2], ports[1::2], strict=True)
        ]
        for stack in stacks:
            await stack.__aenter__()
        running = [group.create_task(provider.run()) for provider in providers]
        try:
            await until(lambda: all(provider.bound == binds for provider in providers))
            yield Side(made, providers, parts, store, platform, dossiers.heard)
        finally:
            for task in running:
                task.cancel()
            for stack in stacks:
                await stack.__aexit__(None, None, None)
    store.close()


@pytest.fixture
async def sms_side(backbone: Backbone) -> AsyncIterator[Side]:
    async with side(backbone) as made:
        yield made


async def test_sms_without_a_session_is_retryable() -> None:
    (port,) = free_ports(1)
    nothing: Any = None
    provider = SmppProvider("c", Account("127.0.0.1", port, "dienbien", "x"), "SVHTTDL DB", nothing)
    adapter = SendsSms(Texting([provider], Balance({"c": 1.0}), nothing, NOBODY), Moot(nothing))
    with pytest.raises(Retryable, match="no session"):
        await adapter.execute(sms(), call())


async def test_sms_by_what_the_centre_answers(sms_side: Side) -> None:
    centre, adapter = sms_side.centre, sms_side.adapter
    centre.faults.throttle_next = 1
    with pytest.raises(Retryable) as busy:
        await adapter.execute(sms(), call())
    assert busy.value.after is not None
    assert timedelta(0) < busy.value.after <= timedelta(seconds=1)
    with pytest.raises(Retryable, match="busy"):
        await adapter.execute(sms(), call())
    assert centre.faults.throttle_next == 0
    assert list(centre.phones.submissions) == []
    sms_side.providers[0]._busy_until = 0
    centre.faults.reject_next, centre.faults.reject_status = 1, 0x0B
    refused = await adapter.execute(sms(), call())
    assert isinstance(refused, SmsSettled)
    assert (refused.result, refused.failure, refused.code) == ("refused", "permanent", "0x0000000b")
    taken = await adapter.execute(sms(), call())
    assert isinstance(taken, SmsSettled)
    assert (taken.result, len(taken.ids), taken.provider) == ("sent", 1, "c0")
    await adapter.execute(sms("PIN {secret}.", secret=Personal.of("040506")), call())
    assert list(sms_side.centre.phones.submissions)[-1].text == "PIN 040506."


async def test_sms_without_a_response_is_uncertain(sms_side: Side) -> None:
    sms_side.centre.faults.drop_response_next = 1
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await sms_side.adapter.execute(sms(), call())
    assert len(sms_side.centre.phones.submissions) == 1


async def test_sms_whose_time_is_over_is_not_sent(sms_side: Side) -> None:
    with pytest.raises(NotSent):
        await sms_side.adapter.execute(sms(), call(seconds=-1))
    expired = await sms_side.adapter.execute(sms(not_after=datetime(2026, 1, 1, tzinfo=UTC)), call())
    assert isinstance(expired, SmsSettled)
    assert expired.result == "expired"
    assert list(sms_side.centre.phones.submissions) == []


async def test_what_waited_and_is_no_longer_true_is_not_sent(sms_side: Side) -> None:
    told = [{"id": f"{ID}/accepted/sms", "moot": True}, {"id": f"{ID}/other/sms"}]
    await sms_side.platform.engine("dossiers").collection.insert_missing([{"_id": ID, "state": {"messages": told}}])
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    adapter = sms_side.adapter
    moot = await adapter.execute(sms(decided=long_ago), call())
    true = await adapter.execute(sms(decided=long_ago).model_copy(update={"message": f"{ID}/other/sms"}), call())
    fresh = await adapter.execute(sms(decided=datetime.now(UTC)), call())
    assert [o.result for o in (moot, true, fresh) if isinstance(o, SmsSettled)] == ["suppressed", "sent", "sent"]
    assert len(sms_side.centre.phones.submissions) == 2


async def test_a_backlog_of_information_leaves_room_for_what_must_be_acted_on_and_for_codes(sms_side: Side) -> None:
    texting = Texting(sms_side.providers, Balance({"c0": 1.0}), sms_side.parts, NOBODY, rates={"c0": 0.001})
    texts, codes = SendsSms(texting, Moot(sms_side.platform)), SendsCode(texting)
    inform = InformSms(message=f"{ID}/due/sms", to=Personal.of(PHONE), text="x")
    code = SendCode(number=1, to=Personal.of(PHONE), text=Personal.of("1"), until=datetime(2100, 1, 1, tzinfo=UTC))
    for effect, places in ((inform, 2), (sms(), 1)):
        for _ in range(places):
            await texts.execute(effect, call())
        with pytest.raises(Retryable, match="as fast as it may"):
            await texts.execute(effect, call())
    settled = await codes.execute(code, call())
    assert isinstance(settled, CodeSettled)
    assert settled.result == "sent"
    assert len(sms_side.centre.phones.submissions) == 4
    late = await codes.execute(code.model_copy(update={"until": datetime(2026, 1, 1, tzinfo=UTC)}), call())
    assert isinstance(late, CodeSettled)
    assert late.result == "expired"


async def test_one_number_is_not_written_to_without_end(sms_side: Side) -> None:
    texting = Texting(sms_side.providers, Balance({"c0": 1.0}), sms_side.parts, NOBODY, numbers=Numbers(0.001, 2))
    adapter = SendsSms(texting, Moot(sms_side.platform))
    sms_side.centre.faults.throttle_next = 1
    for _ in range(3):  # what nobody took does not count
        with pytest.raises(Retryable, match="busy"):
            await adapter.execute(sms(), call())
    sms_side.providers[0]._busy_until = 0
    for _ in range(2):
        await adapter.execute(sms(), call())
    with pytest.raises(NotSent, match="too many messages to one number") as refused:
        await adapter.execute(sms(), call())
    assert refused.value.after is not None
    other = await adapter.execute(sms().model_copy(update={"to": Personal.of("+84912345679")}), call())
    assert isinstance(other, SmsSettled)


@pytest.mark.parametrize("early", [False, True], ids=["after the response", "before the response"])
async def test_each_receipt_finds_its_message_and_a_repeat_says_the_same(sms_side: Side, *, early: bool) -> None:
    faults = sms_side.centre.faults
    faults.receipts_before_response, faults.duplicate_receipts_next = early, 1
    taken = await sms_side.adapter.execute(sms("x" * 400), call())
    assert isinstance(taken, SmsSettled)
    assert len(taken.ids) == 3
    await until(lambda: {(r.part, r.state) for r in sms_side.heard} == {(i, "delivered") for i in taken.ids})


async def test_a_receipt_of_a_lost_answer_is_found_by_our_reference_or_by_the_only_one_of_its_time(
    sms_side: Side,
) -> None:
    for echo in (True, False):
        sms_side.centre.faults.drop_response_next = 1
        sms_side.centre.faults.echo_reference = echo
        sms_side.heard.clear()
        message = f"{ID}/{echo}/sms"
        lost = SendSms(message=message, to=Personal.of(f"+8491234567{int(echo)}"), text="x")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await sms_side.adapter.execute(lost, call())
        await sms_side.parts.seek(ID, message, lost.to.clear, datetime.now(UTC) - timedelta(seconds=1))
        await eventually(sms_side.parts.match)
        assert [(r.message, r.state) for r in sms_side.heard] == [(message, "delivered")]


async def test_a_receipt_outlives_whoever_died_before_it_was_remembered(sms_side: Side) -> None:
    """The centre had no acknowledgement and sends it again."""
    now, message = datetime.now(UTC), f"{ID}/half/sms"
    half = {"_id": "c0:9001", "state": "delivered", "reason": "000", "at": now}
    await sms_side.store.collection("parts").insert_missing([half])
    await sms_side.parts.receipt(Receipt("c0", "9001", "delivered", "000", to=PHONE, submitted=now))
    await sms_side.parts.seek(ID, message, PHONE, now - timedelta(seconds=1))
    await eventually(sms_side.parts.match)
    assert [(r.message, r.state) for r in sms_side.heard] == [(message, "delivered")]


async def test_a_receipt_outlives_whoever_died_before_it_was_handed_on(sms_side: Side) -> None:
    now, message = datetime.now(UTC), f"{ID}/owned/sms"
    await sms_side.parts.receipt(Receipt("c0", "9002", "delivered", "000", to=PHONE, submitted=now))
    owner = {"dossier": ID, "message": message, "kind": "dossiers"}
    await sms_side.store.collection("parts").change([({"_id": "c0:9002"}, {"$set": owner})])
    await sms_side.parts.match()
    assert [(r.message, r.state) for r in sms_side.heard] == [(message, "delivered")]
    assert await sms_side.store.collection("unmatched").select({}, ("to",), 1) == []


async def test_a_receipt_that_fits_two_lost_messages_is_left_to_a_person(sms_side: Side) -> None:
    sms_side.centre.faults.drop_response_next = 1
    sms_side.centre.faults.echo_reference = False
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.4):
            await sms_side.adapter.execute(sms(), call())
    for kind in ("a", "b"):
        await sms_side.parts.seek(ID, f"{ID}/{kind}/sms", PHONE, datetime.now(UTC) - timedelta(seconds=1))
    ripe = sms_side.store.collection("unmatched")
    await eventually(lambda: ripe.select({}, ("to",), 1))
    assert await sms_side.parts.match() == 0
    assert sms_side.heard == []


async def test_another_provider_takes_over_when_one_is_throttled_or_away(backbone: Backbone) -> None:
    async with side(backbone, centres=2) as both:
        adapter = both.adapter
        both.centres[0].faults.throttle_next = 1_000
        by = [await adapter.execute(sms(), call()) for _ in range(6)]
        assert {o.provider for o in by if isinstance(o, SmsSettled)} == {"c1"}
        assert len(both.centres[1].phones.submissions) == 6
        assert not both.centres[0].phones.submissions


async def test_a_receipt_that_cannot_be_stored_is_not_acknowledged_and_comes_again(sms_side: Side) -> None:
    stored = sms_side.parts._insert
    failed: list[Any] = []

    async def once(record: Any) -> bool:
        if not failed and "state" in record:
            failed.append(record)
            raise ConnectionError("the store is away")
        return bool(await stored(record))

    sms_side.parts._insert = once  # type: ignore[assignment] # the store's trouble, at the only place it shows
    sms_side.centre.faults.receipts_before_response = True
    taken = await sms_side.adapter.execute(sms(), call())
    assert isinstance(taken, SmsSettled)
    await until(lambda: [r.part for r in sms_side.heard] == list(taken.ids))
    assert len(failed) == 1


@dataclass
class Http:
    """The gateway, our provider at it, and the reports it made."""

    gateway: Gateway
    adapter: SendsSms
    reports: list[dict[str, str]]


@pytest.fixture
async def http_side(sms_side: Side) -> AsyncIterator[Http]:
    port, back = free_ports(2)
    gateway, reports = Gateway(), list[dict[str, str]]()
    callback = FastAPI()

    @callback.get("/reports")
    async def report(request: Request) -> None:
        reports.append(dict(request.query_params))

    settings = EsmsSettings(
        kind="esms", name="gate", sender="SVHTTDL", price=650, url=f"http://127.0.0.1:{port}", api_key=SecretStr("k"),
        secret_key=SecretStr("s"), receipts=SecretStr("r" * 16), callback=f"http://127.0.0.1:{back}/reports",
    )  # fmt: skip
    app = sms_gateway.create_app(gateway, sms_gateway.Settings(port=port, api_key="k", secret_key="s"))
    async with serving(app, port), serving(callback, back), httpx.AsyncClient(timeout=0.5, trust_env=False) as client:
        provider = EsmsProvider(settings, client)
        texting = Texting([provider], Balance({"gate": 1.0}), sms_side.parts, NOBODY)
        yield Http(gateway, SendsSms(texting, Moot(sms_side.platform)), reports)


async def test_a_gateway_that_keeps_our_id_is_asked_again_and_sends_once(http_side: Http) -> None:
    http_side.gateway.faults.hang_next = 2
    taken = await http_side.adapter.execute(sms(), call())
    assert isinstance(taken, SmsSettled)
    assert (taken.result, taken.ids, taken.cost, taken.code) == ("sent", ("00000001",), 650, "100")
    assert (http_side.gateway.requests, len(http_side.gateway.sent)) == (3, 1)
    await until(lambda: bool(http_side.reports))
    receipt = receipt_of("gate", http_side.reports[0])
    assert receipt is not None
    assert (receipt.id, receipt.state) == (taken.ids[0], "delivered")


async def test_what_a_gateway_cuts_itself_costs_by_the_segment(http_side: Http) -> None:
    long = await http_side.adapter.execute(sms("x" * 161), call())
    assert isinstance(long, SmsSettled)
    assert (len(long.ids), long.segments, long.cost) == (1, 2, 1300)


async def test_a_gateway_by_what_it_answers(http_side: Http) -> None:
    faults = http_side.gateway.faults
    faults.unavailable_next = 1
    with pytest.raises(Retryable):
        await http_side.adapter.execute(sms(), call())
    for code, failure in (("103", "technical"), ("105", "permanent")):
        faults.code, faults.code_next = code, 1
        refused = await http_side.adapter.execute(sms(), call())
        assert isinstance(refused, SmsSettled)
        assert (refused.result, refused.failure, refused.code) == ("refused", failure, code)
    faults.hang_next = 3
    with pytest.raises(httpx.TimeoutException):
        await http_side.adapter.execute(sms(), call())
    assert len(http_side.gateway.sent) == 1
