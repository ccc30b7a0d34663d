"""Delivery: owns result documents and their way to the applicant, and papers sent to the office.

It also makes the papers of the one-stop rule (receipt, supplement request, refusal, apology, notice of stopping).
Hears dossier (who, how, who decided, what papers are about, that a result was issued) and payment (that the fee of the
way by post is paid). Says the delivery stream. Aggregate: `deliveries`, by dossier id. Anyone may ask it whether a
document is genuine and in force.
"""
