"""One site for all of these tests; whoever tells the scanner to fail is followed by calm."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from deploy.local.platform import Backbone

from . import site as sites
from .site import Site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with (
        Backbone(tmp_path_factory.mktemp("files")) as backbone,
        httpx.AsyncClient(timeout=30, trust_env=False) as client,
    ):
        yield await sites.start(backbone, client, tmp_path_factory.mktemp("deaths"))


@pytest_asyncio.fixture(loop_scope="session")
async def calm(site: Site) -> AsyncIterator[None]:
    yield
    await site.client.delete(f"{site.scanner}/control")
