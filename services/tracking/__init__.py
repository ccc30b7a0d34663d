"""Tracking: owns what people may see of a dossier's progress: its national status and its timeline.

Hears dossier, payment, delivery and notification; says nothing. Aggregate: `dossiers`. No personal data.
"""
