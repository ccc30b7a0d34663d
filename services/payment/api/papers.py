"""What applicants take away: the code of a transfer, receipts."""

from __future__ import annotations

import io
from collections.abc import Awaitable
from dataclasses import asdict
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from chassis.http import Caller, Problem, content, refusals
from chassis.service import Platform
from schemas.event import DossierId
from services.payment.api.common import Reader, invoice_of
from services.payment.domain import vietqr
from services.payment.domain.records import Receipt
from services.payment.domain.reference import reference_of
from services.payment.domain.state import Invoice
from services.payment.effects.receipts import NotConfigured, Receipts
from services.payment.settings import PaymentSettings

Number = Annotated[str, Path(max_length=40)]
Postage = Annotated[str | None, Query(max_length=60)]
"""The number of a postage's invoice; without it the fee's is meant."""


def add(routes: APIRouter, platform: Platform) -> None:
    """Routes that only read."""
    _transfers(routes, platform)
    _receipts(routes, platform)


def _transfers(routes: APIRouter, platform: Platform) -> None:
    async def transfer(dossier: str, caller: Caller, number: str | None) -> vietqr.Transfer:
        settings: PaymentSettings = platform.settings
        invoice = await invoice_of(platform, dossier, caller, number)
        if settings.bank_bin is None or settings.bank_account is None:
            raise Problem(404, "not_offered", "Bank transfer is not offered")
        if invoice.status != "open":
            raise Problem(409, "not_payable", f"the invoice is {invoice.status}")
        reference = reference_of(dossier, invoice.post)
        return vietqr.transfer(settings.bank_bin, settings.bank_account, invoice.outstanding, reference)

    @routes.get("/dossiers/{dossier}/vietqr", responses=refusals(409))
    async def by_transfer(dossier: DossierId, caller: Reader, invoice: Postage = None) -> dict[str, Any]:
        """What a bank transfer is made of: `payload` is the text of the code, the rest is for typing."""
        return asdict(await transfer(dossier, caller, invoice))

    @routes.get(
        "/dossiers/{dossier}/vietqr.svg",
        response_class=Response,
        responses=content("image/svg+xml") | refusals(409),
    )
    async def code(dossier: DossierId, caller: Reader, invoice: Postage = None) -> Response:
        """The code as an image."""
        image = io.BytesIO()
        found = await transfer(dossier, caller, invoice)
        segno.make(found.payload, error="m").save(image, kind="svg", scale=4, title=found.reference)
        return Response(image.getvalue(), media_type="image/svg+xml", headers={"cache-control": "private, no-store"})


def _receipts(routes: APIRouter, platform: Platform) -> None:
    receipts = Receipts(platform)

    async def receipt_of(dossier: str, number: str, caller: Caller) -> tuple[Invoice, Receipt]:
        invoice = await invoice_of(platform, dossier, caller)
        found = next((r for r in invoice.receipts if r.number == number), None)
        if found is None:
            raise Problem(404, "not_found", "There is no such receipt")
        return invoice, found

    @routes.get("/dossiers/{dossier}/receipts/{number}", response_class=Response, responses=content("application/pdf"))
    async def view(dossier: DossierId, number: Number, caller: Reader) -> Response:
        """The view of a receipt (PDF); a cancelled one says so."""
        return await _file(receipts.pdf(*await receipt_of(dossier, number, caller)), "application/pdf")

    @routes.get(
        "/dossiers/{dossier}/receipts/{number}/xml", response_class=Response, responses=content("application/xml")
    )
    async def original(dossier: DossierId, number: Number, caller: Reader) -> Response:
        """The receipt itself: signed XML, always the same bytes."""
        return await _file(receipts.xml(*await receipt_of(dossier, number, caller)), "application/xml")


async def _file(made: Awaitable[bytes], media_type: str) -> Response:
    try:
        content = await made
    except NotConfigured as error:
        raise Problem(404, "not_offered", "Receipts are not signed here yet") from error
    return Response(content, media_type=media_type, headers={"cache-control": "private, no-store"})
