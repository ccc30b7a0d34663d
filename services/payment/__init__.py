"""Payment: owns invoices, attempts to pay them, refunds, receipts, and the books.

Hears dossier (an accepted one with a fee opens an invoice, a withdrawn or stopped one cancels it, a settled fee is the
third side of reconciliation) and delivery (nothing of it concerns payment yet). Says the payment stream. Aggregates:
`invoices` (by dossier id), `days` (what was reconciled, by method and day), `series` (receipt numbers without gap).
"""
