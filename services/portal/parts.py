"""What every page is made with."""

from __future__ import annotations

import time
from dataclasses import dataclass

from services.portal.pages import Pages
from services.portal.partners import Services
from services.portal.seals import Cookies
from services.portal.settings import PortalSettings


@dataclass(frozen=True)
class Portal:
    """What the routes use."""

    settings: PortalSettings
    services: Services
    cookies: Cookies
    pages: Pages


def new_portal(settings: PortalSettings) -> Portal:
    """Without any connection yet."""
    cookies = Cookies(settings.key_bytes, time.time, secure=settings.secure)
    return Portal(settings, Services(settings), cookies, Pages(cookies, secure=settings.secure))
