"""One SMPP 3.4 session as a transceiver. PyPI `smpp34` writes and reads the PDUs; the session is our own.

No library at hand acknowledges a deliver_sm only after its receipt is stored, and keeps a session through a status it
does not know (docs/decisions/0041).

Invariants:
    - At most `window` submit_sm are waited for, a part of it only of what is urgent; who finds no place in time raises
      WindowFull.
    - A submit_sm that was never written raises NotBound; one that was written and not answered raises Unanswered.
    - A deliver_sm is acknowledged after `on_receipt` returned; if that raised, it is refused for the time being.
    - A session on which nothing was heard for an interval is asked (enquire_link), and ended if it does not answer.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import smpp34

from chassis.telemetry import logger

HEADER: Final = struct.Struct("!IIII")
VERSION: Final = 0x34
BIND_TRANSCEIVER, UNBIND, SUBMIT_SM, DELIVER_SM, ENQUIRE_LINK = 0x09, 0x06, 0x04, 0x05, 0x15
RESPONSE: Final = 0x80000000
GENERIC_NACK: Final = RESPONSE
INVALID_COMMAND: Final = 3
TRY_AGAIN: Final = 0x64
"""ESME_RX_T_APPN: our temporary trouble; the centre keeps the receipt and comes again."""
LONGEST_PDU: Final = 64 * 1024
SEQUENCES: Final = 0x7FFFFFFF
BIND_SECONDS: Final = 5.0
ROOM_SECONDS: Final = 2.0
KEPT_FREE: Final = 5
"""One place in so many of a window is left to what is urgent."""
log = logger(__name__)
OnReceipt = Callable[[Any], Awaitable[None]]


class NotBound(Exception):
    """There is no session; nothing was sent."""


class WindowFull(Exception):
    """As many as may be wait for their answers already; nothing was sent."""


class Unanswered(Exception):
    """It was sent, and the session ended before the response: nobody can tell."""


class Refused(Exception):
    """The centre refused the bind."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where to bind, and as whom. `alive`: seconds of silence after which the centre is asked."""

    host: str
    port: int
    system_id: str
    password: str
    window: int = 50
    alive: float = 15.0


class Session:
    """One connection, bound at most once."""

    def __init__(self, account: Account, on_receipt: OnReceipt) -> None:
        self._account = account
        self._on_receipt = on_receipt
        self._room = asyncio.Semaphore(account.window)
        self._common = asyncio.Semaphore(account.window - account.window // KEPT_FREE)
        self._sequences = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[tuple[int, bytes]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._writer: asyncio.StreamWriter | None = None
        self._heard_at = 0.0
        self.bound = False

    @property
    def has_room(self) -> bool:
        """Whether one more submit_sm would be sent at once, though it is not urgent."""
        return not self._common.locked()

    async def run(self, on_bound: Callable[[], None]) -> None:
        """Binds, and works until the session ends.

        Raises:
            Refused, OSError, TimeoutError: it could not be bound, or it broke.
        """
        account = self._account
        async with asyncio.timeout(BIND_SECONDS):
            reader, self._writer = await asyncio.open_connection(account.host, account.port)
        reading = asyncio.create_task(self._read(reader))
        asking = asyncio.create_task(self._ask())
        try:
            await self._bind()
            self.bound = True
            on_bound()
            done, _ = await asyncio.wait({reading, asking}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.bound = False
            for task in (reading, asking, *self._tasks):
                task.cancel()
            await asyncio.gather(reading, asking, *self._tasks, return_exceptions=True)
            self._close()

    async def _bind(self) -> None:
        account = self._account
        body = b"".join(text.encode("ascii") + b"\0" for text in (account.system_id, account.password, ""))
        async with asyncio.timeout(BIND_SECONDS):
            status, _ = await self._request(BIND_TRANSCEIVER, body + bytes([VERSION, 0, 0]) + b"\0")
        if status:
            raise Refused(f"bind refused: 0x{status:08x}")

    async def submit(self, before: Callable[[], None], *, urgent: bool = False, **fields: Any) -> tuple[int, str]:
        """command_status and message id of one submit_sm; `fields` as smpp34.SubmitSm takes them.

        `before` is called just before the bytes leave, and may refuse by raising.

        Raises:
            NotBound, WindowFull: nothing was sent.
            Unanswered: it was sent, and the session ended.
        """
        if urgent:
            return await self._submit(before, fields)
        await _enter(self._common)
        try:
            return await self._submit(before, fields)
        finally:
            self._common.release()

    async def _submit(self, before: Callable[[], None], fields: Mapping[str, Any]) -> tuple[int, str]:
        await _enter(self._room)
        try:
            if not self.bound:
                raise NotBound("no session with the SMS centre")
            sequence = self._next()
            pdu = smpp34.SubmitSm(**fields, sequence_number=sequence).encode()
            before()
            status, body = await self._answer(sequence, pdu)
        finally:
            self._room.release()
        return status, body.split(b"\0", 1)[0].decode("ascii", "replace")

    def _next(self) -> int:
        return next(self._sequences) % SEQUENCES or self._next()

    async def _request(self, command: int, body: bytes = b"") -> tuple[int, bytes]:
        sequence = self._next()
        return await self._answer(sequence, HEADER.pack(16 + len(body), command, 0, sequence) + body)

    async def _answer(self, sequence: int, pdu: bytes) -> tuple[int, bytes]:
        if self._writer is None:
            raise NotBound("no connection to the SMS centre")
        future: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = future
        try:
            self._writer.write(pdu)
            return await future
        finally:
            self._waiting.pop(sequence, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(HEADER.size)
                length, command, status, sequence = HEADER.unpack(head)
                if not HEADER.size <= length <= LONGEST_PDU:
                    raise ConnectionError(f"a PDU of {length} octets")
                body = await reader.readexactly(length - HEADER.size)
                self._heard_at = time.monotonic()
                if not self._handle(head + body, command, status, sequence, body):
                    return

    def _handle(self, pdu: bytes, command: int, status: int, sequence: int, body: bytes) -> bool:
        """False when the centre ends the session."""
        if command & RESPONSE:
            future = self._waiting.get(sequence)
            if future is not None and not future.done():
                future.set_result((status or (1 if command == GENERIC_NACK else 0), body))
            return True
        if command == DELIVER_SM:
            task = asyncio.create_task(self._deliver(pdu, sequence))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif command in {ENQUIRE_LINK, UNBIND}:
            self._respond(command, 0, sequence)
        else:
            self._respond(0, INVALID_COMMAND, sequence)
        return command != UNBIND

    async def _deliver(self, pdu: bytes, sequence: int) -> None:
        status = 0
        try:
            await self._on_receipt(smpp34.decode(pdu))
        except smpp34.SmppError:
            log.exception("a deliver_sm cannot be read")
        except Exception as error:  # noqa: BLE001 - the centre keeps it and comes again
            log.warning("a receipt could not be stored yet", error=f"{type(error).__name__}: {error}"[:200])
            status = TRY_AGAIN
        self._respond(DELIVER_SM, status, sequence, b"\0")

    def _respond(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        if self._writer is not None:
            self._writer.write(HEADER.pack(16 + len(body), command | RESPONSE, status, sequence) + body)

    async def _ask(self) -> None:
        """Ends when the other side has been silent for too long. Raises TimeoutError."""
        alive = self._account.alive
        while True:
            await asyncio.sleep(alive)
            if self.bound and time.monotonic() - self._heard_at >= alive:
                async with asyncio.timeout(alive):
                    await self._request(ENQUIRE_LINK)

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(OSError):
                writer.write(HEADER.pack(16, UNBIND, 0, self._next()))
                writer.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Unanswered("the session with the SMS centre ended"))


async def _enter(room: asyncio.Semaphore) -> None:
    try:
        async with asyncio.timeout(ROOM_SECONDS if room.locked() else None):
            await room.acquire()
    except TimeoutError as error:
        raise WindowFull("the window of the SMS centre is full") from error
