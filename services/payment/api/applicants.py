"""What applicants do: see what is due, pay, renew what expired."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from chassis.http import Caller, Problem, send
from chassis.service import Platform
from schemas.event import DossierId
from schemas.payment import Method
from services.payment.api.common import Citizen, Key, Reader, invoice_of, shown
from services.payment.domain import vietqr
from services.payment.domain.reference import reference_of
from services.payment.messages import RenewInvoice, StartAttempt
from services.payment.methods import doors
from services.payment.settings import PaymentSettings


class Begin(BaseModel):
    """How the applicant wants to pay."""

    model_config = ConfigDict(extra="forbid")

    method: Method = "vnpay"


def add(routes: APIRouter, platform: Platform) -> None:
    """The applicants' routes."""
    invoices = platform.engine("invoices")

    @routes.get("/dossiers/{dossier}/invoice")
    async def show(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """What is due and what became of it; 404 while nothing is."""
        return shown(await invoice_of(platform, dossier, caller))

    @routes.post("/dossiers/{dossier}/payments", status_code=201)
    async def pay(
        dossier: DossierId, request: Request, caller: Citizen, key: Key, begin: Annotated[Begin | None, Body()] = None
    ) -> dict[str, Any]:
        """Begins an attempt; `url` is the gateway's payment page for it."""
        await invoice_of(platform, dossier, caller)
        method = begin.method if begin else "vnpay"
        answer = dict(await send(invoices, dossier, StartAttempt(method=method), key))
        payer = request.client.host if request.client else "127.0.0.1"
        door = doors(platform.settings)[answer["method"]]
        return {"attempt": answer["attempt"], "method": method, **door.begin(answer, payer)}

    async def transfer(dossier: str, caller: Caller) -> vietqr.Transfer:
        settings: PaymentSettings = platform.settings
        invoice = await invoice_of(platform, dossier, caller)
        if settings.bank_bin is None or settings.bank_account is None:
            raise Problem(404, "not_offered", "Bank transfer is not offered")
        if invoice.status != "open":
            raise Problem(409, "not_payable", f"the invoice is {invoice.status}")
        return vietqr.transfer(settings.bank_bin, settings.bank_account, invoice.outstanding, reference_of(dossier))

    @routes.get("/dossiers/{dossier}/vietqr")
    async def by_transfer(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """What a bank transfer is made of: `payload` is the text of the code, the rest is for typing."""
        return asdict(await transfer(dossier, caller))

    @routes.get("/dossiers/{dossier}/vietqr.svg")
    async def code(dossier: DossierId, caller: Reader) -> Response:
        """The code as an image."""
        image = io.BytesIO()
        found = await transfer(dossier, caller)
        segno.make(found.payload, error="m").save(image, kind="svg", scale=4, title=found.reference)
        return Response(image.getvalue(), media_type="image/svg+xml", headers={"cache-control": "private, no-store"})

    @routes.post("/dossiers/{dossier}/invoice/renew")
    async def renew(dossier: DossierId, caller: Citizen, key: Key) -> dict[str, Any]:
        """An expired invoice can be paid again."""
        await invoice_of(platform, dossier, caller)
        return dict(await send(invoices, dossier, RenewInvoice(), key))
