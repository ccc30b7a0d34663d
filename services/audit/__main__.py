"""Starts audit: ``python -m services.audit``."""

from __future__ import annotations

from chassis.settings import load
from services.audit.process import run
from services.audit.settings import AuditSettings

if __name__ == "__main__":
    run(load(AuditSettings))
