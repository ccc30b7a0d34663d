"""The HTTP server of a process: it leaves the signals to whoever runs it, who stops the tasks first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """`serve()` runs until `should_exit` is set."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def new_server(app: FastAPI, host: str, port: int) -> Server:
    """Listens on one port; requests under way have 5 seconds to end."""
    return Server(uvicorn.Config(app, host, port, log_config=None, access_log=False, timeout_graceful_shutdown=5))
