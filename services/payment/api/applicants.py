"""What applicants do: see what is due, pay, renew what expired."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict

from chassis.http import Problem, send
from chassis.service import Platform
from schemas.event import DossierId
from schemas.payment import Method
from services.payment.api.common import Citizen, Key, Reader, invoice_of, shown
from services.payment.messages import RenewInvoice, StartAttempt
from services.payment.methods import Unavailable, doors


class Begin(BaseModel):
    """How the applicant wants to pay."""

    model_config = ConfigDict(extra="forbid")

    method: Method = "vnpay"


def add(routes: APIRouter, platform: Platform) -> None:
    """The applicants' routes."""
    invoices = platform.engine("invoices")
    offered = doors(platform.settings)

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
        if method not in offered:
            raise Problem(422, "not_offered", f"pay by one of: {', '.join(sorted(offered))}")
        answer = dict(await send(invoices, dossier, StartAttempt(method=method), key))
        payer = request.client.host if request.client else "127.0.0.1"
        try:
            return {"attempt": answer["attempt"], "method": method, **await offered[method].begin(answer, payer)}
        except Unavailable as error:
            raise Problem(503, "unavailable", "The gateway does not answer; try again, or pay another way") from error

    @routes.post("/dossiers/{dossier}/invoice/renew")
    async def renew(dossier: DossierId, caller: Citizen, key: Key) -> dict[str, Any]:
        """An expired invoice can be paid again."""
        await invoice_of(platform, dossier, caller)
        return dict(await send(invoices, dossier, RenewInvoice(), key))
