"""Files dossiers over HTTP: as fast as answers come, or at a fixed rate.

A client of its own on httptools, because a usual one costs more than the service it measures, on the same machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import httptools
import uvloop

from bench.lifecycle.filings import filings

BODIES = 200
CREATED = 201


@dataclass(frozen=True, slots=True)
class Shot:
    """File at `url` for `seconds` over `connections`; `rate` a second, None: each as soon as the last is answered."""

    url: str
    token: str
    seconds: float
    connections: int
    rate: float | None = None


@dataclass(slots=True)
class Answers:
    """Seconds from when each was due to its answer; how many were not 201."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    span: float = 0.0


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("the service closed the connection"))

    def on_message_complete(self) -> None:
        """The parser has the whole answer."""
        if self._answered is not None:
            self._answered.set_result(self._parser.get_status_code())
        self._parser = httptools.HttpResponseParser(self)

    async def ask(self, request: bytes) -> int:
        """The status of the answer."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered


def requests(shot: Shot) -> Iterator[bytes]:
    """One new filing after the other."""
    where = urlsplit(shot.url)
    bodies = [json.dumps(body, ensure_ascii=False).encode() for body in filings(BODIES)]
    for body in cycle(bodies):
        head = (
            f"POST {where.path} HTTP/1.1\r\nhost: {where.netloc}\r\nauthorization: Bearer {shot.token}\r\n"
            f"idempotency-key: {uuid.uuid4().hex}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


async def fire(shot: Shot) -> Answers:
    """Everything that was answered."""
    where = urlsplit(shot.url)
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(shot.connections):
        _, connection = await loop.create_connection(Connection, where.hostname or "", where.port or 80)
        free.put_nowait(connection)
    answers, bodies, began = Answers(), requests(shot), time.perf_counter()

    async def one(due: float) -> None:
        connection = await free.get()
        due = due or time.perf_counter()
        status = await connection.ask(next(bodies))
        answers.seconds.append(time.perf_counter() - due)
        answers.failed += status != CREATED
        free.put_nowait(connection)

    async def stream() -> None:
        while time.perf_counter() - began < shot.seconds:
            await one(0.0)

    if shot.rate is None:
        await asyncio.gather(*(stream() for _ in range(shot.connections)))
    else:
        tasks = []
        for number in range(int(shot.seconds * shot.rate)):
            due = began + number / shot.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(due)))
        await asyncio.gather(*tasks)
    answers.span = time.perf_counter() - began
    return answers


async def main(shot: Shot) -> None:
    """The last line is what was answered."""
    print(json.dumps(asdict(await fire(shot))))  # noqa: T201 - what the parent reads


if __name__ == "__main__":
    uvloop.run(main(Shot(**json.loads(sys.argv[1]))))
