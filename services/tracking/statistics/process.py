"""One process of statistics, from its settings to its clean end."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import uvloop

from chassis.burial import Burial
from chassis.http import Verifier, create_app
from chassis.http.server import new_server
from chassis.relay import Publisher
from chassis.rereading import Place
from chassis.telemetry import configure_logs, logger
from chassis.watchdog import Watchdog
from schemas.event import to_instant
from schemas.topics import dead_letter_topic
from services.tracking.statistics.api import router
from services.tracking.statistics.book import Book
from services.tracking.statistics.log import SERVICE
from services.tracking.statistics.settings import StatisticsSettings
from services.tracking.statistics.view import View, load, save

SAVE_EVERY: Final = 20.0
LOOK_EVERY: Final = 5.0
STILL_SECONDS: Final = 30.0
"""A Faust that stands still mostly never moves again; a new process counts on from where it was."""
STOP_SECONDS: Final = 5.0
EXIT_HANGING: Final = 70
log = logger(__name__)


def clock() -> datetime:
    """Now, UTC, milliseconds."""
    return to_instant(datetime.now(UTC))


def run(settings: StatisticsSettings) -> None:
    """Until SIGTERM or SIGINT; what breaks ends the process with exit code 1, and it counts on when it comes back."""
    configure_logs("statistics", settings.log_level)
    for noisy in ("faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    uvloop.run(_main(settings))


async def _main(settings: StatisticsSettings) -> None:
    await _Process(settings).run()


class _Process:
    def __init__(self, settings: StatisticsSettings) -> None:
        self._settings = settings
        self._kept = settings.state_dir / "statistics.json.gz"
        self._view = View(load(self._kept))
        self._saved = 0
        self._broken: asyncio.Future[BaseException] = asyncio.Future()
        self._publisher = Publisher(settings.kafka, SERVICE, f"statistics-{secrets.token_hex(4)}")
        self._book = Book(
            settings,
            self._view,
            burial=Burial(self._publisher, dead_letter_topic(SERVICE)),
            clock=clock,
            failed=self._fail,
        )

    def _fail(self, error: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_result(error)

    async def run(self) -> None:
        settings = self._settings
        app = create_app("statistics", router(self._view, clock), Verifier(settings.oidc_issuer), ready=self._ready)
        server = new_server(app, settings.host, settings.port)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        stopping = asyncio.create_task(stop.wait())
        http = asyncio.create_task(server.serve())
        tasks = [asyncio.create_task(work) for work in (self._book.run(), self._keep(), self._watch())]
        log.info("started", port=settings.port, group=self._book.group)
        ends: list[asyncio.Future[Any]] = [*tasks, http, stopping, self._broken]
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        for task in tasks[1:]:
            task.cancel()
        if stopping not in done:
            why = self._broken.result() if self._broken.done() else [t.exception() for t in tasks if t in done]
            log.critical("broken", error=repr(why))
        await self._end(http)
        if stopping not in done:
            os._exit(1)  # threads of Faust may wait for what does not come

    async def _end(self, http: asyncio.Task[None]) -> None:
        self._saving()()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await http
                await self._book.stop()
                await self._publisher.close()
        except Exception as error:  # noqa: BLE001 - to die anywhere is safe
            log.warning("did not stop in time", error=repr(error))
            os._exit(EXIT_HANGING)

    async def _ready(self) -> Mapping[str, str]:
        """It has something to show: running totals or the last good ones."""
        if self._view.shown(clock()).at is None:
            return {"statistics": "being counted for the first time"}
        return {}

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            try:
                await asyncio.to_thread(self._saving())
            except OSError as error:
                log.warning("the totals could not be kept", error=str(error))

    def _saving(self) -> Callable[[], None]:
        """Copies what is to be kept at once; the call writes it."""
        if not self._view.live or self._view.revision == self._saved:
            return lambda: None
        self._saved = self._view.revision
        return partial(save, self._kept, self._view.copy(clock()))

    async def _watch(self) -> None:
        watchdog: Watchdog[Place] = Watchdog(STILL_SECONDS)
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._book.look(watchdog)
