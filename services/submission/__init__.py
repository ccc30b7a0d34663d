"""Submission: owns the dossier, from filing to its return, and talks to upstream portals.

Hears payment (the fee is paid) and delivery (the result reached the applicant), and `upstream.dossiers.v1`.
The graph of a dossier's life is `domain/graph.py`, what each message does `domain/life.py`.
Says the dossier stream, of drafts the draft stream, and to each upstream portal its replies. Aggregates: `dossiers`;
`exchanges` (what one upstream portal sent under one reference, and what it was answered); `officers` (who stands in for
whom); `drafts` (one person's); `series` (dossier codes and result numbers).
"""
