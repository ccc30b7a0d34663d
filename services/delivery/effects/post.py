"""The post office: orders and statuses over its HTTP API (MyVNPost, domain facts section 5)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from chassis.decision import Outcome
from chassis.runner import Call, Retryable
from services.delivery.messages import (
    AskConsignment,
    ConsignmentRefused,
    ConsignmentSeen,
    ConsignmentTaken,
    Moved,
    OrderConsignment,
)
from services.delivery.settings import DeliverySettings

BY_ITEM, BY_ORDER = 1, 2
LATER: Final = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS)
"""Refused before it was looked at (RFC 9110 15.5.9, RFC 8470, RFC 6585)."""
GRAMS: Final = 50
SENDER: Final = ("Sở VHTTDL Điện Biên", "Phường Mường Thanh, tỉnh Điện Biên")


class PostOffice:
    """Its API, with a token that is fetched again when it expires."""

    def __init__(self, settings: DeliverySettings) -> None:
        self.settings = settings
        self._token = ""
        self._renewing = asyncio.Lock()

    async def call(self, call: Call, method: str, path: str, **options: Any) -> httpx.Response:
        """One request. Raises Retryable if it was certainly not carried out, httpx errors if nobody can tell."""
        async with httpx.AsyncClient(base_url=self.settings.post_url, timeout=8, trust_env=False) as client:
            for _ in range(2):
                used = self._token or await self._renew(client, "")
                call.check()
                try:
                    answer = await client.request(method, path, headers={"token": used}, **options)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    raise Retryable("the post office does not answer") from error
                if answer.status_code in LATER:
                    raise Retryable(f"the post office answered {answer.status_code}", after=_retry_after(answer))
                if answer.status_code != httpx.codes.UNAUTHORIZED:
                    return answer
                await self._renew(client, used)
        raise Retryable("the post office does not take our token")

    async def _renew(self, client: httpx.AsyncClient, used: str) -> str:
        async with self._renewing:
            if self._token == used:
                body = {
                    "username": self.settings.post_username,
                    "password": self.settings.post_password.get_secret_value(),
                    "customerCode": self.settings.post_customer_code,
                }
                try:
                    answer = (await client.post("/GetAccessToken", json=body)).raise_for_status()
                except httpx.HTTPError as error:
                    raise Retryable(f"no token: {error}") from error
                self._token = answer.json()["token"]
            return self._token


def _retry_after(answer: httpx.Response) -> timedelta | None:
    """The delay form of Retry-After (RFC 9110, 10.2.3)."""
    seconds = answer.headers.get("retry-after", "")
    return timedelta(seconds=int(seconds)) if seconds.isascii() and seconds.isdigit() else None


class OrdersConsignments:
    """Adapter of `OrderConsignment`: orders are not de-duplicated there, so a repeat asks first."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def execute(self, effect: OrderConsignment, call: Call) -> Outcome:
        """An error of the server after the order was sent is uncertain: it raises, and the next try asks first."""
        body = {
            "SoDonHang": effect.order,
            "MaKhachHang": self._office.settings.post_customer_code,
            "TenNguoiGui": SENDER[0],
            "DiaChiNguoiGui": SENDER[1],
            "TenNguoiNhan": await call.open(effect.to),
            "DiaChiNguoiNhan": await call.open(effect.address.detail),
            "DienThoaiNguoiNhan": await call.open(effect.phone),
            "MaTinhNhan": effect.address.province,
            "MaXaNhan": effect.address.commune,
            "NoiDungHang": "Ket qua thu tuc hanh chinh",
            "TrongLuong": GRAMS,
        }
        answer = await self._office.call(call, "POST", "/postDieuTin", json=body)
        if answer.is_client_error:
            return ConsignmentRefused(reason=f"the post office answered {answer.status_code}")
        return ConsignmentTaken(tracking=answer.raise_for_status().json()["itemCode"])

    async def ask(self, effect: OrderConsignment, call: Call) -> Outcome | None:
        """By order number. Their protocol: an order is there at once or never, so "not found" is certain."""
        answer = await self._office.call(call, "GET", "/getOrder", params={"type": BY_ORDER, "code": effect.order})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return ConsignmentTaken(tracking=answer.raise_for_status().json()["itemCode"])


class AsksConsignments:
    """Adapter of `AskConsignment`."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def execute(self, effect: AskConsignment, call: Call) -> Outcome:
        """Raises Retryable while there is no answer."""
        query = {"type": BY_ITEM, "code": effect.tracking}
        try:
            answer = await self._office.call(call, "GET", "/getOrder", params=query)
            statuses = answer.raise_for_status().json()["statuses"]
        except httpx.HTTPError as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        moves = (Moved(status=s["status"], at=datetime.fromisoformat(s["updatedDate"])) for s in statuses)
        return ConsignmentSeen(moves=tuple(moves))
