"""``hoso topics``, ``hoso dossier show``, ``hoso dlq list|show``: looking at a running platform."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Annotated, Any, Final

import httpx
import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console
from rich.table import Table

from cli.demo.oidc import LoginFailed, login
from cli.platform import address
from deploy.local.paths import ROOT
from deploy.local.stack import SERVICES, SOURCE
from schemas.topics import dead_letter_topic, declared

console = Console()
dossier = typer.Typer(no_args_is_help=True, help="Dossiers.")
dlq = typer.Typer(no_args_is_help=True, help="Records a service could not handle.")
OPERATOR: Final = "operator1"
SHOWN: Final = 200


def topics() -> None:
    """List the declared topics: who writes, who reads, how long they are kept."""
    table = Table("topic", "partitions", "kept", "written by", "read by")
    for topic in declared((SOURCE,)):
        kept = f"{topic.retention.days} days" if topic.retention else "for ever"
        table.add_row(topic.name, str(topic.partitions), kept, ", ".join(topic.producers), ", ".join(topic.consumers))
    console.print(table)


@dossier.command("show")
def show(
    dossier_id: Annotated[str, typer.Argument(help="the dossier's id (a UUID)", metavar="ID")],
) -> None:
    """Show the timeline of one dossier across all services."""
    try:
        known = str(uuid.UUID(dossier_id))
    except ValueError as error:
        raise typer.BadParameter("must be a UUID such as 0b9e2b0a-6a67-5d3c-9f0e-3f6d2b1c4a55") from error
    timeline = asyncio.run(_timeline(known))
    console.print(f"{timeline['code'] or known}  procedure {timeline['procedure']}  status {timeline['status']}")
    table = Table("at (UTC)", "what", "detail")
    for entry in timeline["entries"]:
        table.add_row(entry["at"], entry["type"], entry["detail"])
    console.print(table)


async def _timeline(dossier_id: str) -> dict[str, Any]:
    accounts = json.loads((ROOT / "simulators/identity/accounts.example.json").read_text())["accounts"]
    password = next(a["password"] for a in accounts if a["username"] == OPERATOR)
    url = f"{address('tracking')}/dossiers/{dossier_id}/timeline"
    try:
        token = await login(address("idp"), OPERATOR, password)
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            answer = await client.get(url, headers={"authorization": f"Bearer {token}"})
    except (httpx.HTTPError, LoginFailed) as error:
        console.print(f"[red]the platform does not answer: {error}")
        raise typer.Exit(1) from error
    if answer.is_error:
        console.print(f"[red]{answer.json().get('detail', answer.text)}")
        raise typer.Exit(1)
    timeline: dict[str, Any] = answer.json()
    return timeline


@dlq.command("list")
def list_letters(service: Annotated[str | None, typer.Option(help=", ".join(SERVICES))] = None) -> None:
    """List the copies in the dead-letter topics, newest last."""
    table = Table("service", "partition/offset", "from", "reason", "detail")
    for name in _services(service):
        for record in asyncio.run(_letters(name)):
            place = f"{record.partition}/{record.offset}"
            headers = _headers(record)
            detail = headers.get("hoso-detail", "")[:80]
            table.add_row(name, place, headers.get("hoso-topic", ""), headers.get("hoso-reason", ""), detail)
    console.print(table)


@dlq.command("show")
def show_letter(service: str, partition: int, offset: int) -> None:
    """Show one dead letter: its headers and its bytes (they hold sealed fields or a hash only)."""
    for name in _services(service):
        for record in asyncio.run(_letters(name)):
            if (record.partition, record.offset) == (partition, offset):
                console.print_json(data={"key": _text(record.key), "headers": _headers(record)})
                console.print(_text(record.value), markup=False)
                return
    console.print("[red]there is no such dead letter; `hoso dlq list` names them")
    raise typer.Exit(1)


def _services(service: str | None) -> tuple[str, ...]:
    if service is not None and service not in SERVICES:
        raise typer.BadParameter(f"must be one of {', '.join(SERVICES)}")
    return (service,) if service else SERVICES


async def _letters(service: str) -> list[Any]:
    """The last dead letters of a service, without joining a consumer group."""
    topic = dead_letter_topic(service)
    consumer = AIOKafkaConsumer(bootstrap_servers=address("kafka"), auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        wanted = sum(ends[p] - begins[p] for p in partitions)
        found: list[Any] = []
        while len(found) < wanted:
            batch = await consumer.getmany(timeout_ms=1_000)
            if not batch:
                break
            found.extend(record for records in batch.values() for record in records)
    finally:
        await consumer.stop()
    return sorted(found, key=lambda record: int(record.timestamp))[-SHOWN:]


def _headers(record: Any) -> dict[str, str]:
    return {name: _text(value) for name, value in record.headers}


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")
