"""Audit: seals the log day by day, and answers who looked at a dossier and what was done to it.

``python -m services.audit``. It hears every topic that is kept for ever and says `audit.log_sealed`. It stores nothing:
where it goes on is in its own last seal. `merkle`, `sealing` and `checking` are pure; `log` reads, `process` runs.
"""
