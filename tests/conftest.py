import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import settings

from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.rundir import sweep

settings.register_profile("hoso", deadline=None)  # no test asserts on seconds
settings.load_profile("hoso")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def backbone(request: pytest.FixtureRequest) -> AsyncIterator[Backbone]:
    """A real broker and store for the whole session; their run directory stays when a test failed."""
    sweep(RUNS, "test-*")
    async with Backbone(RUNS / f"test-{os.getpid()}") as platform:
        yield platform
        platform.keep = request.session.testsfailed > 0
