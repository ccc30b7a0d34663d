"""``python -m bench.doors``: every case through its door, and what it came to; then files. The last line is JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
from aiokafka import AIOKafkaConsumer
from joserfc import jwe, jws
from joserfc.jwk import ECKey
from rich.console import Console
from rich.progress import Progress

from bench.doors.filings import Case, cases
from bench.lifecycle.filings import emissions, emit
from chassis import jose
from chassis.route import headers_of
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.stack import SOURCE, Stack
from schemas import envelope
from schemas.topics import reply_topic
from schemas.upstream import ReplyAccepted, ReplyRefused

COUNT: Final = 2_000
FILES: Final = 300
UPLOADERS: Final = ("citizen1", "citizen2", "citizen3")
EACH: Final = 3
"""Uploads of one person at once: more are refused."""
AT_ONCE: Final = 16
ANSWERS: Final = frozenset({ReplyAccepted.type_name(), ReplyRefused.type_name()})
PATIENCE: Final = 120.0
PDF: Final = (
    b"%%PDF-1.7\n%% %s\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%%%EOF\n"
)
log = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """The dossier, or the fields that were named as wrong."""

    dossier: str | None
    fields: tuple[str, ...] = ()

    def names(self, path: str) -> bool:
        """Whether it names this field and no other."""
        return bool(self.fields) and all(field == path or field.startswith(f"{path}.") for field in self.fields)


class Doors:
    """One submission process and those who file with it."""

    def __init__(self, backbone: Backbone, running: Stack, client: httpx.AsyncClient) -> None:
        self._backbone = backbone
        self._url = running.url("submission")
        self._idp = running.url("idp")
        self._client = client

    async def headers(self, who: str) -> dict[str, str]:
        """Of a request by `who`."""
        return {"authorization": f"Bearer {await login(self._idp, who, f'{who}-demo-only')}"}

    async def http(self, bodies: Sequence[dict[str, Any]]) -> list[Answer | None]:
        """Each filed by a citizen."""
        citizen, some = await self.headers("citizen1"), asyncio.Semaphore(AT_ONCE)

        async def one(body: dict[str, Any]) -> Answer | None:
            async with some:
                headers = {**citizen, "idempotency-key": uuid.uuid4().hex}
                answer = await self._client.post(f"{self._url}/dossiers", json=body, headers=headers)
            found = answer.json()
            if answer.status_code == httpx.codes.CREATED:
                return Answer(found["id"])
            if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                return Answer(None, tuple(error["field"] for error in found["errors"]))
            log.print(f"answered {answer.status_code}: {answer.text[:200]}", markup=False)
            return None

        return list(await asyncio.gather(*map(one, bodies)))

    async def kafka(self, bodies: Sequence[dict[str, Any]]) -> list[Answer | None]:
        """Each emitted by an upstream portal, which reads its replies."""
        secrets = json.loads((self._backbone.run.path / "secrets.json").read_text())
        portal, own = ECKey.import_key(secrets["portal"]), ECKey.import_key(secrets["own"])
        made = await asyncio.to_thread(emissions, list(bodies), portal, own)
        said: dict[str, Answer] = {}
        async with AIOKafkaConsumer(
            reply_topic(SOURCE), bootstrap_servers=self._backbone.kafka, auto_offset_reset="earliest"
        ) as replies:
            await emit(self._backbone.kafka, made)
            deadline = time.monotonic() + PATIENCE
            while len(said) < len(made) and time.monotonic() < deadline:
                for records in (await replies.getmany(timeout_ms=1_000)).values():
                    for record in records:
                        head = envelope.read(headers_of(record))
                        if head.type not in ANSWERS:
                            continue
                        reply = _opened(record.value, portal, own)
                        fields = tuple(problem["field"] for problem in reply.get("problems", ()))
                        said[reply["reference"]] = Answer(reply.get("dossier_id"), fields)
        return [said.get(key.decode()) for key, _, _ in made]

    async def kept(self, dossiers: Sequence[str]) -> int:
        """How many of them an officer finds."""
        clerk, some = await self.headers("clerk1"), asyncio.Semaphore(AT_ONCE)

        async def one(dossier: str) -> bool:
            async with some:
                return (await self._client.get(f"{self._url}/dossiers/{dossier}", headers=clerk)).is_success

        return sum(await asyncio.gather(*map(one, dossiers)))

    async def files(self, count: int) -> float:
        """Small files a second, by three people; each was taken."""
        waiting = iter(range(count))
        began = time.perf_counter()

        async def uploads(who: dict[str, str]) -> None:
            for _ in waiting:
                headers = {**who, "file-name": "don.pdf"}
                url = f"{self._url}/files/{uuid.uuid4()}"
                answer = await self._client.put(url, content=PDF % uuid.uuid4().hex.encode(), headers=headers)
                answer.raise_for_status()

        people = [await self.headers(who) for who in UPLOADERS]
        await asyncio.gather(*(uploads(who) for who in people for _ in range(EACH)))
        return count / (time.perf_counter() - began)


def _opened(value: bytes, portal: ECKey, own: ECKey) -> dict[str, Any]:
    """A reply, as the portal it is for opens it."""
    signed = jwe.decrypt_compact(value, portal, algorithms=[jose.WRAP, jose.ENCRYPT]).plaintext or b""
    verified = jws.deserialize_compact(
        signed, own, algorithms=[jose.SIGN], registry=jws.JWSRegistry(strict_check_header=False)
    )
    found: dict[str, Any] = json.loads(verified.payload)
    return found


async def run(count: int, seed: int) -> dict[str, Any]:
    """The summary."""
    made = cases(count, seed, date.today())  # noqa: DTZ011 - forms change by the day, wherever it is
    partners = ("identity", "virus_scanner")
    async with Backbone(Path(RUNS) / f"bench-{os.getpid()}", keep=False) as backbone:
        log.print("starting broker, store, identity provider, scanner and submission")
        running = await stack.start(backbone, services=("submission",), partners=partners)
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            doors = Doors(backbone, running, client)
            with Progress(console=log) as progress:
                bar = progress.add_task("doors", total=4)
                answers: list[tuple[Case, Answer | None]] = []
                for door, file in (("http", doors.http), ("kafka", doors.kafka)):
                    those = [case for case in made if case.door == door]
                    answers += zip(those, await file([case.body for case in those]), strict=True)
                    progress.advance(bar)
                filed = [answer.dossier for _, answer in answers if answer is not None and answer.dossier is not None]
                kept = await doors.kept(filed)
                progress.advance(bar)
                speed = await doors.files(FILES)
                progress.advance(bar)
    return summary(answers, len(filed) - kept, speed)


def summary(answers: Sequence[tuple[Case, Answer | None]], gone: int, speed: float) -> dict[str, Any]:
    """`lost`: without an answer, or accepted and not there."""
    valid = [answer for case, answer in answers if case.wrong is None]
    broken = [(case, answer) for case, answer in answers if case.wrong is not None]
    for case, answer in answers:
        right = answer is not None and (answer.dossier is not None if case.wrong is None else answer.names(case.wrong))
        if not right:
            log.print(f"{case.door} {case.body['procedure']} {case.wrong}: {answer}", markup=False)
    return {
        "valid": len(valid),
        "accepted": sum(answer is not None and answer.dossier is not None for answer in valid),
        "broken": len(broken),
        "refused_right_field": sum(
            answer is not None and answer.dossier is None and answer.names(str(case.wrong)) for case, answer in broken
        ),
        "lost": sum(answer is None for _, answer in answers) + gone,
        "files_per_s": round(speed, 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    result = asyncio.run(run(given.count, given.seed))
    print(json.dumps(result))  # noqa: T201 - the result, for programs
    good = result["accepted"] == result["valid"] and result["refused_right_field"] == result["broken"]
    sys.exit(0 if good and not result["lost"] else 1)
