"""The post office: orders and statuses over its HTTP API (MyVNPost, domain facts section 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import httpx

from chassis.decision import Outcome
from chassis.outgoing import trusted
from chassis.runner import Call, Retryable
from schemas.parts import PostalAddress
from schemas.personal import Personal
from services.delivery.domain import s10
from services.delivery.domain.places import PROVINCE, desk_of, desk_place
from services.delivery.duties import AskConsignment, CancelConsignment, CollectPapers, OrderConsignment
from services.delivery.messages import (
    Cancelled,
    ConsignmentRefused,
    ConsignmentSeen,
    ConsignmentTaken,
    Moved,
    PapersRefused,
    PapersTaken,
)
from services.delivery.settings import DeliverySettings

BY_ITEM, BY_ORDER = 1, 2
LATER: Final = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS)
"""Refused before it was looked at (RFC 9110 15.5.9, RFC 8470, RFC 6585)."""
GRAMS: Final = 50
OFFICE: Final = "Sở VHTTDL Điện Biên"
OFFICE_PHONE: Final = "+842153824000"
OLDER: Final[Mapping[int, int]] = {
    60: 22, 61: 22, 62: 22, 70: 7, 91: 15, 100: 14, 110: 21, 120: 21, 161: 16, 170: 19,
}  # fmt: skip
"""Codes of the older API (domain facts, section 5) as those of MyVNPost. A failed return, 161, goes on."""


class PostOffice:
    """Its API, with a token that is fetched again when it expires."""

    def __init__(self, settings: DeliverySettings) -> None:
        self.settings = settings
        self._token = ""
        self._renewing = asyncio.Lock()

    async def call(self, call: Call, method: str, path: str, **options: Any) -> httpx.Response:
        """One request. Raises Retryable if it was certainly not carried out, httpx errors if nobody can tell."""
        url = self.settings.post_url
        async with httpx.AsyncClient(base_url=url, timeout=8, verify=trusted(), trust_env=False) as client:
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


class _Party(NamedTuple):
    """Who sends, or who gets it."""

    name: str
    address: str
    phone: str
    province: str
    commune: str


def _item(answer: httpx.Response) -> str:
    """The item number. One whose check digit is wrong was garbled on the way: nobody can tell, so it raises."""
    item: str = answer.raise_for_status().json()["itemCode"]
    if not s10.is_valid(item):
        raise ValueError(f"{item} is no item number of UPU S10")
    return item


class _Orders:
    """Orders are not de-duplicated there, so a repeat asks first."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def _order(self, call: Call, order: str, sender: _Party, to: _Party, cod: int = 0) -> str | None:
        """The item number, None where the office will not take it. An error after it was sent is uncertain: it raises,
        and the next try asks first."""
        body = {
            "SoDonHang": order,
            "MaKhachHang": self._office.settings.post_customer_code,
            "TenNguoiGui": sender.name,
            "DiaChiNguoiGui": sender.address,
            "DienThoaiNguoiGui": sender.phone,
            "TenNguoiNhan": to.name,
            "DiaChiNguoiNhan": to.address,
            "DienThoaiNguoiNhan": to.phone,
            "MaTinhNhan": to.province,
            "MaXaNhan": to.commune,
            "NoiDungHang": "Ho so, ket qua thu tuc hanh chinh",
            "TrongLuong": GRAMS,
            "SoTienCOD": cod,
        }
        answer = await self._office.call(call, "POST", "/postDieuTin", json=body)
        return None if answer.is_client_error else _item(answer)

    async def _asked(self, call: Call, order: str) -> str | None:
        """By order number. Their protocol: an order is there at once or never, so "not found" is certain."""
        answer = await self._office.call(call, "GET", "/getOrder", params={"type": BY_ORDER, "code": order})
        return None if answer.status_code == httpx.codes.NOT_FOUND else _item(answer)


def _desk(code: str | None) -> _Party:
    """The one-stop desk where it is fetched, or brought to."""
    desk = desk_of(code)
    return _Party(OFFICE, f"{desk.name}, {desk_place(desk)}", OFFICE_PHONE, PROVINCE, desk.commune)


async def _party(call: Call, name: Personal, phone: Personal, address: PostalAddress) -> _Party:
    detail = await call.open(address.detail)
    return _Party(await call.open(name), detail, await call.open(phone), address.province, address.commune)


class OrdersConsignments(_Orders):
    """Adapter of `OrderConsignment`."""

    async def execute(self, effect: OrderConsignment, call: Call) -> Outcome:
        """From the desk to the applicant."""
        to = await _party(call, effect.to, effect.phone, effect.address)
        item = await self._order(call, effect.order, _desk(effect.desk), to, effect.cod)
        return ConsignmentTaken(tracking=item) if item else ConsignmentRefused(reason="the post office refused it")

    async def ask(self, effect: OrderConsignment, call: Call) -> Outcome | None:
        """What became of an earlier attempt."""
        item = await self._asked(call, effect.order)
        return ConsignmentTaken(tracking=item) if item else None


class CollectsPapers(_Orders):
    """Adapter of `CollectPapers`."""

    async def execute(self, effect: CollectPapers, call: Call) -> Outcome:
        """From the applicant to the desk."""
        sender = await _party(call, effect.sender, effect.phone, effect.address)
        item = await self._order(call, effect.order, sender, _desk(None))
        return PapersTaken(tracking=item) if item else PapersRefused(reason="the post office refused it")

    async def ask(self, effect: CollectPapers, call: Call) -> Outcome | None:
        """What became of an earlier attempt."""
        item = await self._asked(call, effect.order)
        return PapersTaken(tracking=item) if item else None


class CancelsConsignments:
    """Adapter of `CancelConsignment`."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def execute(self, effect: CancelConsignment, call: Call) -> Outcome:
        """Done, also when it was before; not done once the postman has it. Raises Retryable while nobody answers."""
        try:
            answer = await self._office.call(call, "POST", "/cancelOrder", json={"SoDonHang": effect.order})
        except httpx.HTTPError as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error
        if answer.is_server_error:
            raise Retryable(f"the post office answered {answer.status_code}")
        return Cancelled(done=answer.is_success)


HIGHEST: Final = 9_999


def moves_of(statuses: Iterable[Mapping[str, Any]]) -> tuple[Moved, ...]:
    """Statuses as the post office tells them, in its newer codes. Raises ValueError, KeyError for what is none."""
    told = [(int(s["status"]), datetime.fromisoformat(s["updatedDate"])) for s in statuses]
    if any(abs(status) > HIGHEST for status, _ in told):
        raise ValueError(f"a status is at most {HIGHEST}")
    return tuple(Moved(status=OLDER.get(status, status), at=at) for status, at in told)


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
        return ConsignmentSeen(moves=moves_of(statuses), tracking=effect.tracking)
