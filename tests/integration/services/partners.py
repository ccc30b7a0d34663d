"""Simulated partners in this process, on real sockets, and a call as the runner makes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from chassis.keyring import Keyring
from chassis.runner import Call

ID = "00000000-0000-0000-0000-000000000001"


_keyrings: list[Keyring] = []


def open_with(keyring: Keyring) -> None:
    """Every call from now on opens its values with this one."""
    _keyrings[:] = [keyring]


def call(seconds: float = 30.0) -> Call:
    """The values of these tests are clear; the keyring is asked whether the dossier was erased."""
    return Call(f"kind/{ID}/1", ID, 1, None, _keyrings[0], time.monotonic() + seconds)


@asynccontextmanager
async def serving(app: FastAPI, port: int) -> AsyncIterator[None]:
    """The app on loopback until the end of the block."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def eventually(found: Callable[[], Awaitable[object]]) -> None:
    """Asks until something is found, ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            if await found():
                return
            await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool]) -> None:
    """Waits, ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)
