"""The portal on a running platform: a library that waits for a supplement, another whose result was issued.

Certificates of antiquities are signed by hand and go with a plaque there: no procedure of the example gives its result
as a scan.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from cli.demo.filings import plan
from deploy.local import stack
from deploy.local.platform import Backbone
from services.delivery.settings import RESULTS
from tests.browser.portal.desk import ANTIQUITIES
from tests.browser.portal.town import WHY, Town
from tests.integration.platform.test_life import LIBRARY, Platform

playwright = pytest.importorskip("playwright.async_api")
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH")
    with pytest.MonkeyPatch.context() as environment:
        for what in ("REQUESTS", "POSTS"):  # everybody here has one address, and types faster than people
            environment.setenv(f"PORTAL_{what}_A_MINUTE", "100000")
        results = json.loads(RESULTS.read_text())
        results["procedures"][ANTIQUITIES] = {"scanned": True, "physical": "plaque"}
        file = tmp_path_factory.mktemp("results") / "results.json"
        file.write_text(json.dumps(results))
        environment.setenv("DELIVERY_RESULTS", str(file))
        async with _town(tmp_path_factory) as made:
            yield made


@asynccontextmanager
async def _town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with (
        Backbone(tmp_path_factory.mktemp("town")) as backbone,
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        platform = Platform(await stack.start(backbone), client)
        waiting = await platform.examining()
        await platform.post("specialist1", f"{waiting}/take")
        items = [{"kind": "field", "name": "address", "why": WHY}]
        await platform.post("specialist1", f"{waiting}/supplement", {"items": items})
        decided = await platform.examining()
        await platform.post("specialist1", f"{decided}/take")
        await platform.post("specialist1", f"{decided}/examine", {"proposal": "approve"})
        await platform.post("leader1", f"{decided}/decide", {"outcome": "approved"})
        await platform.post("registrar1", f"{decided}/issue")
        codes = [(await platform.tracked(path, status))["code"] for path, status in ((waiting, 5), (decided, 10))]
        delivery = await platform.get("citizen1", f"{decided}/delivery", service="delivery")
        content = await platform.ask("citizen1", "GET", f"{decided}/document", service="delivery")
        phone = plan(LIBRARY, "t")[LIBRARY - 1].phone
        document = (delivery["documents"][0]["code"], content.content)
        yield Town(platform, platform.stack.url("portal"), codes[0], codes[1], document, phone, backbone.store_url)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Any]:
    async with playwright.async_playwright() as started:
        chromium = await started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        await chromium.close()
