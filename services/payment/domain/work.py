"""What of an invoice waits for a person, and since when. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

from services.payment.domain.receipts import untransmitted
from services.payment.domain.state import Invoice

Waits = Literal["requested", "failed", "treasury", "by_hand", "case", "unanswered", "untransmitted"]
"""A refund to approve, to approve again, to be paid by the treasury or by an officer; an open case; an attempt that its
gateway gives no answer about; a receipt, or its cancellation, that the tax office does not have."""
WAITS: Final[tuple[Waits, ...]] = get_args(Waits)
OFTEN: Final = 7
"""Questions about an attempt: two hours. It would have lapsed long before, had its gateway answered."""


def since(invoice: Invoice, waits: Waits) -> tuple[datetime, ...]:
    """Since when each thing of that kind waits."""
    match waits:
        case "case":
            return tuple(case.opened_at for case in invoice.cases if case.open)
        case "unanswered":
            known = {case.subject for case in invoice.cases if case.open}
            open_ = [a for a in invoice.attempts if a.status == "open" and a.id not in known]
            return tuple(a.created_at for a in open_ if a.asked >= OFTEN)
        case "untransmitted":
            return tuple(at for _, _, at in untransmitted(invoice))
        case status:
            found = [r for r in invoice.refunds if r.status == status]
            return tuple(r.approved_at or r.requested_at for r in found)


def kinds(invoice: Invoice) -> set[str]:
    """What it waits for."""
    return {waits for waits in WAITS if since(invoice, waits)}
