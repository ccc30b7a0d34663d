"""Ready probes: async callables that answer whether a server serves. OSError counts as "not yet" for the supervisor."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from deploy.local.ports import LOOPBACK

Probe = Callable[[], Awaitable[bool]]

POLL_SECONDS = 0.05
_ATTEMPT_SECONDS = 2.0


async def until(condition: Probe, seconds: float) -> None:
    """Ask again and again until `condition` holds. Raises TimeoutError when it does not within `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(POLL_SECONDS)


def tcp(port: int) -> Probe:
    """Ready when 127.0.0.1:port accepts a connection."""

    async def accepts() -> bool:
        async with asyncio.timeout(_ATTEMPT_SECONDS):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.close()
        await writer.wait_closed()
        return True

    return accepts


def http(url: str) -> Probe:
    """Ready when GET url, which is on this machine and not https, answers 2xx."""

    async def answers() -> bool:
        try:
            # Without authorities: to read them takes 50 ms each time, and other probes wait in this loop meanwhile.
            async with httpx.AsyncClient(timeout=_ATTEMPT_SECONDS, verify=False, trust_env=False) as client:  # noqa: S501
                return (await client.get(url)).is_success
        except httpx.TransportError:
            return False

    return answers
