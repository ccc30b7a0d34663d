"""What the adapters of payment and delivery make of a partner's errors, each against its simulator on a real socket.

Retryable: certainly not executed. An outcome: the partner's own word. Anything else: nobody can tell.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr

from chassis.keyadmin import Erasure, KeyAdmin
from chassis.keyring import Keyring
from chassis.runner import NotSent, Permanent, Retryable
from chassis.series import NumberTaken
from chassis.store import Store
from deploy.local.certificates import self_signed
from deploy.local.platform import Backbone
from deploy.local.ports import free_ports
from schemas.money import Vnd
from schemas.parts import PostalAddress
from schemas.personal import Personal
from services.delivery.duties import AskConsignment, OrderConsignment
from services.delivery.effects.post import AsksConsignments, OrdersConsignments, PostOffice
from services.delivery.messages import ConsignmentRefused, ConsignmentTaken
from services.payment.domain.vnpay import payment_url, stamp
from services.payment.effects.receipt_file import Layout
from services.payment.effects.receipts import Receipts, TransmitsReceipts
from services.payment.effects.vnpay import QueriesRefunds, QueriesVnpay, SendsRefunds, Uncertain, Vnpay
from services.payment.messages import (
    QueryAnswered,
    QueryPayment,
    QueryRefund,
    ReceiptTransmitted,
    RefundAnswered,
    SendRefund,
    TransmitReceipt,
)
from simulators.payment_gateway import __main__ as gateway
from simulators.payment_gateway.gateway import Merchant
from simulators.post_office import __main__ as post_office
from tests.unit.services.invoices import DOSSIER, paid

from .partners import ID, call, serving

SECRET = "a-secret-of-the-test"
PAYER = "Lò Thị Ví Dụ"


def order() -> OrderConsignment:
    address = PostalAddress(province="11", commune="03127", detail=Personal.of("Bản Ví Dụ"))
    return OrderConsignment(
        order=ID, to=Personal.of("Lò Thị Ví Dụ"), phone=Personal.of("+84912345678"), address=address
    )


def office(port: int, customer: str = "C") -> PostOffice:
    settings = SimpleNamespace(
        post_url=f"http://127.0.0.1:{port}",
        post_username="u",
        post_password=SecretStr("p"),
        post_customer_code=customer,
    )
    return PostOffice(settings)  # type: ignore[arg-type] # what it uses of the settings


@pytest.fixture
async def post_side() -> AsyncIterator[tuple[PostOffice, httpx.AsyncClient]]:
    (port,) = free_ports(1)
    settings = post_office.Settings(port=port, username="u", password=SecretStr("p"), customer_code="C")
    async with (
        serving(post_office.create_app(settings), port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as control,
    ):
        yield office(port), control


async def test_an_order_whose_answer_was_lost_is_uncertain_and_found_by_asking(
    post_side: tuple[PostOffice, httpx.AsyncClient],
) -> None:
    adapter, control = OrdersConsignments(post_side[0]), post_side[1]
    assert await adapter.ask(order(), call()) is None
    await control.post("/control/faults", json={"lose_answer_next": 1})
    with pytest.raises(httpx.HTTPStatusError):
        await adapter.execute(order(), call())
    assert isinstance(await adapter.ask(order(), call()), ConsignmentTaken)


async def test_an_order_the_office_will_not_take_is_refused(post_side: tuple[PostOffice, httpx.AsyncClient]) -> None:
    known = post_side[0]
    await OrdersConsignments(known).ask(order(), call())
    other = office(int(known.settings.post_url.rpartition(":")[2]), customer="another")
    other._token = known._token
    assert isinstance(await OrdersConsignments(other).execute(order(), call()), ConsignmentRefused)


async def test_a_closed_post_office_is_retryable() -> None:
    (port,) = free_ports(1)
    for adapter, effect in (
        (OrdersConsignments(office(port)), order()),
        (AsksConsignments(office(port)), AskConsignment(tracking="RA1")),
    ):
        with pytest.raises(Retryable):
            await adapter.execute(effect, call())  # type: ignore[arg-type] # each with its own


@pytest.mark.parametrize(("after", "expected"), [("7", timedelta(seconds=7)), ("soon", None)])
async def test_a_post_office_that_says_later_is_retryable(after: str, expected: timedelta | None) -> None:
    (port,) = free_ports(1)
    app = FastAPI()
    app.add_api_route("/GetAccessToken", lambda: {"token": "t"}, methods=["POST"])
    app.add_api_route(
        "/postDieuTin", lambda: Response(status_code=429, headers={"retry-after": after}), methods=["POST"]
    )
    async with serving(app, port):
        with pytest.raises(Retryable) as later:
            await OrdersConsignments(office(port)).execute(order(), call())
        assert later.value.after == expected
        with pytest.raises(NotSent):
            await OrdersConsignments(office(port)).execute(order(), call(seconds=-1))


def vnpay(port: int) -> QueriesVnpay:
    settings = SimpleNamespace(
        vnpay_api_url=f"http://127.0.0.1:{port}/merchant_webapi/api/transaction",
        vnpay_tmn_code="DEMO0001",
        vnpay_secrets=(SECRET,),
    )
    return QueriesVnpay(client(settings))


def client(settings: object) -> Vnpay:
    return Vnpay(settings, lambda: datetime.now(UTC))  # type: ignore[arg-type] # what it uses of the settings


async def test_a_query_by_what_the_gateway_answers() -> None:
    (port,) = free_ports(1)
    query = QueryPayment(attempt="x" * 35, created_at=datetime.now(UTC))
    with pytest.raises(Retryable):
        await vnpay(port).execute(query, call())
    merchants = {"DEMO0001": Merchant(secret=SECRET, ipn_url="http://127.0.0.1:1/")}
    async with serving(gateway.create_app(gateway.Settings(port=port, merchants=merchants)), port):
        assert await vnpay(port).execute(query, call()) == QueryAnswered(attempt=query.attempt)
        with pytest.raises(Retryable, match="94"):
            await vnpay(port).execute(query, call())
        async with httpx.AsyncClient(trust_env=False) as control:
            await control.post(f"http://127.0.0.1:{port}/control/faults", json={"query_error_next": 1})
        with pytest.raises(Retryable, match="99"):
            await vnpay(port).execute(query, call())


@pytest.fixture
async def paid_at_gateway() -> AsyncIterator[tuple[Vnpay, httpx.AsyncClient, SendRefund]]:
    """A payment of 650,000 VND at a gateway, and the refund of all of it."""
    (port,) = free_ports(1)
    merchants = {"DEMO0001": Merchant(secret=SECRET, ipn_url="http://127.0.0.1:1/")}
    settings = gateway.Settings(port=port, merchants=merchants, refund_seconds=0)
    attempt = "a" * 32 + "001"
    created = datetime.now(UTC)
    values = {
        "vnp_Version": "2.1.0",
        "vnp_Command": "pay",
        "vnp_TmnCode": "DEMO0001",
        "vnp_Amount": "65000000",
        "vnp_CreateDate": stamp(created),
        "vnp_ExpireDate": stamp(created + timedelta(minutes=15)),
        "vnp_CurrCode": "VND",
        "vnp_Locale": "vn",
        "vnp_IpAddr": "127.0.0.1",
        "vnp_OrderInfo": "Phi ho so",
        "vnp_OrderType": "other",
        "vnp_ReturnUrl": "http://127.0.0.1:1/return",
        "vnp_TxnRef": attempt,
    }
    async with (
        serving(gateway.create_app(settings), port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as browser,
    ):
        base = f"http://127.0.0.1:{port}/paymentv2/vpcpay.html"
        assert (await browser.get(payment_url(base, values, SECRET))).is_success
        await browser.post(f"/paymentv2/pay/DEMO0001/{attempt}", data={"decision": "pay"})
        (kept,) = (await browser.get("/control/transactions")).json()
        refund = SendRefund(
            refund="R1",
            attempt=attempt,
            created_at=created,
            transaction=kept["number"],
            amount=Vnd(650_000),
            whole=True,
            before=Vnd(0),
            by="leader1",
            asked_at=created,
        )
        yield vnpay(port)._gateway, browser, refund


async def refunds_of(browser: httpx.AsyncClient) -> list[dict[str, object]]:
    (kept,) = (await browser.get("/control/transactions")).json()
    found: list[dict[str, object]] = kept["refunds"]
    return found


async def test_a_refund_whose_answer_was_lost_is_found_by_asking_and_made_once(
    paid_at_gateway: tuple[Vnpay, httpx.AsyncClient, SendRefund],
) -> None:
    client_, browser, refund = paid_at_gateway
    adapter = SendsRefunds(client_)
    assert await adapter.ask(refund, call()) is None
    await browser.post("/control/faults", json={"refund_lost_next": 1})
    with pytest.raises(httpx.HTTPStatusError):
        await adapter.execute(refund, call())
    made = RefundAnswered(refund="R1", result="made", code="06")
    assert await adapter.ask(refund, replace(call(), attempts=2)) == made
    again = await adapter.execute(refund, call())
    assert again == RefundAnswered(refund="R1", result="sent", code="94")
    query = QueryRefund(refund="R1", attempt=refund.attempt, created_at=refund.created_at)
    assert await QueriesRefunds(client_).execute(query, replace(call(), attempts=3)) == made
    assert [(entry["amount"], entry["by"]) for entry in await refunds_of(browser)] == [(65_000_000, "leader1")]


async def test_a_refund_that_the_bank_rejects_or_the_gateway_refuses(
    paid_at_gateway: tuple[Vnpay, httpx.AsyncClient, SendRefund],
) -> None:
    client_, browser, refund = paid_at_gateway
    adapter = SendsRefunds(client_)
    await browser.post("/control/faults", json={"refund_reject_next": 1})
    assert await adapter.execute(refund, call()) == RefundAnswered(refund="R1", result="sent", code="05")
    query = QueryRefund(refund="R1", attempt=refund.attempt, created_at=refund.created_at)
    rejected = RefundAnswered(refund="R1", result="failed", code="09")
    assert await QueriesRefunds(client_).execute(query, replace(call(), attempts=2)) == rejected
    other = replace(call(), id="kind/another/1")
    more = refund.model_copy(update={"amount": Vnd(650_001), "whole": False})
    assert await adapter.execute(more, other) == RefundAnswered(refund="R1", result="failed", code="95")
    await browser.post("/control/faults", json={"refund_error_next": 1})
    with pytest.raises(Uncertain):
        await adapter.execute(refund, replace(call(), id="kind/another/2"))
    partly = refund.model_copy(update={"before": Vnd(1)})
    assert await adapter.ask(partly, call()) == refund.unknown()


async def test_the_daily_report_has_the_differences_that_were_planted(
    paid_at_gateway: tuple[Vnpay, httpx.AsyncClient, SendRefund],
) -> None:
    client_, browser, refund = paid_at_gateway
    await SendsRefunds(client_).execute(refund, call())
    day = stamp(refund.created_at)[:8]
    rows = [line.split(",") for line in (await browser.get(f"/control/report/{day}")).text.splitlines()]
    assert [row[0] for row in rows] == ["type", "payment", "refund", "settlement"]
    assert [row[3] for row in rows[1:]] == ["650000", "650000", str(-7_150)]
    planted = {"amounts": {refund.attempt: 5}, "ghosts": [1000]}
    await browser.post(f"/control/report/{day}/plant", json=planted)
    rows = [line.split(",") for line in (await browser.get(f"/control/report/{day}")).text.splitlines()]
    assert [(row[1], row[3]) for row in rows[1:4]] == [
        (refund.attempt, "5"), (refund.attempt, "650000"), ("GHOST0001", "1000"),
    ]  # fmt: skip


async def test_a_tax_office_that_has_a_receipt_already_took_it_and_one_that_errs_is_asked_again(
    backbone: Backbone,
) -> None:
    (port,) = free_ports(1)
    answers = iter((503, 201, 409))
    taken: list[tuple[str, bytes]] = []
    app = FastAPI()

    async def put(number: str, status: str, request: Request) -> Response:
        taken.append((f"{number}/{status}", await request.body()))
        return Response(status_code=next(answers))

    app.add_api_route("/{number}/{status}", put, methods=["PUT"])
    player = paid()
    player.tell(NumberTaken(series="receipts-phi-2026", number=1, purpose="phi-1"))
    player.state = player.invoice.changed(payer=Personal.of(PAYER))
    keys = self_signed("a test")
    store = Store(backbone.store_url, f"adapters_{secrets.token_hex(4)}")

    async def read(_dossier: str) -> SimpleNamespace:
        return SimpleNamespace(state=player.invoice)

    platform: Any = SimpleNamespace(
        settings=SimpleNamespace(
            receipt_key=SecretStr(keys["receipt_key"]),
            receipt_certificate=keys["receipt_certificate"],
            receipt_layout=Layout(),
            receipt_tax_url=f"http://127.0.0.1:{port}",
        ),
        store=store,
        keyring=Keyring(store, b"m" * 32),
        engine=lambda _name: SimpleNamespace(read=read),
    )
    adapter = TransmitsReceipts(platform, Receipts(platform))
    effect = TransmitReceipt(receipt="phi-1", status="issued")
    with pytest.raises(Retryable):
        await adapter.execute(effect, call())
    async with serving(app, port):
        with pytest.raises(Retryable, match="503"):
            await adapter.execute(effect, call())
        for _ in range(2):
            assert await adapter.execute(effect, call()) == ReceiptTransmitted(receipt="phi-1", taken=True)
    assert {name for name, _ in taken} == {"BL26P-0000001/issued"}
    assert len({body for _, body in taken}) == 1
    assert PAYER.encode() in taken[0][1]
    kept = await store.files("receipt_files").get("BL26P-0000001")
    assert kept is not None
    assert PAYER.encode() not in kept[0]
    await KeyAdmin(store).erase(Erasure(dossier=DOSSIER, reason="r", by="operator1", at=datetime.now(UTC)))
    platform.keyring = Keyring(store, b"m" * 32)
    with pytest.raises(Permanent, match="erased"):
        await TransmitsReceipts(platform, Receipts(platform)).execute(effect, call())
    store.close()
