import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
import pytest_asyncio
import uvloop
from hypothesis import settings

from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.rundir import sweep

settings.register_profile("hoso", deadline=None)  # no test asserts on seconds
settings.load_profile("hoso")
LAST: Final = ("files", "portal")
"""Folders whose site, once started, stands until the session ends: an idle platform is a third of a core."""


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the event loop the services run on: it differs from asyncio's in what its handles can do."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffle: what leaves a platform behind comes last."""
    items.sort(key=lambda item: LAST.index(name) if (name := item.path.parent.name) in LAST else -1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def backbone(request: pytest.FixtureRequest) -> AsyncIterator[Backbone]:
    """A real broker and store for the whole session; their run directory stays when a test failed."""
    sweep(RUNS, "test-*")
    async with Backbone(RUNS / f"test-{os.getpid()}") as platform:
        yield platform
        platform.keep = request.session.testsfailed > 0
