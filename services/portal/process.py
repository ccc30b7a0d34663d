"""One process of the portal, from its settings to its clean end."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

import uvloop

from chassis.http.server import new_server
from chassis.telemetry import configure_logs, logger
from services.portal.app import new_app
from services.portal.parts import new_portal
from services.portal.settings import PortalSettings

NAME: Final = "portal"
log = logger(__name__)


def run(settings: PortalSettings) -> None:
    """Until SIGTERM or SIGINT."""
    configure_logs(NAME, settings.log_level)
    uvloop.run(_main(settings))


async def _main(settings: PortalSettings) -> None:
    portal = new_portal(settings)
    server = new_server(new_app(portal), settings.host, settings.port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    http = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    pruning = asyncio.create_task(portal.sessions.prune())
    log.info("started", port=settings.port)
    await asyncio.wait([http, stopping], return_when=asyncio.FIRST_COMPLETED)
    portal.live.close()
    server.should_exit = True
    await http
    pruning.cancel()
    await portal.close()
    if not stop.is_set():
        raise SystemExit(1)
