"""What an integrator is given: addresses, a source, a private key, and an agency whose officers act."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import AsyncIterator
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
        with pytest.MonkeyPatch.context() as environment:
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

        yield SimpleNamespace(
            national=national,
            filed=filed,
            kafka=backbone.kafka,
            url=running.url("submission"),
            source=stack.SOURCE,
            jwk=json.dumps(secrets["portal"]),
            officer=officer,
            guide=ROOT / "docs/integration.md",
            asyncapi=ROOT / "schemas/generated/asyncapi.json",
        )
