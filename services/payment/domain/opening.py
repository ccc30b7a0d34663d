"""What is said when an invoice opens. Pure."""

from __future__ import annotations

from datetime import datetime

from schemas.payment import InvoiceOpened
from services.payment.domain.reference import reference_of
from services.payment.domain.state import Invoice


def opened(invoice: Invoice, now: datetime) -> InvoiceOpened:
    """What is due, until when, and the reference for a transfer."""
    return InvoiceOpened(
        dossier_id=invoice.dossier_id,
        invoice=invoice.number,
        lines=invoice.lines,
        total=invoice.total,
        opened_at=now,
        expires_at=invoice.expires_at,
        reference=reference_of(invoice.dossier_id, invoice.post),
        purpose=invoice.purpose,
    )
