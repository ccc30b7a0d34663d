"""Starts notification: ``python -m services.notification.main``."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter

from chassis.decision import Effect
from chassis.runner import Adapter
from chassis.service import Platform, Service, run
from chassis.settings import load
from services.notification.api import router
from services.notification.effects.pruning import RECORDS
from services.notification.handlers import aggregates
from services.notification.partners import Partners
from services.notification.settings import NotificationSettings


def service(settings: NotificationSettings) -> Service:
    """Notification under these settings."""
    made: dict[Platform, Partners] = {}

    def partners(platform: Platform) -> Partners:
        if platform not in made:
            made[platform] = Partners(platform)
        return made[platform]

    def adapters(platform: Platform) -> Mapping[type[Effect], Adapter]:
        return partners(platform).adapters()

    def routes(platform: Platform) -> APIRouter:
        return router(platform, partners(platform))

    return Service(
        name="notification",
        aggregates=aggregates(settings.rules),
        hears={"dossier": "dossiers", "payment": "dossiers", "delivery": "dossiers", "draft": "drafts"},
        adapters=adapters,
        routes=routes,
        background=lambda platform: partners(platform).background(),
        records=RECORDS,
    )


def main() -> None:
    """Reads the settings and runs until SIGTERM."""
    settings = load(NotificationSettings)
    run(service(settings), settings)


if __name__ == "__main__":
    main()
