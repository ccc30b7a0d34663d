"""Delivery: owns the result document and its way to the applicant: online, by post, in person.

Hears dossier (who, how, and that a result was issued) and payment (nothing of it concerns delivery yet). Says the
delivery stream. Aggregate: `deliveries`, by dossier id. The document is not signed yet.
"""
