"""What an integrator is given: addresses, a source, a private key, and an agency whose officers act."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cli.demo.oidc import login
from deploy.local import probes, stack
from deploy.local.child import Process
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from deploy.local.ports import free_ports


async def _serve(shelf: Mapping[str, bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The portal's own file server: what lies on the shelf, by its path."""
    path = (await reader.readuntil(b"\r\n\r\n")).decode().split()[1]
    status, body = ("200 OK", shelf[path]) if path in shelf else ("404 Not Found", b"")
    writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


def _national(port: int, url: str) -> Process:
    env = {
        "NATIONAL_SIM_PORT": str(port),
        "NATIONAL_SIM_USERNAME": "dien-bien",
        "NATIONAL_SIM_SECRET": "national-test-only",
        "NATIONAL_SIM_DSTCODE": "VN:GOV:000.00.00.G22:vpcpdvcprocess",
        "NATIONAL_SIM_AGENCY": "000.00.12.H18",
    }
    command = (sys.executable, "-m", "simulators.national_portal")
    return Process("national_portal", command, env, probes.http(f"{url}/healthz"), seconds=60)


def _account(url: str) -> dict[str, str]:
    return {
        "url": f"{url}/services",
        "login_url": f"{url}/login",
        "username": "dien-bien",
        "secret": "national-test-only",
        "dstcode": "VN:GOV:000.00.00.G22:vpcpdvcprocess",
        "agency": "000.00.12.H18",
        "agency_name": "Sở Văn hóa, Thể thao và Du lịch",
    }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agency(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SimpleNamespace]:
    """`officer(who, dossier, act, body)` does what an officer does, over HTTP; `filed(filing)` files as a citizen."""
    async with (
        Backbone(tmp_path_factory.mktemp("portal")) as backbone,
        httpx.AsyncClient(timeout=30, trust_env=False) as client,
    ):
        (port,) = free_ports(1)
        national = f"http://127.0.0.1:{port}"
        await backbone.start([_national(port, national)])
        shelf: dict[str, bytes] = {}
        served = await asyncio.start_server(lambda r, w: _serve(shelf, r, w), "127.0.0.1", 0)
        place = f"127.0.0.1:{served.sockets[0].getsockname()[1]}"
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("HOSO_ALLOWED_HOSTS", json.dumps([place]))
            environment.setenv("SUBMISSION_NATIONAL", json.dumps(_account(national)))
            running = await stack.start(backbone, services=("submission",), partners=("identity",))
        secrets = json.loads((backbone.run.path / "secrets.json").read_text())

        async def officer(who: str, dossier: str, act: str, body: Any = None) -> None:
            token = await login(running.url("idp"), who, f"{who}-demo-only")
            headers = {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex, "if-match": "*"}
            url = f"{running.url('submission')}/dossiers/{dossier}/{act}"
            answer = await client.post(url, headers=headers, json=body)
            assert answer.is_success, answer.text

        async def filed(filing: Any) -> str:
            token = await login(running.url("idp"), "citizen1", "citizen1-demo-only")
            headers = {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex}
            answer = await client.post(f"{running.url('submission')}/dossiers", headers=headers, json=filing)
            assert answer.is_success, answer.text
            dossier: str = answer.json()["id"]
            return dossier

        async def shown(dossier: str) -> list[dict[str, Any]]:
            token = await login(running.url("idp"), "clerk1", "clerk1-demo-only")
            url = f"{running.url('submission')}/dossiers/{dossier}/files"
            found: list[dict[str, Any]] = (await client.get(url, headers={"authorization": f"Bearer {token}"})).json()[
                "files"
            ]
            return found

        yield SimpleNamespace(
            shown=shown,
            national=national,
            filed=filed,
            shelf=shelf,
            files=f"http://{place}",
            kafka=backbone.kafka,
            url=running.url("submission"),
            source=stack.SOURCE,
            jwk=json.dumps(secrets["portal"]),
            officer=officer,
            guide=ROOT / "docs/integration.md",
            asyncapi=ROOT / "schemas/generated/asyncapi.json",
        )
