"""What the routes of payment share: who may, which invoice, how it is shown."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any, Final

from fastapi import Depends
from pydantic import Field

from chassis.delivery import IdempotencyKey
from chassis.http import Caller, Problem, allow, idempotency, require_owner
from chassis.service import Platform
from services.payment.domain import parts
from services.payment.domain.receipts import LOCAL
from services.payment.domain.reference import reference_of
from services.payment.domain.rules import OUTWARD, outward
from services.payment.domain.state import Invoice

Reader = Annotated[Caller, Depends(allow("citizen", "clerk", "accountant", "leader", "operator", "auditor"))]
Citizen = Annotated[Caller, Depends(allow("citizen"))]
Accountant = Annotated[Caller, Depends(allow("accountant"))]
Approver = Annotated[Caller, Depends(allow("accountant", "leader"))]
Bookkeeper = Annotated[Caller, Depends(allow("accountant", "leader", "auditor"))]
Key = Annotated[IdempotencyKey, Depends(idempotency)]
Number = Annotated[str, Field(min_length=1, max_length=60)]
"""Of a postage's invoice, as `GET /dossiers/ID/invoices` has it."""
HIDDEN: Final = {"owner", "payer", "journals", "further", "bare", "early", "used"}


async def invoices_of(platform: Platform, dossier: str, caller: Caller) -> tuple[Invoice, ...]:
    """The invoices of a dossier that `caller` may see, its fee's first. Raises Problem 404."""
    found = await platform.engine("invoices").read(dossier)
    document: Invoice | None = found.state if found is not None else None
    invoices = parts.parts(document)
    if document is None or not invoices:
        raise Problem(404, "not_found", "There is no invoice for this dossier")
    await require_owner(platform.keyring, dossier, document.owner, caller)
    return invoices


async def invoice_of(platform: Platform, dossier: str, caller: Caller, number: str | None = None) -> Invoice:
    """One of them: that of the fee, or the postage's of that number. Raises Problem 404."""
    for invoice in await invoices_of(platform, dossier, caller):
        if number == invoice.number or (number is None and invoice.purpose is None):
            return invoice
    raise Problem(404, "not_found", "There is no such invoice for this dossier")


def shown(invoice: Invoice) -> dict[str, Any]:
    """An invoice for its payer and for officers, without personal data; `standing` is what the payer is told."""
    word = outward(invoice)
    vi, en = OUTWARD[word]
    return {
        **invoice.model_dump(mode="json", exclude=HIDDEN, exclude_none=True),
        "reference": reference_of(invoice.dossier_id, invoice.post),
        "outstanding": int(invoice.outstanding),
        "standing": {"word": word, "vi": vi, "en": en},
    }


def treasury_from(now: datetime, days: int) -> datetime:
    """Money paid before this instant is with the State Treasury: the beginning of the local day `days` ago."""
    day = now.astimezone(LOCAL).date() - timedelta(days=days)
    return datetime.combine(day, time(), LOCAL)
