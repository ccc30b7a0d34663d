"""What an integrator is given: addresses, a source, a private key, and an agency whose officers act."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agency(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SimpleNamespace]:
    """`officer(who, dossier, act, body)` does what an officer does, over HTTP."""
    async with (
        Backbone(tmp_path_factory.mktemp("portal")) as backbone,
        httpx.AsyncClient(timeout=30, trust_env=False) as client,
    ):
        running = await stack.start(backbone, services=("submission",), partners=("identity",))
        secrets = json.loads((backbone.run.path / "secrets.json").read_text())

        async def officer(who: str, dossier: str, act: str, body: Any = None) -> None:
            token = await login(running.url("idp"), who, f"{who}-demo-only")
            headers = {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex, "if-match": "*"}
            url = f"{running.url('submission')}/dossiers/{dossier}/{act}"
            answer = await client.post(url, headers=headers, json=body)
            assert answer.is_success, answer.text

        yield SimpleNamespace(
            kafka=backbone.kafka,
            url=running.url("submission"),
            source=stack.SOURCE,
            jwk=json.dumps(secrets["portal"]),
            officer=officer,
            guide=ROOT / "docs/integration.md",
            asyncapi=ROOT / "schemas/generated/asyncapi.json",
        )
