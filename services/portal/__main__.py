"""Starts the portal: ``python -m services.portal``."""

from __future__ import annotations

from chassis.settings import load
from services.portal.process import run
from services.portal.settings import PortalSettings

if __name__ == "__main__":
    run(load(PortalSettings))
