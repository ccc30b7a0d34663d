"""What the adapters of payment and delivery make of a partner's errors, each against its simulator on a real socket.

Retryable: certainly not executed. An outcome: the partner's own word. Anything else: nobody can tell.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI, Response
from pydantic import SecretStr

from chassis.runner import NotSent, Retryable
from deploy.local.ports import free_ports
from schemas.dossier import PostalAddress
from schemas.personal import Personal
from services.delivery.duties import AskConsignment, OrderConsignment
from services.delivery.effects.post import AsksConsignments, OrdersConsignments, PostOffice
from services.delivery.messages import ConsignmentRefused, ConsignmentTaken
from services.payment.effects.vnpay import QueriesVnpay
from services.payment.messages import QueryAnswered, QueryPayment
from simulators.payment_gateway import __main__ as gateway
from simulators.payment_gateway.gateway import Merchant
from simulators.post_office import __main__ as post_office

from .partners import ID, call, serving

SECRET = "a-secret-of-the-test"


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
        vnpay_secret=SecretStr(SECRET),
    )
    return QueriesVnpay(settings, lambda: datetime.now(UTC))  # type: ignore[arg-type] # what it uses of the settings


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
