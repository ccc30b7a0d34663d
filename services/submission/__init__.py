"""Submission: owns the dossier, from filing to its return, and talks to upstream portals.

Hears payment (the fee is paid) and delivery (the result reached the applicant), and `upstream.dossiers.v1`.
Says the dossier stream, and to each upstream portal its replies. Aggregates: `dossiers`; `exchanges` (what one
upstream portal sent under one reference, and what it was answered); `series` (dossier codes and result numbers).
"""
