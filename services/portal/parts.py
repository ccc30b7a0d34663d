"""What every page is made with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.store import Store
from schemas.event import to_instant
from services.portal.desks import Desks
from services.portal.identity import Provider
from services.portal.live import Live
from services.portal.pages import Pages
from services.portal.partners import Services
from services.portal.seals import Cookies
from services.portal.sessions import Sessions
from services.portal.settings import PortalSettings


@dataclass(frozen=True)
class Portal:
    """What the routes use."""

    settings: PortalSettings
    services: Services
    desks: Desks
    cookies: Cookies
    pages: Pages
    store: Store
    sessions: Sessions
    provider: Provider
    live: Live

    async def close(self) -> None:
        """Ends its connections."""
        await self.services.close()
        self.store.close()


def new_portal(settings: PortalSettings) -> Portal:
    """Without any connection yet."""
    cookies = Cookies(settings.key_bytes, time.time, secure=settings.secure)
    services = Services(settings)
    store = Store(settings.mongodb_url.get_secret_value(), f"{settings.database_prefix}_portal")
    return Portal(
        settings=settings,
        services=services,
        desks=Desks(settings, services.client),
        cookies=cookies,
        pages=Pages(cookies, secure=settings.secure, citizens=settings.citizens, elsewhere=settings.national_url or ""),
        store=store,
        sessions=Sessions(store, settings.key_bytes, lambda: to_instant(datetime.now(UTC))),
        provider=Provider(settings, services.client, services.issuer),
        live=Live(settings.live_seconds),
    )
