"""clamd(8), section Commands: PING, VERSION and INSTREAM, with prefix ``z`` (ends with NUL) or ``n`` (newline)."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

EICAR: Final = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MAX_STREAM: Final = 25 * 1024 * 1024
"""clamd's own default of StreamMaxLength."""
MAX_COMMAND: Final = 64
_LENGTH: Final = struct.Struct("!L")


class Control(BaseModel):
    """What it knows, and what to do wrong.

    version     number of its signatures; known: further strings it finds, each by the name of its virus
    hang_up_next how many scans end without an answer; latency_ms: before each answer; error: instead of a verdict
    """

    model_config = ConfigDict(extra="forbid")

    version: int = 27_000
    known: dict[str, str] = {}
    hang_up_next: int = 0
    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    error: str | None = None


class Scanner:
    """One scanner; `scans` counts the verdicts it gave."""

    def __init__(self) -> None:
        self.control = Control()
        self.scans = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one command."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            prefix = await reader.readexactly(1)
            end = {b"z": b"\0", b"n": b"\n"}.get(prefix)
            if end is not None:
                command = (await reader.readuntil(end))[:MAX_COMMAND].rstrip(end)
                answer = await self._answer(command, reader)
                if answer is not None:
                    writer.write(answer.encode() + end)
                    await writer.drain()
        writer.close()

    async def _answer(self, command: bytes, reader: asyncio.StreamReader) -> str | None:
        match command:
            case b"PING":
                return "PONG"
            case b"VERSION":
                return f"ClamAV 0.0.0/{self.control.version}/Thu Jan  1 00:00:00 2026"
            case b"INSTREAM":
                return await self._scan(reader)
            case _:
                return "UNKNOWN COMMAND"

    async def _scan(self, reader: asyncio.StreamReader) -> str | None:
        content = bytearray()
        while length := _LENGTH.unpack(await reader.readexactly(_LENGTH.size))[0]:
            if len(content) + length > MAX_STREAM:
                return "INSTREAM size limit exceeded. ERROR"
            content += await reader.readexactly(length)
        await asyncio.sleep(self.control.latency_ms / 1000)
        if self.control.hang_up_next:
            self.control.hang_up_next -= 1
            return None
        if self.control.error is not None:
            return f"{self.control.error} ERROR"
        self.scans += 1
        known = {EICAR: "Eicar-Signature", **{text.encode(): name for text, name in self.control.known.items()}}
        name = next((name for text, name in known.items() if text in content), None)
        return "stream: OK" if name is None else f"stream: {name} FOUND"
