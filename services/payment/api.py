"""Payment over HTTP: applicants pay, VNPAY notifies."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from chassis.delivery import Delivery, Handled, IdempotencyKey
from chassis.http import Caller, Problem, allow, idempotency, public, require_owner, send
from chassis.service import Platform
from chassis.telemetry import TRACE, logger
from schemas.event import DossierId
from services.payment.domain import vnpay
from services.payment.domain.invoice import Invoice, dossier_of
from services.payment.messages import StartAttempt
from services.payment.settings import PaymentSettings

MESSAGES = {
    "00": "Confirm Success",
    "01": "Order not found",
    "02": "Order already confirmed",
    "04": "Invalid amount",
    "97": "Invalid checksum",
    "99": "Unknown error",
}
log = logger(__name__)
Reader = Annotated[Caller, Depends(allow("citizen", "clerk", "accountant", "operator", "auditor"))]
Citizen = Annotated[Caller, Depends(allow("citizen"))]


def router(platform: Platform) -> APIRouter:
    """The routes of payment."""
    routes = APIRouter()
    _applicants(routes, platform)
    _gateway(routes, platform)
    return routes


def _applicants(routes: APIRouter, platform: Platform) -> None:
    invoices = platform.engine("invoices")

    async def invoice_of(dossier: str, caller: Caller) -> Invoice:
        found = await invoices.read(dossier)
        if found is None or found.state is None:
            raise Problem(404, "not_found", "There is no invoice for this dossier")
        state: Invoice = found.state
        await require_owner(platform.keyring, dossier, state.owner, caller)
        return state

    @routes.get("/dossiers/{dossier}/invoice")
    async def show(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """What is due and what became of it; 404 while nothing is."""
        return (await invoice_of(dossier, caller)).model_dump(mode="json", exclude={"owner"}, exclude_none=True)

    @routes.post("/dossiers/{dossier}/payments", status_code=201)
    async def pay(
        dossier: DossierId, request: Request, caller: Citizen, key: Annotated[IdempotencyKey, Depends(idempotency)]
    ) -> dict[str, Any]:
        """Begins an attempt; `url` is VNPAY's payment page for it."""
        await invoice_of(dossier, caller)
        answer = await send(invoices, dossier, StartAttempt(), key)
        payer = request.client.host if request.client else "127.0.0.1"
        return {"attempt": answer["attempt"], "url": _url(platform.settings, dict(answer), payer)}


def _url(settings: PaymentSettings, answer: dict[str, Any], payer: str) -> str:
    values = {
        "vnp_Version": "2.1.0",
        "vnp_Command": "pay",
        "vnp_TmnCode": settings.vnpay_tmn_code,
        "vnp_Amount": str(answer["amount"] * 100),
        "vnp_CreateDate": vnpay.stamp(datetime.fromisoformat(answer["created_at"])),
        "vnp_ExpireDate": vnpay.stamp(datetime.fromisoformat(answer["expires_at"])),
        "vnp_CurrCode": "VND",
        "vnp_Locale": "vn",
        "vnp_IpAddr": payer,
        "vnp_OrderInfo": f"Phi ho so {answer['invoice']}",
        "vnp_OrderType": "other",
        "vnp_ReturnUrl": f"{settings.public_url}/payments/vnpay/return",
        "vnp_TxnRef": answer["attempt"],
    }
    return vnpay.payment_url(settings.vnpay_pay_url, values, settings.vnpay_secret.get_secret_value())


def _gateway(routes: APIRouter, platform: Platform) -> None:
    invoices = platform.engine("invoices")
    secret = platform.settings.vnpay_secret.get_secret_value()

    @routes.get("/payments/vnpay/ipn", dependencies=[Depends(public)])
    async def notify(request: Request) -> dict[str, str]:
        """VNPAY's server tells the outcome; its signature is what lets it in. Nothing else changes an invoice."""
        code = await decide(dict(request.query_params))
        return {"RspCode": code, "Message": MESSAGES[code]}

    async def decide(values: dict[str, str]) -> str:
        try:
            vnpay.verify(values, secret)
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
            vnpay.verify(values, secret)
        except vnpay.BadSignature as error:
            raise Problem(400, "bad_signature", "These values are not from the gateway") from error
        paid = values.get("vnp_ResponseCode") == values.get("vnp_TransactionStatus") == "00"
        said = "Giao dịch thành công; hệ thống đang xác nhận." if paid else "Giao dịch không thành công."
        head = '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Thanh toán</title>'
        return f"{head}<p>{escape(said)}</p></html>"
