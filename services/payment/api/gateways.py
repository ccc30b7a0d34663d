"""The doors of gateways: their notices change an invoice, the pages payers come back to only show."""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from chassis.delivery import Delivery, Handled
from chassis.http import Problem, public
from chassis.service import Platform
from chassis.telemetry import TRACE, logger
from services.payment.domain import vnpay
from services.payment.domain.attempts import dossier_of

MESSAGES: Final = {
    "00": "Confirm Success",
    "01": "Order not found",
    "02": "Order already confirmed",
    "04": "Invalid amount",
    "97": "Invalid checksum",
    "99": "Unknown error",
}
log = logger(__name__)


def add(routes: APIRouter, platform: Platform) -> None:
    """The routes of VNPAY."""
    invoices = platform.engine("invoices")

    @routes.get("/payments/vnpay/ipn", dependencies=[Depends(public)])
    async def notify(request: Request) -> dict[str, str]:
        """VNPAY's server tells the outcome; its signature is what lets it in. Nothing else changes an invoice."""
        code = await decide(dict(request.query_params))
        return {"RspCode": code, "Message": MESSAGES[code]}

    async def decide(values: dict[str, str]) -> str:
        try:
            vnpay.verify(values, platform.settings.vnpay_secrets)
        except vnpay.BadSignature:
            return "97"
        dossier = dossier_of(values.get("vnp_TxnRef", ""))
        if dossier is None:
            return "01"
        try:
            command = vnpay.notification(values)
            result = await invoices.handle(Delivery(dossier, command, trace=TRACE.get()))
        except Exception:
            log.exception("an IPN could not be handled", dossier=dossier)
            return "99"
        return str(result.answer["code"]) if isinstance(result, Handled) else "99"

    @routes.get("/payments/vnpay/return", dependencies=[Depends(public)], response_class=HTMLResponse)
    async def back(request: Request) -> str:
        """Where the payer's browser comes back to. It only shows; the IPN is what counts."""
        values = dict(request.query_params)
        try:
            vnpay.verify(values, platform.settings.vnpay_secrets)
        except vnpay.BadSignature as error:
            raise Problem(400, "bad_signature", "These values are not from the gateway") from error
        paid = values.get("vnp_ResponseCode") == values.get("vnp_TransactionStatus") == "00"
        said = "Giao dịch thành công; hệ thống đang xác nhận." if paid else "Giao dịch không thành công."
        head = '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Thanh toán</title>'
        return f"{head}<p>{escape(said)}</p></html>"
