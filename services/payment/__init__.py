"""Payment: owns invoices, attempts to pay them, refunds, receipts, and the books.

Hears dossier (a fee that is asked for opens an invoice, the dossier's end cancels it, a settled fee is the third side
of reconciliation) and delivery (the way by post has an invoice of its own, which another choice ends). Says the payment
stream. Aggregates: `invoices` (by dossier id; several of one dossier: `domain.parts`), `days` (what was reconciled, by
method and day), `series` (receipt numbers without gap).
"""
