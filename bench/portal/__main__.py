"""``python -m bench.portal``: what people wait for at a fixed rate, and how many pages a second there are at most."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvloop
from rich.console import Console

from bench.flow.load import Load
from bench.flow.meter import cpu_seconds, quantile
from cli.demo.client import wait_for
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.paths import RUNS
from deploy.local.platform import Backbone
from deploy.local.stack import PORTAL, SERVICES, STATISTICS, Stack

RATE: Final = 50.0
FOLLOWERS: Final = 8
"""Browsers, each of which follows a dossier of its own; one address is sent ten codes an hour."""
AT_ONCE: Final = 8
ACCOUNTS: Final = ("citizen", "clerk", "specialist", "leader", "registrar")
PARTNERS: Final = ("identity", "sms_centre", "mail_sink", "post_office", "virus_scanner")
ANYBODY: Final = (
    "/",
    "/procedures",
    "/procedures?q=the+huong+dan+vien",
    "/procedures/1.001440",
    "/track",
    "/en/verify",
)
TOKEN: Final = re.compile(r'name="token" value="([0-9a-f]{64})"')
SIX: Final = re.compile(r"\b[0-9]{6}\b")
log = Console(stderr=True)


class Browser:
    """Somebody who follows one dossier without signing in."""

    def __init__(self, running: Stack, code: str) -> None:
        self._url = running.url(PORTAL)
        self._phone = running.url("phone") + "/phone/messages"
        self._code = code
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def prove(self, phone: str) -> None:
        """The dossier's code, then the one-time code that comes to the phone."""
        await self._send("/track", {"code": self._code})

        async def come() -> str | None:
            async with self._session.get(self._phone, params={"to": phone}) as answer:
                codes = [SIX.findall(it["text"])[0] for it in await answer.json() if "Ma xac nhan" in it["text"]]
                return codes[-1] if codes else None

        await self._send("/track/code", {"digits": await wait_for("a one-time code", come)})
        await self.look()

    async def look(self) -> None:
        """The page of the dossier. Raises RuntimeError where it is another."""
        async with self._session.get(f"{self._url}/track/dossier", allow_redirects=False) as answer:
            if answer.status != HTTPStatus.OK or self._code not in await answer.text():
                raise RuntimeError(f"no page of {self._code}: {answer.status}")

    async def any_page(self, path: str) -> None:
        """One of those for everybody. Raises aiohttp.ClientError."""
        async with self._session.get(self._url + path) as answer:
            answer.raise_for_status()
            await answer.read()

    async def _send(self, path: str, form: dict[str, str]) -> None:
        async with self._session.get(self._url + path) as answer:
            found = TOKEN.search(await answer.text())
        if found is None:
            raise RuntimeError(f"{path} has no form")
        async with self._session.post(self._url + path, data={**form, "token": found[1]}) as answer:
            answer.raise_for_status()

    async def close(self) -> None:
        """Ends its connections."""
        await self._session.close()


async def run(rate: float, seconds: float) -> dict[str, Any]:
    """Starts the platform, has dossiers filed, and returns the summary."""
    os.environ |= {"PORTAL_REQUESTS_A_MINUTE": "1000000", "PORTAL_POSTS_A_MINUTE": "1000000"}  # one address here
    async with Backbone(Path(RUNS) / f"bench-{os.getpid()}", keep=False) as backbone:
        log.print("starting the platform")
        running = await stack.start(backbone, services=(*SERVICES, STATISTICS, PORTAL), partners=PARTNERS)
        followed = await _dossiers(running, backbone.kafka)
        browsers = [Browser(running, code) for code, _ in followed]
        try:
            for browser, (_, phone) in zip(browsers, followed, strict=True):
                await browser.prove(phone)
            portal = backbone.supervisor.pid(PORTAL)
            before = cpu_seconds(portal)
            log.print(f"{rate:g} looks a second at a dossier, for {seconds:g} s")
            waited = await _open_loop(browsers, rate, seconds)
            each = 1000 * (cpu_seconds(portal) - before) / len(waited)
            log.print(f"portal: {each:.1f} ms of CPU a page; {AT_ONCE} visitors of other pages")
            pages = await _closed_loop(browsers, seconds / 2)
        finally:
            await asyncio.gather(*(browser.close() for browser in browsers))
    return {
        "pages_per_s": round(pages, 1),
        "tracking_p99_ms": quantile(waited, 99),
        "tracking_p50_ms": quantile(waited, 50),
        "asked_per_s": rate,
    }


async def _dossiers(running: Stack, kafka: str) -> list[tuple[str, str]]:
    """Code and phone of some that went all the way."""
    tokens = {who: await login(running.url("idp"), f"{who}1", f"{who}1-demo-only") for who in ACCOUNTS}
    async with aiohttp.ClientSession() as session:
        load = Load(running, session, tokens)
        following = asyncio.create_task(load.follow(kafka))
        done = await load.run(FOLLOWERS, 1.0)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        if wrong := [it.error for it in done if it.error]:
            raise RuntimeError(wrong[0])
        headers = {"authorization": f"Bearer {tokens['citizen']}"}
        codes = []
        for it in done:
            async with session.get(f"{running.url('submission')}/dossiers/{it.id}", headers=headers) as answer:
                codes.append(str((await answer.json())["code"]))
        return [(code, it.phone) for code, it in zip(codes, done, strict=True)]


async def _open_loop(browsers: list[Browser], rate: float, seconds: float) -> list[float]:
    """Milliseconds from when each look was to begin, whether or not those before were answered."""
    took: list[float] = []

    async def one(due: float, browser: Browser) -> None:
        await browser.look()
        took.append(1000 * (time.perf_counter() - due))

    began, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due, browsers[number % len(browsers)])))
    await asyncio.gather(*tasks)
    return took


async def _closed_loop(browsers: list[Browser], seconds: float) -> float:
    """Pages a second of visitors who ask for the next one as soon as they have one."""
    until, seen = time.perf_counter() + seconds, 0

    async def one(browser: Browser) -> None:
        nonlocal seen
        for path in itertools.cycle(ANYBODY):
            if time.perf_counter() >= until:
                return
            await browser.any_page(path)
            seen += 1

    await asyncio.gather(*(one(browsers[number % len(browsers)]) for number in range(AT_ONCE)))
    return seen / seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=RATE, help="looks at a dossier a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    print(json.dumps(uvloop.run(run(given.rate, given.seconds))))  # noqa: T201 - the result, for programs
