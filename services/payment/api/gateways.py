"""The doors of gateways: their notices change an invoice; a payer who comes back makes us ask, and sees a page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from html import escape
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field

from chassis.delivery import Delivery, Handled
from chassis.http import Problem, public, refusals
from chassis.mailbox import Patience
from chassis.service import Platform
from chassis.telemetry import TRACE, logger
from services.payment.domain import paygov, vnpay
from services.payment.domain.attempts import dossier_of
from services.payment.domain.parts import having
from services.payment.messages import GatewayNotified, PayerReturned

MESSAGES: Final = {
    "00": "Confirm Success",
    "01": "Order not found",
    "02": "Order already confirmed",
    "04": "Invalid amount",
    "97": "Invalid checksum",
    "99": "Unknown error",
}
ON: Final[dict[int | str, dict[str, Any]]] = {303: {"description": "On to the portal, where there is one"}}
TEXT: Final = {"type": "string", "maxLength": 255}


def signed(*names: str) -> dict[str, Any]:
    """Query parameters of a gateway, all of them text. What is missing or wrong is answered in its protocol."""
    return {"parameters": [{"name": name, "in": "query", "schema": TEXT} for name in names]}


VNPAY: Final = signed(
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_ResponseCode",
    "vnp_TransactionStatus",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TmnCode",
    "vnp_OrderInfo",
    vnpay.HASH,
)
PAYGOV: Final = signed("responseCode", "data", "MaThamChieu", paygov.CODE)
Value = Annotated[str, Field(max_length=paygov.MAX_DATA)]
Values = Annotated[dict[Annotated[str, Field(max_length=64)], Value], Field(max_length=20)]
log = logger(__name__)


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of the gateways."""
    _vnpay(routes, platform)
    _paygov(routes, platform)


async def _decide(platform: Platform, reference: str, read: Callable[[], GatewayNotified]) -> str:
    """What an invoice made of a notice whose signature was right: VNPAY's RspCode."""
    dossier = dossier_of(reference)
    if dossier is None:
        return "01"
    try:
        delivery = Delivery(dossier, read(), trace=TRACE.get(), patience=Patience.DOOR)
        result = await platform.engine("invoices").handle(delivery)
    except Exception:
        log.exception("a gateway's notice could not be handled", dossier=dossier)
        return "99"
    return str(result.answer["code"]) if isinstance(result, Handled) else "99"


def _came_back(platform: Platform, reference: str, *, paid: bool) -> Response:
    """Whoever brings signed values has been at the gateway: it is asked soon what became of that.

    The page does not wait until that is written: what a crash or a store that is away loses, the ladder makes good.
    """
    dossier = dossier_of(reference)
    if dossier is None:
        return HTMLResponse(_shown(paid=paid))
    delivery = Delivery(dossier, PayerReturned(attempt=reference), trace=TRACE.get())
    platform.engine("invoices").post(delivery).add_done_callback(_told)
    portal = platform.settings.portal_url
    return RedirectResponse(f"{portal}/my/{dossier}/payment", 303) if portal else HTMLResponse(_shown(paid=paid))


def _told(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        log.warning("a payer's return was not taken", error=f"{type(error).__name__}: {error}")


def _vnpay(routes: APIRouter, platform: Platform) -> None:
    @routes.get("/payments/vnpay/ipn", dependencies=[Depends(public)], openapi_extra=VNPAY)
    async def notify(request: Request) -> dict[str, str]:
        """VNPAY's server tells the outcome; its signature is what lets it in. Nothing else changes an invoice."""
        values = dict(request.query_params)
        try:
            vnpay.verify(values, platform.settings.vnpay_secrets)
        except vnpay.BadSignature:
            code = "97"
        else:
            code = await _decide(platform, values.get("vnp_TxnRef", ""), lambda: vnpay.notification(values))
        return {"RspCode": code, "Message": MESSAGES[code]}

    @routes.get(
        "/payments/vnpay/return",
        dependencies=[Depends(public)],
        response_class=HTMLResponse,
        responses=ON | refusals(400),
        openapi_extra=VNPAY,
    )
    async def back(request: Request) -> Response:
        """Where the payer's browser comes back to. It shows; what counts is the IPN, or the answer to our question."""
        values = dict(request.query_params)
        try:
            vnpay.verify(values, platform.settings.vnpay_secrets)
        except vnpay.BadSignature as error:
            raise Problem(400, "bad_signature", "These values are not from the gateway") from error
        paid = values.get("vnp_ResponseCode") == values.get("vnp_TransactionStatus") == "00"
        return _came_back(platform, values.get("vnp_TxnRef", ""), paid=paid)


def _paygov(routes: APIRouter, platform: Platform) -> None:
    def checked(values: dict[str, str]) -> dict[str, str]:
        try:
            paygov.verify(values, platform.settings.paygov_secrets)
        except paygov.BadSignature as error:
            raise Problem(400, "bad_signature", "These values are not from the platform") from error
        return values

    @routes.post("/payments/paygov/query", dependencies=[Depends(public)], responses=refusals(503))
    async def asked(values: Annotated[Values, Body()]) -> dict[str, Any]:
        """The platform asks what an attempt is for; it is answered without personal data."""
        attempt = checked(values).get("MaThamChieu", "")
        dossier = dossier_of(attempt)
        found = await platform.engine("invoices").read(dossier) if dossier else None
        invoice = having(found.state, attempt) if found is not None else None
        if invoice is None:
            return {"MaLoi": paygov.NOT_FOUND}
        settings = platform.settings
        account = {"MaNHThuHuong": settings.bank_bin or "", "TKThuHuong": settings.bank_account or ""}
        return paygov.dossier(invoice, attempt, settings.paygov_partner, account)

    @routes.post("/payments/paygov/result", dependencies=[Depends(public)])
    async def told(values: Annotated[Values, Body()]) -> dict[str, str]:
        """The platform's server tells the outcome."""
        checked(values)
        try:
            command = paygov.notification(values)
        except ValueError as error:
            raise Problem(422, "invalid", "The result cannot be read") from error
        return {"MaLoi": await _decide(platform, command.attempt, lambda: command)}

    @routes.get(
        "/payments/paygov/return",
        dependencies=[Depends(public)],
        response_class=HTMLResponse,
        responses=ON | refusals(400),
        openapi_extra=PAYGOV,
    )
    async def back(request: Request) -> Response:
        """Where the payer's browser comes back to. It shows, as VNPAY's."""
        values = checked(dict(request.query_params))
        reference = ""
        with suppress(ValueError):
            reference = paygov.notification(values).attempt
        return _came_back(platform, reference, paid=values.get("responseCode") == paygov.PAID)


def _shown(*, paid: bool) -> str:
    said = "Giao dịch thành công; hệ thống đang xác nhận." if paid else "Giao dịch không thành công."
    head = '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Thanh toán</title>'
    return f"{head}<p>{escape(said)}</p></html>"
