"""What the routes of payment share: who may, which invoice, how it is shown."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any, Final

from fastapi import Depends

from chassis.delivery import IdempotencyKey
from chassis.http import Caller, Problem, allow, idempotency, require_owner
from chassis.service import Platform
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
HIDDEN: Final = {"owner", "journals"}


async def invoice_of(platform: Platform, dossier: str, caller: Caller) -> Invoice:
    """The invoice of a dossier that `caller` may see. Raises Problem 404."""
    found = await platform.engine("invoices").read(dossier)
    if found is None or found.state is None:
        raise Problem(404, "not_found", "There is no invoice for this dossier")
    state: Invoice = found.state
    await require_owner(platform.keyring, dossier, state.owner, caller)
    return state


def shown(invoice: Invoice) -> dict[str, Any]:
    """An invoice for its payer and for officers, without personal data; `standing` is what the payer is told."""
    word = outward(invoice)
    vi, en = OUTWARD[word]
    return {
        **invoice.model_dump(mode="json", exclude=HIDDEN, exclude_none=True),
        "reference": reference_of(invoice.dossier_id),
        "outstanding": int(invoice.outstanding),
        "standing": {"word": word, "vi": vi, "en": en},
    }


def treasury_from(now: datetime, days: int) -> datetime:
    """Money paid before this instant is with the State Treasury: the beginning of the local day `days` ago."""
    day = now.astimezone(LOCAL).date() - timedelta(days=days)
    return datetime.combine(day, time(), LOCAL)
