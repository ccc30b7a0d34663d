"""Starts tracking: ``python -m services.tracking.main``."""

from __future__ import annotations

from chassis.service import Service, run
from chassis.settings import load
from services.tracking.api import router
from services.tracking.handlers import DOSSIERS
from services.tracking.settings import TrackingSettings

SERVICE = Service(
    name="tracking",
    aggregates=(DOSSIERS,),
    hears=dict.fromkeys(("dossier", "payment", "delivery", "notification"), "dossiers"),
    adapters=lambda _platform: {},
    routes=router,
)

if __name__ == "__main__":
    run(SERVICE, load(TrackingSettings))
