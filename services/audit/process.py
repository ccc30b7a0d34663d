"""One process of audit, from its settings to its clean end."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import uvloop

from chassis.http import Verifier, create_app
from chassis.http.server import new_server
from chassis.ledger import Ledger
from chassis.relay import Publisher
from chassis.telemetry import configure_logs, logger
from schemas.event import to_instant
from schemas.topics import AUDITOR
from services.audit.api import router
from services.audit.sealer import Office, Sealer
from services.audit.settings import AuditSettings

STOP_SECONDS: Final = 5.0
EXIT_HANGING: Final = 70
log = logger(__name__)


def clock() -> datetime:
    """Now, UTC, milliseconds."""
    return to_instant(datetime.now(UTC))


def run(settings: AuditSettings) -> None:
    """Until SIGTERM or SIGINT; a task that ends by itself ends the process with exit code 1."""
    configure_logs(AUDITOR, settings.log_level)
    uvloop.run(_main(settings))


async def _main(settings: AuditSettings) -> None:
    replica = secrets.token_hex(4)
    publisher = Publisher(settings.kafka, AUDITOR, replica)
    ledger = Ledger(publisher, AUDITOR, replica, clock)
    tsa = str(settings.tsa_url) if settings.tsa_url is not None else None
    office = Office(settings.kafka, publisher, settings.key, tsa, clock)
    sealer = Sealer(office, every=settings.follow_seconds)

    async def ready() -> Mapping[str, str]:
        return {"audit": sealer.trouble} if sealer.trouble else {}

    app = create_app(
        AUDITOR, router(settings, sealer), Verifier(settings.oidc_issuer), ready=ready, ledger=ledger
    )  # fmt: skip
    server = new_server(app, settings.host, settings.port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    http = asyncio.create_task(server.serve())
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(work) for work in (sealer.run(), ledger.run())]
    log.info("started", port=settings.port)
    done, _ = await asyncio.wait([*tasks, http, stopping], return_when=asyncio.FIRST_COMPLETED)
    asyncio.get_running_loop().call_later(STOP_SECONDS, os._exit, EXIT_HANGING)
    server.should_exit = True
    await http
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await ledger.flush()
    await publisher.close()
    if stopping not in done:
        log.critical("a task ended by itself", error=repr([t.exception() for t in done if t is not http]))
        raise SystemExit(1)
