"""What applicants do: see what is due, pay, renew what expired."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict

from chassis.http import Problem, send
from chassis.service import Platform
from schemas.event import DossierId
from schemas.payment import Method
from services.payment.api.common import Citizen, Key, Number, Reader, invoice_of, invoices_of, shown
from services.payment.messages import RenewInvoice, StartAttempt
from services.payment.methods import Unavailable, doors


class Which(BaseModel):
    """`invoice`: the number of a postage's; without it the fee's is meant."""

    model_config = ConfigDict(extra="forbid")

    invoice: Number | None = None


class Begin(Which):
    """How the applicant wants to pay."""

    method: Method = "vnpay"


def add(routes: APIRouter, platform: Platform) -> None:
    """The applicants' routes."""
    invoices = platform.engine("invoices")
    offered = doors(platform.settings)

    @routes.get("/dossiers/{dossier}/invoice")
    async def show(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """The fee that is due and what became of it; 404 while none is."""
        return shown(await invoice_of(platform, dossier, caller))

    @routes.get("/dossiers/{dossier}/invoices")
    async def all_of_them(dossier: DossierId, caller: Reader) -> dict[str, Any]:
        """The fee's and those of postage."""
        return {"invoices": [shown(invoice) for invoice in await invoices_of(platform, dossier, caller)]}

    @routes.post("/dossiers/{dossier}/payments", status_code=201)
    async def pay(
        dossier: DossierId, request: Request, caller: Citizen, key: Key, begin: Annotated[Begin | None, Body()] = None
    ) -> dict[str, Any]:
        """Begins an attempt; `url` is the gateway's payment page for it."""
        begin = begin or Begin()
        method = begin.method
        await invoice_of(platform, dossier, caller, begin.invoice)
        if method not in offered:
            raise Problem(422, "not_offered", f"pay by one of: {', '.join(sorted(offered))}")
        answer = dict(await send(invoices, dossier, StartAttempt(method=method, invoice=begin.invoice), key))
        payer = request.client.host if request.client else "127.0.0.1"
        try:
            return {"attempt": answer["attempt"], "method": method, **await offered[method].begin(answer, payer)}
        except Unavailable as error:
            raise Problem(503, "unavailable", "The gateway does not answer; try again, or pay another way") from error

    @routes.post("/dossiers/{dossier}/invoice/renew")
    async def renew(
        dossier: DossierId, caller: Citizen, key: Key, which: Annotated[Which | None, Body()] = None
    ) -> dict[str, Any]:
        """An expired invoice can be paid again."""
        number = which.invoice if which else None
        await invoice_of(platform, dossier, caller, number)
        return dict(await send(invoices, dossier, RenewInvoice(invoice=number), key))
