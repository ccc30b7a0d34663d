"""What all of these tests need: a keyring on the real store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from chassis.keyring import Keyring
from chassis.store import Store
from deploy.local.platform import Backbone

from .partners import open_with


@pytest_asyncio.fixture(scope="session", loop_scope="session", autouse=True)
async def keyring(backbone: Backbone) -> AsyncIterator[None]:
    store = Store(backbone.store_url, "adapters_keyring")
    open_with(Keyring(store, b"k" * 32))
    yield
    store.close()
