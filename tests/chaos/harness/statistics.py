"""Statistics after a run: the running totals against a recount of the log."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import httpx

from cli.demo.oidc import login
from deploy.local.stack import STATISTICS, Stack
from services.tracking.statistics.log import ends
from services.tracking.statistics.verify import compare

PATIENCE: Final = 120.0
"""Seconds for a process that was killed to recover its table and to count what it missed."""


async def differences(stack: Stack, client: httpx.AsyncClient, kafka: str) -> list[str]:
    """What differs, in words; or that the totals never caught up with the log."""
    until = time.monotonic() + PATIENCE
    while True:
        running = await _running(stack, client)
        if running.get("live") and _caught_up(running["positions"], await ends(kafka)):
            return list((await compare(kafka, running)).differences)
        if time.monotonic() > until:
            return [f"the totals did not catch up with the log in {PATIENCE:.0f} s"]
        await asyncio.sleep(1)


async def _running(stack: Stack, client: httpx.AsyncClient) -> dict[str, Any]:
    try:
        token = await login(stack.url("idp"), "operator1", "operator1-demo-only")
        headers = {"authorization": f"Bearer {token}"}
        answer = await client.get(f"{stack.url(STATISTICS)}/statistics/cells", headers=headers)
        found: dict[str, Any] = answer.raise_for_status().json()
    except httpx.HTTPError:
        return {}
    return found


def _caught_up(positions: dict[str, dict[str, int]], wanted: dict[tuple[str, int], int]) -> bool:
    return all(positions.get(topic, {}).get(str(p), 0) >= end for (topic, p), end in wanted.items())
