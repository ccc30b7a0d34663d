"""The copies in the dead-letter topics: all that is left of records without a readable id."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table

from chassis.kafka import new_rereader
from cli.settings import kafka
from deploy.access.rights import OPERATOR
from schemas.topics import dead_letter_topic

SHOWN: Final = 200
POLL_MS: Final = 1_000
console = Console()


def show_all(services: tuple[str, ...]) -> None:
    """The newest copies of each service, newest last."""
    table = Table("service", "partition/offset", "from", "reason", "detail")
    for name in services:
        for record in asyncio.run(_letters(name)):
            headers = _headers(record)
            said = [headers.get(f"hoso-{word}", "")[:80] for word in ("topic", "reason", "detail")]
            table.add_row(name, f"{record.partition}/{record.offset}", *said)
    console.print(table)


def show_one(service: str, place: str) -> None:
    """Headers and bytes of the copy at ``PARTITION/OFFSET``."""
    for record in asyncio.run(_letters(service)):
        if place == f"{record.partition}/{record.offset}":
            console.print_json(data={"key": _text(record.key), "headers": _headers(record)})
            console.print(_text(record.value), markup=False)
            return
    console.print(f"there is no copy {place}; `hoso dlq list --copies --service {service}` names them", style="red")
    raise typer.Exit(1)


async def _letters(service: str) -> list[Any]:
    """The last dead letters of a service, without joining a consumer group."""
    consumer = new_rereader(kafka(OPERATOR), "hoso-dlq", dead_letter_topic(service))
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        found: list[Any] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            batch = await consumer.getmany(timeout_ms=POLL_MS)
            found.extend(record for records in batch.values() for record in records)
    finally:
        await consumer.stop()
    return sorted(found, key=lambda record: int(record.timestamp))[-SHOWN:]


def _headers(record: Any) -> dict[str, str]:
    return {name: _text(value) for name, value in record.headers}


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")
