"""Payment: owns invoices, attempts to pay them, and receipts.

Hears dossier (an accepted one with a fee opens an invoice, a withdrawn or stopped one cancels it) and delivery (nothing
of it concerns payment yet). Says the payment stream. Aggregates: `invoices` (by dossier id), `series` (receipt numbers
without gap).
A second success on a paid invoice is kept as `surplus` for an accountant; refunds are not built yet.
"""
