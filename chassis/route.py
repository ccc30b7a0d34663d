"""Where the records of one topic go."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from chassis.breaker import SENDERS, Breaker
from chassis.delivery import Delivery, Result
from chassis.reading import Raw, Reader


class Receiver(Protocol):
    """An engine, or what stands before one."""

    def post(self, delivery: Delivery) -> asyncio.Future[Result]:
        """Done once whatever the delivery causes is durable, so that its offset may be committed."""

    def hurry(self) -> None:
        """Handles what is patient without waiting any longer."""


class Route:
    """Reader, engine and breaker of one topic.

    `foreign`: another party writes it, by no rule of ours about personal data; its mistakes alone stop nothing.
    """

    def __init__(self, reader: Reader, engine: Receiver, *, foreign: bool = False) -> None:
        self.reader = reader
        self.engine = engine
        self.foreign = foreign
        self.breaker = Breaker(uncounted=SENDERS if foreign else ())


def raw_of(record: Any) -> Raw:
    """A record as aiokafka gives it."""
    return Raw(record.topic, record.key, record.value or b"", headers_of(record), record.partition, record.offset)


def headers_of(record: Any) -> tuple[tuple[str, bytes], ...]:
    """The record's headers; Kafka allows one without a value."""
    headers: tuple[tuple[str, bytes], ...] = tuple(record.headers)
    if None in dict(headers).values():
        return tuple((name, value or b"") for name, value in headers)
    return headers
