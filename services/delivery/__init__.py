"""Delivery: owns the result document and its way to the applicant: online, by post, in person.

It also makes the papers of the one-stop rule (receipt, supplement request, refusal, apology, notice of stopping).
Hears dossier (who, how, what papers are about, and that a result was issued) and payment (nothing of it concerns
delivery yet). Says the delivery stream. Aggregate: `deliveries`, by dossier id. The document is not signed yet.
"""
