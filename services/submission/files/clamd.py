"""clamd's protocol (clamd(8), "Commands"): VERSION and INSTREAM, over TCP or a UNIX socket, a connection a command.

The only place that speaks it.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.submission.files.messages import Verdict

CONNECT_SECONDS: Final = 5.0
VERSION_SECONDS: Final = 5.0
REPLY_BYTES: Final = 4096
_LENGTH: Final = struct.Struct("!L")
OK: Final = "stream: OK"
FOUND: Final = " FOUND"
ERROR: Final = "ERROR"


class ScannerAway(Exception):
    """Nothing was found out: it does not answer, or it ended in the middle."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`found`: the name of the virus, or clamd's words where it gives no verdict."""

    verdict: Verdict
    found: str | None = None


def address(url: str) -> tuple[str, int] | str:
    """``tcp://HOST:PORT`` as (host, port), ``unix:/PATH`` as the path. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return parts.path
    if parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path:
        return parts.hostname, parts.port
    raise ValueError("must be tcp://HOST:PORT or unix:/PATH")


class Clamd:
    """A scanner. Every method raises ScannerAway; how long a scan may take is its caller's matter."""

    def __init__(self, url: str) -> None:
        self._address = address(url)

    async def version(self) -> str:
        """The engine and its signatures, as ``ClamAV 1.4.3/27834/Tue Nov 24 08:00:00 2026``."""
        async with self._connected() as (reader, writer):
            writer.write(b"zVERSION\0")
            await writer.drain()
            try:
                async with asyncio.timeout(VERSION_SECONDS):
                    return await _reply(reader)
            except TimeoutError as error:
                raise ScannerAway("clamd does not answer") from error

    async def scan(self, content: AsyncIterable[bytes]) -> Reply:
        """What is in `content`; its pieces are sent as they come.

        Over its own limit (StreamMaxLength) clamd says so and hangs up while there is more to send: that is heard where
        the answer comes before the end of the connection.
        """
        async with self._connected() as (reader, writer):
            reply = asyncio.create_task(_reply(reader))
            try:
                with suppress(ConnectionError):
                    await _send(writer, content, reply)
                return _read(await reply)
            finally:
                reply.cancel()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if isinstance(self._address, str):
                    reader, writer = await asyncio.open_unix_connection(self._address)
                else:
                    reader, writer = await asyncio.open_connection(*self._address)
        except (OSError, TimeoutError) as error:
            raise ScannerAway(f"clamd cannot be reached: {type(error).__name__}") from error
        try:
            yield reader, writer
        except OSError as error:
            raise ScannerAway(f"clamd hung up: {type(error).__name__}") from error
        finally:
            writer.close()


async def _send(writer: asyncio.StreamWriter, content: AsyncIterable[bytes], reply: asyncio.Task[str]) -> None:
    writer.write(b"zINSTREAM\0")
    async for piece in content:
        if reply.done():
            return
        if piece:
            writer.write(_LENGTH.pack(len(piece)) + piece)
            await writer.drain()
    writer.write(_LENGTH.pack(0))
    await writer.drain()


async def _reply(reader: asyncio.StreamReader) -> str:
    try:
        line = await reader.readuntil(b"\0")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ScannerAway("clamd ended without an answer") from error
    return line[:REPLY_BYTES].rstrip(b"\0").decode("utf-8", "replace").strip()


def _read(reply: str) -> Reply:
    if reply == OK:
        return Reply("clean")
    if reply.endswith(FOUND):
        return Reply("infected", reply.removesuffix(FOUND).removeprefix("stream: ")[:200])
    if reply.endswith(ERROR):
        return Reply("unscannable", reply[:200])
    raise ScannerAway(f"clamd answered {reply[:80]!r}")
