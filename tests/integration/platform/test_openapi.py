"""Every operation in the OpenAPI document of every service, called with data that fit it and data that do not.

No answer is a 5xx, none is of a status, a media type or a shape that the document does not have; and what a door let in
every service that heard of it could handle.

HOSO_OPENAPI_EXAMPLES: calls of each operation; HOSO_OPENAPI_SEED: which.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

import httpx
import pytest

from cli.demo.filings import plan
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.stack import AUDIT, SERVICES, STATISTICS
from tests.integration.platform.openapi.calls import Examiner
from tests.integration.platform.openapi.world import World, driven, populated

EXAMPLES: Final = int(os.environ.get("HOSO_OPENAPI_EXAMPLES", "8"))
SEED: Final = int(os.environ.get("HOSO_OPENAPI_SEED", "1"))
AT_ONCE: Final = 3
COMMON: Final = "tracking"
"""The service whose health, metrics and operators' routes stand for those of all."""


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with Backbone(tmp_path_factory.mktemp("openapi")) as backbone:
        running = await stack.start(backbone)
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            yield await populated(running, client, backbone.run.path)


@pytest.mark.timeout(900)
async def test_nothing_is_answered_that_is_not_documented_and_nothing_let_in_that_cannot_be_handled(
    world: World,
) -> None:
    examiners = [
        Examiner(world, service, SEED, EXAMPLES, common=service == COMMON) for service in (*SERVICES, STATISTICS, AUDIT)
    ]
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:  # Hypothesis sets limits of its interpreter
        reports = await asyncio.gather(*(loop.run_in_executor(pool, examiner.examine) for examiner in examiners))
    assert [fault for report in reports for fault in report.faults.items()] == []
    reached = {f"{e.service} {label}" for e, report in zip(examiners, reports, strict=True) for label in report.done()}
    called = sum(len(report.answered) for report in reports)
    assert len(reached) > called / 2, sorted(reached)
    assert await parked(world) == []


async def parked(world: World) -> list[str]:
    """What a service could not handle of what the others said, once a new dossier came through all of them."""
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        await driven(world, client, plan(7, "after")[6])
        client.headers["authorization"] = f"Bearer {world.tokens['operator']}"
        found = [(await client.get(f"{world.stack.url(s)}/operations/parked")).json()["parked"] for s in SERVICES]
    return [f"{one['type']}: {one['reason']}: {one['detail']}" for held in found for one in held]
