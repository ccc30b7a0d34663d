"""A portal is called with its replies: sealed, again until it takes them, and nowhere but at its registered address."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwe, jws
from joserfc.jwk import ECKey, KeySet

from cli.demo.filings import plan
from deploy.local import indexes, probes, topics
from deploy.local.child import Process
from deploy.local.platform import Backbone
from deploy.local.ports import free_ports

SOURCE = "dvc-called"
LADDER = ["PT0.2S"] * 5
REGISTRY = jws.JWSRegistry(strict_check_header=False)
SEALED = ["ECDH-ES+A256KW", "A256GCM"]


@dataclass
class Portal:
    """An HTTP server of the portal: what it was sent, and what it answers next (then 204)."""

    own: ECKey
    url: str = ""
    answers: list[str] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    keys: KeySet | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.calls.append((headers, body))
        answer = self.answers.pop(0) if self.answers else "204 No Content"
        if answer != "silence":
            writer.write(f"HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    def opened(self, body: bytes) -> dict[str, Any]:
        assert self.keys is not None
        signed = jwe.decrypt_compact(body, self.own, SEALED).plaintext or b""
        found: dict[str, Any] = json.loads(jws.deserialize_compact(signed, self.keys, ["ES256"], REGISTRY).payload)
        return found

    async def called(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        async def there() -> bool:
            return len(self.calls) >= count

        await probes.until(there, 30)
        return self.calls


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Backbone]:
    """A broker and a store of its own: two submissions would share a consumer group, and know other portals each."""
    async with Backbone(tmp_path) as backbone:
        yield backbone


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    found = Portal(ECKey.generate_key("P-256"))
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/replies"
    yield found
    server.close()


async def file(portal: Portal, service: str, data: Any) -> httpx.Response:
    """Over HTTP, as the guide says."""
    about = {"source": SOURCE, "type": "upstream.dossier_filed.v1", "subject": uuid.uuid4().hex, "id": "e1"}
    async with httpx.AsyncClient(base_url=service, trust_env=False, timeout=20) as client:
        portal.keys = KeySet.import_key_set((await client.get("/.well-known/jwks.json")).json())
        header = {"alg": "ES256", **{f"ce_{name}": value for name, value in about.items()}}
        signed = jws.serialize_compact(header, json.dumps(data).encode(), portal.own, ["ES256"], REGISTRY)
        ours: Any = portal.keys.keys[0]
        value = jwe.encrypt_compact({"alg": SEALED[0], "enc": SEALED[1]}, signed, ours, SEALED)
        headers = {f"ce-{name}": value for name, value in about.items()}
        headers |= {"ce-specversion": "1.0", "ce-time": "2026-11-24T08:30:00Z", "content-type": "application/jose"}
        return await client.post("/upstream/events", headers=headers, content=value)


async def test_a_call_is_sealed_and_made_again_until_it_is_taken(apart: Backbone, portal: Portal) -> None:
    (port,) = free_ports(1)
    await topics.create(apart.kafka, (SOURCE,))
    await indexes.create(apart.store_url, "hoso")
    env = {
        "KAFKA_BOOTSTRAP_SERVERS": apart.kafka,
        "MONGODB_URL": apart.store_url,
        "HOSO_MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
        "HOSO_ALLOWED_HOSTS": json.dumps([portal.url.split("/")[2]]),
        "OIDC_ISSUER": "http://127.0.0.1:9",
        "SUBMISSION_PORT": str(port),
        "SUBMISSION_JWK": json.dumps(ECKey.generate_key("P-256").as_dict(private=True)),
        "SUBMISSION_SEARCH_KEY": base64.b64encode(b"s" * 32).decode(),
        "SUBMISSION_PORTALS": json.dumps({SOURCE: portal.own.as_dict(private=False)}),
        "SUBMISSION_WEBHOOKS": json.dumps({SOURCE: portal.url}),
        "SUBMISSION_WEBHOOK_LADDER": json.dumps(LADDER),
    }
    service = f"http://127.0.0.1:{port}"
    ready = probes.http(f"{service}/readyz")
    await apart.start([Process("called", (sys.executable, "-m", "services.submission.main"), env, ready, seconds=60)])
    portal.answers = ["503 Service Unavailable", "302 Found\r\nlocation: /elsewhere", "silence"]
    answer = await file(portal, service, plan(3, "t")[2].filing)
    assert answer.status_code == httpx.codes.OK
    calls = await portal.called(4)
    replies = [portal.opened(body) for _, body in calls]
    assert [reply["event"] for reply in replies] == ["e1"] * 4
    assert {headers["ce-type"] for headers, _ in calls} == {"reply.accepted.v1"}
    assert len({headers["ce-id"] for headers, _ in calls}) == 1, "a repeat is known by its id"
    assert portal.opened(answer.content) == replies[-1]
