"""Submission with a virus scanner and an identity provider, on a broker and a store of its own; people, their files."""

from __future__ import annotations

import base64
import json
import os
import sys
import uuid
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
from joserfc.jwk import ECKey
from pymongo import AsyncMongoClient

from chassis.sealing import CHUNK
from cli.demo.filings import plan
from cli.demo.oidc import login
from deploy.local import indexes, probes, topics
from deploy.local.child import Process
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from deploy.local.ports import LOOPBACK, free_ports
from tests.unit.services.files.samples import PDF

T = TypeVar("T")
FILE_BYTES: Final = 2_000_000
QUOTA: Final = 5_000_000
PATIENCE: Final = 90.0
CODE: Final = "application"
Content = bytes | AsyncIterable[bytes]


def large(size: int = 3 * CHUNK) -> bytes:
    """A PDF of about that size, unlike any other."""
    return PDF.replace(b"%%EOF", b"% " + os.urandom(size // 2).hex().encode() + b"\n%%EOF")


@dataclass
class Site:
    backbone: Backbone
    client: httpx.AsyncClient
    deaths: Path
    submission: str
    scanner: str
    idp: str
    people: dict[str, str] = field(default_factory=dict)

    async def headers(self, who: str) -> dict[str, str]:
        if who not in self.people:
            self.people[who] = await login(self.idp, who, f"{who}-demo-only")
        return {"authorization": f"Bearer {self.people[who]}"}

    async def account(self, who: str) -> str:
        body = (await self.headers(who))["authorization"].split(".")[1]
        sub: str = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["sub"]
        return sub

    async def ask(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**(await self.headers(who)), **options.pop("headers", {})}
        return await self.client.request(method, self.submission + path, headers=headers, **options)

    async def put(
        self, who: str, content: Content, *, file: str = "", name: str = "tep.pdf", **params: str
    ) -> httpx.Response:
        headers = {"file-name": name}
        path = f"/files/{file or uuid.uuid4()}"
        return await self.ask(who, "PUT", path, content=content, headers=headers, params=params)

    async def upload(self, who: str, content: bytes, **options: Any) -> str:
        answer = await self.put(who, content, **options)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    async def shown(self, who: str, file: str) -> dict[str, Any]:
        answer = await self.ask(who, "GET", f"/files/{file}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def state(self, who: str, file: str, state: str) -> dict[str, Any]:
        """The file, once it is in that state."""

        async def look() -> dict[str, Any] | None:
            found = await self.shown(who, file)
            return found if found["state"] == state else None

        return await until(look)

    async def content(self, who: str, file: str) -> httpx.Response:
        return await self.ask(who, "GET", f"/files/{file}/content")

    async def file(self, who: str, files: list[dict[str, str]], key: str = "") -> httpx.Response:
        """Files a guide card, which has documents."""
        body = {**plan(2, "t")[1].filing, "files": files}
        return await self.post(who, "/dossiers", body, key=key)

    async def post(self, who: str, path: str, body: Mapping[str, Any] | None = None, key: str = "") -> httpx.Response:
        headers = {"idempotency-key": key or uuid.uuid4().hex, "if-match": "*"}
        return await self.ask(who, "POST", path, headers=headers, json=body)

    async def control(self, **how: Any) -> None:
        (await self.client.post(f"{self.scanner}/control", json=how)).raise_for_status()

    def store(self, database: str = "hoso_submission") -> Any:
        """The store's own client, for looking behind the service."""
        return AsyncMongoClient(self.backbone.store_url)[database]

    async def blobs(self, file: str) -> int:
        """How many contents the store has for it, begun or whole."""
        store = self.store()
        whole = await store["attachments.files"].count_documents({"metadata.file": file})
        begun = await store["file_uploads"].count_documents({"file": file})
        return int(whole) + int(begun)

    async def up(self) -> None:
        await probes.until(probes.http(f"{self.submission}/readyz"), PATIENCE)


async def until(look: Callable[[], Awaitable[T | None]]) -> T:
    """What `look` finds, once it finds something."""
    found: list[T] = []

    async def there() -> bool:
        try:
            result = await look()
        except httpx.TransportError:
            return False
        found.extend([] if result is None else [result])
        return bool(found)

    await probes.until(there, PATIENCE)
    return found[0]


async def start(backbone: Backbone, client: httpx.AsyncClient, deaths: Path, *, office: str = "1.001440") -> Site:
    """Topics, indexes, the partners, and submission as `dying_submission`."""
    idp, clamd, control, port = free_ports(4)
    run = backbone.run.path
    (run / "accounts.json").write_text((ROOT / "simulators/identity/accounts.example.json").read_text())
    await topics.create(backbone.kafka, ("dvc-test",))
    await indexes.create(backbone.store_url, "hoso")
    site = Site(backbone, client, deaths, _at(port), _at(control), _at(idp))
    own = ECKey.generate_key("P-256")
    identity = {
        "IDP_PORT": str(idp),
        "IDP_ACCOUNTS_FILE": str(run / "accounts.json"),
        "IDP_KEY_FILE": str(run / "idp.json"),
    }
    submission = {
        "KAFKA_BOOTSTRAP_SERVERS": backbone.kafka,
        "MONGODB_URL": backbone.store_url,
        "HOSO_MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
        "OIDC_ISSUER": site.idp,
        "SUBMISSION_PORT": str(port),
        "SUBMISSION_JWK": json.dumps(own.as_dict(private=True)),
        "SUBMISSION_SEARCH_KEY": base64.b64encode(b"s" * 32).decode(),
        "SUBMISSION_PORTALS": "{}",
        "SUBMISSION_CLAMD": f"tcp://{LOOPBACK}:{clamd}",
        "SUBMISSION_FILE_BYTES": str(FILE_BYTES),
        "SUBMISSION_FILE_QUOTA": str(QUOTA),
        "SUBMISSION_FILE_SWEEP_SECONDS": "1",
        "SUBMISSION_OFFICE_FOR": json.dumps([office]),
        "DEATHS": str(deaths),
    }
    await backbone.start(
        [
            _process("identity", "simulators.identity", identity, f"{site.idp}/healthz"),
            _process(
                "virus_scanner",
                "simulators.virus_scanner",
                {"CLAMD_SIM_PORT": str(clamd), "CLAMD_SIM_HTTP_PORT": str(control)},
                f"{site.scanner}/healthz",
            ),
        ]
    )
    module = "tests.integration.files.dying_submission"
    await backbone.start([_process("submission", module, submission, f"{site.submission}/readyz")])
    return site


def _at(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def _process(name: str, module: str, env: Mapping[str, str], ready: str) -> Process:
    return Process(name, (sys.executable, "-m", module), env, ready=probes.http(ready), restart=True, seconds=60)
