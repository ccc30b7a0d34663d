"""Methods to pay behind one port: a new one is a `Door`, its name in schemas.payment, and its adapters in effects/."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import httpx

from schemas.payment import Method
from services.payment.domain import paygov, vnpay
from services.payment.domain.receipts import LOCAL
from services.payment.effects.paygov import Paygov, Refusing
from services.payment.settings import PaymentSettings


class Unavailable(Exception):
    """A gateway does not answer, or refuses."""


class Door(Protocol):
    """How a payer begins at one gateway."""

    name: Method

    async def begin(self, begun: Mapping[str, Any], payer: str) -> Mapping[str, Any]:
        """What the payer's browser needs, for an attempt as `attempts.start` answered it; `payer` is an IP address.

        Raises Unavailable: the gateway does not take it now; the attempt is asked about like any other.
        """


class VnpayDoor:
    """VNPAY 2.1.0: the payer's browser goes to an address that we sign."""

    name: Method = "vnpay"

    def __init__(self, settings: PaymentSettings) -> None:
        self._settings = settings

    async def begin(self, begun: Mapping[str, Any], payer: str) -> Mapping[str, Any]:
        """`url` is VNPAY's payment page for this attempt."""
        settings = self._settings
        values = {
            "vnp_Version": "2.1.0",
            "vnp_Command": "pay",
            "vnp_TmnCode": settings.vnpay_tmn_code,
            "vnp_Amount": str(begun["amount"] * 100),
            "vnp_CreateDate": vnpay.stamp(datetime.fromisoformat(begun["created_at"])),
            "vnp_ExpireDate": vnpay.stamp(datetime.fromisoformat(begun["expires_at"])),
            "vnp_CurrCode": "VND",
            "vnp_Locale": "vn",
            "vnp_IpAddr": payer,
            "vnp_OrderInfo": begun.get("about", f"Phi ho so {begun['invoice']}"),
            "vnp_OrderType": "other",
            "vnp_ReturnUrl": f"{settings.public_url}/payments/vnpay/return",
            "vnp_TxnRef": begun["attempt"],
        }
        return {"url": vnpay.payment_url(settings.vnpay_pay_url, values, settings.vnpay_secrets[0])}


class PaygovDoor:
    """The national payment platform: it is told of the attempt first and names the page."""

    name: Method = "paygov"

    def __init__(self, settings: PaymentSettings) -> None:
        self._platform = Paygov(settings)

    async def begin(self, begun: Mapping[str, Any], payer: str) -> Mapping[str, Any]:  # noqa: ARG002 - of the port
        """`url` is the platform's payment page for this attempt."""
        expires = datetime.fromisoformat(begun["expires_at"]).astimezone(LOCAL).strftime(paygov.STAMP)
        try:
            url = await self._platform.initialise(begun["attempt"], begun["amount"], begun["invoice"], expires)
        except (httpx.HTTPError, ValueError, KeyError, Refusing) as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        return {"url": url}


def doors(settings: PaymentSettings) -> Mapping[Method, Door]:
    """Every gateway that payers can begin at, by its name."""
    found: list[Door] = [VnpayDoor(settings)]
    if settings.paygov_url and settings.paygov_secrets:
        found.append(PaygovDoor(settings))
    return {door.name: door for door in found}
